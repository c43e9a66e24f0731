"""What composed music taught about mn04: a correction of AudioSet's head for the eleven instruments, in one file.

    logits = scale * AudioSet's logits of the eleven classes + offset + weight . feature

AudioSet's head is the prior; weight is small, for it was held to zero while it was fitted.
"""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.shipped.audioset import IRMAS_CLASSES
from irmas_tf.shipped.template import EMBEDDING_SIZE, HEAD, NUM_LOGITS, OFFSET

SHIPPED_CORRECTION = Path(__file__).resolve().parent / "mn04_correction.npz"
EMBEDDING, PROFILE = FEATURES = ("embedding", "profile")


@dataclasses.dataclass(frozen=True)
class Correction:
    """A head for the eleven classes in place of AudioSet's.

    Attributes:
        scale: of AudioSet's logits.
        offset: float32 [11].
        weight: float32 [11, size of the feature].
        feature: one of `FEATURES`: the network's embedding, or its `irmas_tf.models.pretrained.band_profile`.
        thresholds: float32 [11], probabilities from which a class is named.
        facts: where it comes from: ``figures`` says how good it is and on what.
    """

    scale: float
    offset: np.ndarray
    weight: np.ndarray
    feature: str
    thresholds: np.ndarray
    facts: Mapping[str, Any]

    def head(self, shape: tuple[int, int]) -> dict[str, np.ndarray]:
        """Return the arrays `HEAD` and `OFFSET` of a template.

        Args:
            shape: of `HEAD`: classes, and AudioSet's logits, embedding and profile in a row.

        Raises:
            WeightsError: the feature has another size.
        """
        classes, width = shape
        start = NUM_LOGITS + (0 if self.feature == EMBEDDING else EMBEDDING_SIZE)
        size = EMBEDDING_SIZE if self.feature == EMBEDDING else width - start
        if self.weight.shape != (classes, size):
            raise WeightsError(f"weight has the shape {self.weight.shape}, not {(classes, size)} as the {self.feature}")
        kernel = np.zeros(shape, np.float32)
        kernel[np.arange(classes), list(IRMAS_CLASSES.values())] = self.scale
        kernel[:, start : start + size] = self.weight
        return {HEAD: kernel, OFFSET: np.asarray(self.offset, np.float32)}


def untrained(level: float) -> Correction:
    """Return the correction that leaves AudioSet's head as it is.

    Args:
        level: threshold of every class.
    """
    classes = len(IRMAS_CODES)
    nothing = np.zeros((classes, EMBEDDING_SIZE), np.float32)
    return Correction(1.0, np.zeros(classes, np.float32), nothing, EMBEDDING, np.full(classes, level), {})


def read_correction(path: Path = SHIPPED_CORRECTION) -> Correction:
    """Return the correction in an .npz file: scale [], offset [11], weight [11, d], feature, thresholds [11], classes,
    and facts, a JSON text.

    Raises:
        WeightsError: it is missing, damaged, or of other classes.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            classes = tuple(map(str, file["classes"]))
            numbers = {name: np.asarray(file[name], np.float32) for name in ("scale", "offset", "weight", "thresholds")}
            feature = str(file["feature"]).rpartition("_")[2]  # "mn04_embedding" is the layer's whole name
            facts = json.loads(str(file["facts"]))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise WeightsError(f"{path}: is missing or damaged ({error}); install the package again") from error
    if classes != IRMAS_CODES:
        raise WeightsError(f"{path}: is of the classes {' '.join(classes)}, not {' '.join(IRMAS_CODES)}")
    if feature not in FEATURES:
        raise WeightsError(f"{path}: corrects by {feature!r}, which must be {' or '.join(FEATURES)}")
    shapes = [numbers[name].shape for name in ("scale", "offset", "thresholds")]
    if shapes != [(), (len(classes),), (len(classes),)] or not all(np.isfinite(x).all() for x in numbers.values()):
        raise WeightsError(f"{path}: is damaged (shapes {shapes}, or numbers that are not finite)")
    scale = float(numbers.pop("scale"))
    return Correction(scale, feature=feature, facts=facts if isinstance(facts, dict) else {}, **numbers)
