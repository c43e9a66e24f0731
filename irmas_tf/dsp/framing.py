"""How a waveform is cut into frames: the one place that knows frame counts, padding, centres and the window.

Convention. Frame ``t`` stands for the hop ``[t * hop_length, (t + 1) * hop_length)`` and is centred in it: the window
(periodic, of even length) peaks on sample ``t * hop_length + hop_length // 2``. Samples before the start and after the
end are zero. A waveform therefore has exactly ``ceil(samples / hop_length)`` frames, every sample belongs to one
frame's hop, and the frames of front-ends with different hops (or a filter bank averaged over hops) stay aligned when
they are pooled: the two frames of hop 256 that share a frame of hop 512 have their common centre where that frame has
it. (librosa's ``center=True`` differs: it centres frame ``t`` on sample ``t * hop_length`` and has
``1 + samples // hop_length`` frames.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def check_frame_arguments(frame_length: int, hop_length: int) -> None:
    """Check that frames of this length and hop cover the waveform.

    Raises:
        ValueError: ``frame_length`` or ``hop_length`` is not a positive integer, or the hop exceeds the frame.
    """
    for name, value in (("frame_length", frame_length), ("hop_length", hop_length)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name}={value!r}: must be an integer of at least 1 sample")
    if hop_length > frame_length:
        raise ValueError(
            f"hop_length={hop_length}: must be at most frame_length={frame_length},"
            " or samples between frames are never seen"
        )


def num_frames(samples: Any, hop_length: int) -> Any:
    """Return ``ceil(samples / hop_length)``, the frames of a waveform.

    Args:
        samples: length of the waveform in samples; an int or an integer tensor.
        hop_length: samples between frames.
    """
    return -(-samples // hop_length)


def frame_center(frame: int, hop_length: int) -> int:
    """Return the sample on which a frame's window peaks."""
    return frame * hop_length + hop_length // 2


def padding(samples: Any, frame_length: int, hop_length: int) -> tuple[int, Any]:
    """Return the zeros to put before and after a waveform so that its frames can be cut without further padding.

    Frame ``t`` then is ``padded[t * hop_length : t * hop_length + frame_length]``.

    Args:
        samples: length of the waveform in samples; an int or an integer tensor.
        frame_length: samples per frame.
        hop_length: samples between frames, at most ``frame_length``.

    Returns:
        ``(before, after)`` in samples; ``after`` has the type of ``samples``. A waveform of no samples has no frames.
    """
    before = frame_length // 2 - hop_length // 2
    padded = (num_frames(samples, hop_length) - 1) * hop_length + frame_length
    return before, padded - before - samples


def fft_length_for(frame_length: int) -> int:
    """Return the power of two from ``frame_length`` up; other FFT lengths convert to TFLite but do not run there."""
    return 1 << (frame_length - 1).bit_length()


def hann_window(frame_length: int) -> npt.NDArray[np.float32]:
    """Return the periodic Hann window [frame_length], its values rounded to float16 and stored as float32.

    The rounding spreads a floor over the spectrum that lies 98 dB (``frame_length`` 512) to 106 dB (4096) below the
    peak of a tone, less than what recordings contain. Without it a model stored with float16 weights, which rounds its
    window anyway, would disagree with the float32 model on pure tones (by up to 2.0 in the log spectrogram, with a log
    offset of 1e-3); with it the two agree to 0.001.

    Raises:
        ValueError: ``frame_length`` is below 4.
    """
    if frame_length < 4:
        raise ValueError(f"frame_length={frame_length}: must be at least 4 samples for a Hann window")
    phase = 2.0 * np.pi * np.arange(frame_length) / frame_length
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float16).astype(np.float32)
