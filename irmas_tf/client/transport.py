"""What the client asks of a server, whichever way it is reached."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from irmas_tf.client.model_address import ModelAddress
from irmas_tf.client.server_errors import ServerError, shown

SIGNATURE, INPUT = "classify_audio", "audio"
PROBABILITIES, DURATION, SILENT = "probabilities", "duration_seconds", "silent"
CONNECT_SECONDS = 10.0
MOST_BYTES = 32 << 20
"""Of an answer. Eight clips of a model with 1,000 classes have a quarter of a megabyte."""

_ROUNDING = 1e-5


@dataclasses.dataclass(frozen=True)
class ClipOutputs:
    """What a server answers for clips.

    Attributes:
        probabilities: [clips, classes] float64.
        duration_seconds: [clips] float64.
        silent: [clips] bool, whether a clip is silent; None of a model that does not say so.

    Raises:
        ServerError: the shapes are not those of an answer for ``clips`` clips, probabilities are not between 0 and 1,
            or durations are none.
    """

    probabilities: np.ndarray
    duration_seconds: np.ndarray
    clips: int
    silent: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.probabilities.ndim != 2 or self.probabilities.shape[0] != self.clips:
            raise ServerError(
                f"the server answers {self.clips} clips with probabilities of shape {list(self.probabilities.shape)};"
                " is another model served under this name?"
            )
        if self.duration_seconds.shape != (self.clips,):
            raise ServerError(
                f"the server answers {self.clips} clips with durations of shape {list(self.duration_seconds.shape)};"
                " is another model served under this name?"
            )
        if self.silent is not None and self.silent.shape != (self.clips,):
            raise ServerError(f"the server answers {self.clips} clips with silence of shape {list(self.silent.shape)}")
        known = self.probabilities[
            np.isfinite(self.probabilities)
        ]  # a file that has others gets no answer, the rest do
        if known.size and not (known.min() >= -_ROUNDING and known.max() <= 1 + _ROUNDING):
            raise ServerError(
                f"the server answers with probabilities from {known.min():g} to {known.max():g}, not from 0 to 1; is"
                " another model served under this name?"
            )
        if not (np.isfinite(self.duration_seconds) & (self.duration_seconds >= 0)).all():
            raise ServerError(
                "the server answers with durations that are none; is another model served under this name?"
            )


class Transport(Protocol):
    """A connection to a served model; used by several threads at once."""

    def num_classes(self) -> int:
        """Return the number of classes that the model says it answers with.

        Raises:
            ServerError: no such model or version, or it is none of ours.
            UnavailableError: no answer this time.
        """
        ...

    def classify(self, contents: Sequence[bytes]) -> ClipOutputs:
        """Return the answer for WAV files.

        Raises:
            RefusedError: the server refuses them.
            ServerError, UnavailableError: as above.
        """
        ...

    def close(self) -> None:
        """Let go of the server; requests that are under way fail."""
        ...


def classes_of(outputs: dict[str, list[int]], signatures: Sequence[str], address: ModelAddress) -> int:
    """Return the number of classes in a model's metadata.

    Args:
        outputs: shapes of the outputs of `SIGNATURE`; empty if there is no such signature.
        signatures: names of all.
        address: of the model, for messages.

    Raises:
        ServerError: it is not a model that this package exported.
    """
    if not outputs:
        known = shown(", ".join(sorted(map(str, signatures))) or "none")
        raise ServerError(f"{address}: has no signature {SIGNATURE} (found: {known}); export it with irmas_tf")
    shape = outputs.get(PROBABILITIES, [])
    if len(shape) != 2 or DURATION not in outputs:
        raise ServerError(f"{address}: its {SIGNATURE} does not answer with {PROBABILITIES} and {DURATION}")
    return shape[1]
