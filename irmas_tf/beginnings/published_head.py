"""The rows of a published classifier that are the run's classes, as the first weights of its last layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from irmas_tf.config.backbone_spec import BackboneSpec
from irmas_tf.config.backbones import AUDIOSET_521, AUDIOSET_527
from irmas_tf.config.labels import IRMAS_NAMES, LabelScheme
from irmas_tf.models.heads import LOGITS
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.weights.weight_file import WeightFile

AUDIOSET_NAMES = {
    "cel": "Cello",
    "cla": "Clarinet",
    "flu": "Flute",
    "gac": "Acoustic guitar",
    "gel": "Electric guitar",
    "org": "Organ",
    "pia": "Piano",
    "sax": "Saxophone",
    "tru": "Trumpet",
    "vio": "Violin, fiddle",
    "voi": "Singing",
}
"""IRMAS code -> AudioSet's name of the class."""
_ROWS_OF_527 = dict(zip(AUDIOSET_NAMES, (193, 198, 196, 143, 141, 155, 153, 197, 187, 191, 27), strict=True))
# YAMNet leaves out six classes, five of them before the instruments and three before "Singing".
_ROWS_OF_521 = {code: row - (3 if code == "voi" else 5) for code, row in _ROWS_OF_527.items()}
_ROWS = {AUDIOSET_527: _ROWS_OF_527, AUDIOSET_521: _ROWS_OF_521}


def rows_of_classes(labels: LabelScheme, label_set: str, names: Sequence[str] = ()) -> dict[str, tuple[int, str]]:
    """Return our code -> (row, name) of the same class among those of a published head.

    A class is the same if its code or its readable name is AudioSet's name, or the part of that before its first comma
    ("violin"), or an instrument of IRMAS. Case does not count.

    Args:
        labels: the run's classes.
        label_set: which classes the head has (`BackboneSpec.label_set`).
        names: of all of them, in order; without them, only the instruments of IRMAS are known.
    """
    by_name = {name.casefold(): code for code, name in IRMAS_NAMES.items()} | {code: code for code in IRMAS_NAMES}
    known: dict[str, tuple[int, str]] = {}
    for row, name in enumerate(names):
        known.setdefault(name.casefold(), (row, name))
    for row, name in enumerate(names):
        known.setdefault(name.partition(",")[0].casefold(), (row, name))
    found = {}
    for code, readable in zip(labels.codes, labels.names, strict=True):
        irmas = by_name.get(code.casefold()) or by_name.get(readable.casefold())
        if irmas and not names and label_set in _ROWS:
            found[code] = (_ROWS[label_set][irmas], AUDIOSET_NAMES[irmas])
            continue
        wanted = (AUDIOSET_NAMES[irmas] if irmas else code, readable, code)
        place = next((known[name.casefold()] for name in wanted if name.casefold() in known), None)
        if place is not None:
            found[code] = place
    return found


def set_head_rows(
    model: keras.Model, spec: BackboneSpec, file: WeightFile, labels: LabelScheme, path: str
) -> dict[str, Any]:
    """Put a published head's rows into the last layer and return which; the other classes keep their random rows.

    Raises:
        WeightsError: the file has no head, one of other classes than are known, or one of another width.
    """
    shown = f"--head_from_pretrained: {path}"
    last = spec.head_blocks[-1] if spec.head_blocks else ""
    kernel, bias = (file.tensors.get(f"{last}/{variable}") for variable in ("kernel", "bias"))
    if kernel is None or bias is None:
        raise WeightsError(f"{shown}: has no weights of a head ({last or spec.name}); convert the published file again")
    names = tuple(file.metadata["labels"].get("names") or ())
    names = names if len(names) == len(bias) else ()
    label_set = spec.label_set if len(bias) == spec.num_labels else ""
    rows = rows_of_classes(labels, label_set, names)
    if not rows:
        remedy = "" if names else "; give its class names to irmas convert with --labels=FILE.csv"
        raise WeightsError(f"{shown}: none of the run's classes is among the {len(bias)} of its head{remedy}")
    layer = model.get_layer(LOGITS)
    own_kernel, own_bias = layer.get_weights()
    if len(own_kernel) != len(kernel):
        raise WeightsError(f"{shown}: its head reads {len(kernel)} values, and the model's {len(own_kernel)}")
    ours = np.array([labels.codes.index(code) for code in rows])
    theirs = np.array([row for row, _ in rows.values()])
    own_kernel[:, ours], own_bias[ours] = kernel[:, theirs], bias[theirs]
    layer.set_weights([own_kernel, own_bias])
    return {
        "classes": {code: name for code, (_, name) in rows.items()},
        "new_classes": [code for code in labels.codes if code not in rows],
    }
