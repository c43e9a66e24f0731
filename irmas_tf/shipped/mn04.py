"""EfficientAT's mn04, fetched on request and answering without TensorFlow: ``--model=mn04``.

``mn04`` is AudioSet's head corrected by what composed music taught (`irmas_tf.shipped.correction`), ``mn04:audioset``
the head as it was published, for the eleven instruments, and ``mn04:audioset:Drum,Accordion`` for any of AudioSet's
527 classes. The published file lies in the cache folder; the .tflite files made of it lie beside it, under names that
change with everything they are made from, so that a new version of the package makes its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf import __version__
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.labels import IRMAS_NAMES
from irmas_tf.config.settings import ConfigError
from irmas_tf.deploy.lite_interpreter import LiteInterpreter
from irmas_tf.deploy.lite_model import LiteModel
from irmas_tf.deploy.lite_threads import LiteThreads
from irmas_tf.inference.exported_labels import ExportedModel
from irmas_tf.inference.named_models import ModelRow, quality_of
from irmas_tf.inference.window_model import EMBEDDING, LITERT, LOGITS, PROBABILITIES, ClassModel, ModelError
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.process.atomic_files import atomic_path
from irmas_tf.process.cache_folder import cache_folder
from irmas_tf.process.checksums import checksum_of
from irmas_tf.shipped import correction, template
from irmas_tf.shipped.audioset import IRMAS_CLASSES, parse_classes, scheme_of
from irmas_tf.streaming import StreamingError, read_model, read_model_facts
from irmas_tf.tflite.associated_files import with_associated_files
from irmas_tf.weights.torch_checkpoint import read_torch_state

NAME, AUDIOSET = "mn04", "audioset"
SPEC = BACKBONES.get(NAME)
LICENCE = "Weights of mn04: MIT (F. Schmid et al., EfficientAT; trained on AudioSet), free for commercial use as well."
CORRECTION_LICENCE = "The correction was fitted on composed music alone, without a licensed recording."
LEVEL = 0.2
"""Probability from which the published head names a class: set in advance, not fitted."""
AUDIOSET_QUALITY = (
    "right for .76 [.62, .86] of 55 original IRMAS excerpts of 50 songs (cello, flute, piano, saxophone, trumpet, 2 of"
    " violin); nothing was fitted to them"
)
_TITLES = {NAME: "AudioSet's mn04, its head corrected by composed music", AUDIOSET: "mn04 with AudioSet's own head"}


def weights_path() -> Path:
    """Return where the published file lies, or belongs."""
    return cache_folder("weights", SPEC.published_file)


def how_to_get() -> str:
    """Return how the published file gets to its place, with and without a network."""
    return (
        f"irmas download {NAME} fetches it (MIT, 4.1 MB); without a network put {SPEC.published_file} from {SPEC.url}"
        f" into {weights_path().parent}"
    )


class Mn04:
    """The network under its names; a `irmas_tf.inference.named_models.NamedModel`.

    Args:
        template_path, correction_path: what the package brings.
        sha256: of the published file.
    """

    def __init__(
        self,
        template_path: Path = template.SHIPPED_TEMPLATE,
        correction_path: Path = correction.SHIPPED_CORRECTION,
        sha256: str = SPEC.sha256 or "",
    ) -> None:
        self._template_path, self._correction_path, self.sha256 = template_path, correction_path, sha256

    def file(self, argument: str = "") -> Path:
        """Return the .tflite file for the eleven instruments, made of the published file if it is not there yet.

        Args:
            argument: empty, or "audioset".

        Raises:
            ModelError: the published file is not there, or not the published one, or nothing can be made of it.
            ConfigError: another argument.
        """
        variant, _, classes = argument.partition(":")
        if variant not in ("", AUDIOSET):
            raise ConfigError(
                f"--model={NAME}:{argument}: must be {NAME}, {NAME}:{AUDIOSET}, or {NAME}:{AUDIOSET}:CLASSES with names"
                " of AudioSet's classes"
            )
        if classes:
            raise ConfigError(
                f"--model={NAME}:{argument}: there is a file for the eleven instruments only; name {NAME}:{AUDIOSET}"
            )
        if not variant and not self._correction_path.is_file():
            raise ModelError(f"this build of irmas_tf holds no correction of {NAME}; name {NAME}:{AUDIOSET}")
        target = self._target(variant)
        if not _is_whole(target):
            self._make(variant, target)
        return target

    def load(self, argument: str = "") -> ClassModel:
        """Return the model.

        Args:
            argument: empty, "audioset", or "audioset:" and names of classes.

        Raises:
            ModelError, ConfigError: as for `file`; or a class is unknown.
        """
        variant, _, classes = argument.partition(":")
        if variant == AUDIOSET and classes:
            places = parse_classes(classes)  # a mistake in the names is told before the work
            return AudiosetClasses(self.file(AUDIOSET), places)
        return LiteModel.open(self.file(argument))

    def rows(self) -> list[ModelRow]:
        """Return a row for each of the two heads."""
        is_present = weights_path().is_file()
        state, path = ("fetched", weights_path()) if is_present else ("can be fetched", None)
        remedy = "" if is_present else f"irmas download {NAME}"
        rows = []
        if self._correction_path.is_file():
            quality = quality_of(correction.read_correction(self._correction_path).facts)
            licence = f"{LICENCE} {CORRECTION_LICENCE}"
            rows.append(ModelRow(NAME, _TITLES[NAME], state, is_present, licence, quality, path, remedy))
        else:
            rows.append(ModelRow(NAME, _TITLES[NAME], "not in this build", False, LICENCE, ""))
        name = f"{NAME}:{AUDIOSET}"
        rows.append(ModelRow(name, _TITLES[AUDIOSET], state, is_present, LICENCE, AUDIOSET_QUALITY, path, remedy))
        return rows

    def with_files(self) -> list[str]:
        """Return the names that a .tflite file answers for, in this build."""
        return [*([NAME] if self._correction_path.is_file() else []), f"{NAME}:{AUDIOSET}"]

    def fetch(self, download: Callable[[Path], object]) -> tuple[Path, bool]:
        """Bring the published file to its place, whose folder is there; return (its path, whether it was there before).

        Args:
            download: writes a file, whole and verified or not at all.
        """
        path = weights_path()
        if path.is_file() and checksum_of(path) == self.sha256:
            return path, True
        download(path)
        return path, False

    def _target(self, variant: str) -> Path:
        """Return the path of a .tflite file; its name tells what it was made from."""
        parts = [
            self._template_path.read_bytes(),
            self.sha256.encode(),
            __version__.encode(),
            variant.encode(),
            AUDIOSET_QUALITY.encode(),
        ]
        if not variant:
            parts.append(self._correction_path.read_bytes())
        key = hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]
        return cache_folder("models", f"{NAME}{'-' + variant if variant else ''}-{__version__}-{key}.tflite")

    def _make(self, variant: str, target: Path) -> None:
        """Write a .tflite file; it appears under its name when it was checked."""
        source = weights_path()
        if not source.is_file():
            raise ModelError(f"{NAME} is not here yet: {how_to_get()}")
        try:
            if checksum_of(source) != self.sha256:
                raise ModelError(f"{source}: is damaged or another file (SHA-256); delete it, then {how_to_get()}")
            blank = template.read_template(self._template_path)
            head = correction.read_correction(self._correction_path) if not variant else correction.untrained(LEVEL)
            arrays = read_torch_state(source).tensors
            model = blank.fill({**arrays, **head.head(blank.head_shape)})
        except WeightsError as error:
            raise ModelError(f"{NAME} cannot be made: {error}") from error
        check_answers(model, blank)
        facts = _facts(blank, head, variant, self.sha256)
        content = with_associated_files(model, facts, template.EMBEDDING_SIZE)
        try:
            with atomic_path(target) as temporary:
                temporary.write_bytes(content)
        except OSError as error:
            raise ModelError(
                f"{target.parent}: cannot be written ({error.strerror}); set IRMAS_TF_CACHE to a folder that can"
            ) from error


class AudiosetClasses(ExportedModel):
    """mn04 with AudioSet's head, for some of its classes; a `irmas_tf.inference.window_model.ClassModel`.

    Args:
        path: of a file that `Mn04.file` made.
        places: of the classes among AudioSet's.
    """

    engine = LITERT
    outputs = (PROBABILITIES, LOGITS, EMBEDDING)

    def __init__(self, path: Path, places: tuple[int, ...]) -> None:
        (content, facts), scheme = read_model(path), scheme_of(places)
        codes = list(scheme.codes)
        facts |= {"labels": codes, "label_names": list(scheme.names), "thresholds": dict.fromkeys(codes, LEVEL)}
        super().__init__(facts | {"figures": "how well it knows these classes was not measured"}, str(path))
        self._places = list(places)
        self._interpreter = LiteThreads(content)

    def warm_up(self) -> None:
        """Set the model up, so that the first answer takes no longer than the others."""
        self._interpreter.allocate()

    def values(self, windows: np.ndarray, output: str = PROBABILITIES) -> np.ndarray:
        """Return an output [n, width] float32 of windows [n, window_samples] float32 in [-1, 1]."""
        windows = np.asarray(windows, np.float32)
        if output == EMBEDDING:
            return self._interpreter.values(windows, [EMBEDDING])[EMBEDDING]
        logits = self._interpreter.values(windows, [template.AUDIOSET])[template.AUDIOSET][:, self._places]
        return logits if output == LOGITS else (1.0 / (1.0 + np.exp(-logits))).astype(np.float32)


def check_answers(model: bytes, blank: template.Template) -> None:
    """Compare what a filled template answers to a made signal with what the published network does.

    Raises:
        ModelError: it answers otherwise, or with what is no number.
    """
    audio = blank.facts
    signal = template.check_signal(audio["sample_rate_hz"], audio["window_samples"] / audio["sample_rate_hz"])
    names = (template.AUDIOSET, EMBEDDING, LOGITS, PROBABILITIES)
    answers = {name: values[0] for name, values in LiteInterpreter(model).values(signal[None], names).items()}
    ours = {
        template.AUDIOSET: answers[template.AUDIOSET][list(IRMAS_CLASSES.values())],
        EMBEDDING: answers[EMBEDDING][: template.CHECKED_EMBEDDING],
    }
    worst = max(float(np.abs(ours[name] - expected).max()) for name, expected in blank.expected.items())
    if not worst <= template.TOLERANCE or not all(np.isfinite(values).all() for values in answers.values()):
        raise ModelError(
            f"{NAME}, made of the published file, does not answer as it should (off by {worst:.1e}); update"
            " ai-edge-litert, or report it with the output of pip freeze"
        )


def _is_whole(path: Path) -> bool:
    try:
        read_model_facts(path)
    except (StreamingError, OSError):
        return False
    return True


def _facts(blank: template.Template, head: correction.Correction, variant: str, sha256: str) -> dict[str, Any]:
    """Return what a .tflite file says about itself."""
    licence = LICENCE if variant else f"{LICENCE} {CORRECTION_LICENCE}"
    return {
        **blank.facts,
        "name": f"irmas_tf with mn04{', AudioSet' + chr(39) + 's head' if variant else ''}",
        "irmas_tf": __version__,
        "model_sha256": sha256,
        "labels": list(IRMAS_NAMES),
        "label_names": list(IRMAS_NAMES.values()),
        "thresholds": dict(zip(IRMAS_NAMES, map(float, head.thresholds), strict=True)),
        "figures": AUDIOSET_QUALITY if variant else quality_of(head.facts),
        "licence": licence,
        "correction": None if variant else dict(head.facts),
        "pretrained": {"source": SPEC.published_file, "url": SPEC.url, "sha256": sha256, "licence": SPEC.licence},
    }


MN04 = Mn04()
"""The one that `irmas_tf.inference.named_models` knows."""
