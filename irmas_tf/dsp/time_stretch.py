"""Changing the tempo of a waveform at the same pitch: the phase vocoder (Flanagan and Golden, 1966; Dolson, 1986).

Frames of the input are read at another pace than frames of the output are written. A bin's magnitude is interpolated
between the two input frames around the place; its phase goes on by what the bin's phase advances from one of these to
the other. Both hops being the same, this advance needs no unwrapping. It is librosa's algorithm (`phase_vocoder`), as
it is its short-time transform (Hann, hops of a quarter frame, centred frames), with a rate for every example.

Left at that, the phases of neighbouring bins of one partial drift apart, frames cancel in part where they overlap, and
music loses up to 3 dB here and there. So each bin is then given the phase of the sum of itself and its neighbours,
which the strongest decides (Puckette's phase locking, WASPAA 1995, applied to the output and not fed back): what comes
out has the wanted magnitudes about twice as exactly as librosa's (`tests/dsp/test_time_stretch.py`). Attacks are
smeared over a frame either way.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from irmas_tf.dsp.framing import fft_length_for

_SHORTEST_FRAME_SECONDS = 0.064  # five periods of 78 Hz
_OVERLAP = 4
_SCAN_BLOCK = 8
_TINY = 1e-30  # a magnitude below its root is silence


def frame_length_for(sample_rate_hz: int) -> int:
    """Return the vocoder's frame length: the power of two from 64 ms up, 2048 at 22,050 Hz."""
    return fft_length_for(math.ceil(_SHORTEST_FRAME_SECONDS * sample_rate_hz))


def samples_needed(samples: int, fastest: float, frame_length: int) -> int:
    """Return how many input samples `stretch_time` reads at most for ``samples`` output samples.

    Args:
        samples: length of the output.
        fastest: greatest rate, above 0.
        frame_length: as for `stretch_time`.
    """
    hop_length = frame_length // _OVERLAP
    last_frame = math.floor((_output_frames(samples, frame_length) - 1) * fastest) + 1
    return last_frame * hop_length + frame_length // 2


def stretch_time(
    waveform: tf.Tensor, rate: tf.Tensor, samples: int, frame_length: int, *, locked: bool = True
) -> tf.Tensor:
    """Return ``samples`` samples of every waveform at its own tempo; the pitch stays.

    What happens at ``t * rate`` in the waveform happens at t in the output, give or take half a frame.

    Args:
        waveform: [batch, n] float32, n known; it counts as zero outside. `samples_needed` says which n leaves no zeros.
        rate: [batch] float32, above 0: 2 is twice as fast.
        samples: length of the output; a faster waveform is followed by silence, a slower one is cut.
        frame_length: power of two from 64 up, see `frame_length_for`.
        locked: lock the phases of neighbouring bins; without it the result is librosa's.

    Returns:
        [batch, samples] float32.

    Raises:
        ValueError: ``frame_length`` is not allowed, or n is not known.
    """
    if frame_length < 64 or frame_length & (frame_length - 1):
        raise ValueError(f"frame_length={frame_length}: must be a power of two of at least 64 samples")
    if waveform.shape[1] is None:
        raise ValueError("the number of samples of a waveform to stretch must be known when the graph is built")
    hop_length, half = frame_length // _OVERLAP, frame_length // 2
    window = _hann(frame_length)
    input_frames = 1 + -(-int(waveform.shape[1]) // hop_length)
    after = (input_frames - 1) * hop_length + half - int(waveform.shape[1])
    frames = _cut(tf.pad(waveform, [[0, 0], [half, after]]), hop_length)
    spectrum = tf.signal.rfft(frames * window)
    real, imaginary = tf.math.real(spectrum), tf.math.imag(spectrum)
    magnitude, phase = tf.sqrt(tf.square(real) + tf.square(imaginary)), tf.atan2(imaginary, real)

    # After the last input frame there is silence: weights of 0, on whatever frame is read there.
    output_frames = -(-_output_frames(samples, frame_length) // _SCAN_BLOCK) * _SCAN_BLOCK
    place = tf.range(output_frames, dtype=tf.float32) * rate[:, tf.newaxis]
    before = tf.floor(place)
    last, share = input_frames - 1.0, place - before
    weight = tf.where(before <= last, 1.0 - share, 0.0)[:, :, tf.newaxis]
    next_weight = tf.where(before < last, share, 0.0)[:, :, tf.newaxis]
    index = tf.cast(tf.minimum(before, last), tf.int32)
    next_index = tf.cast(tf.minimum(before + 1.0, last), tf.int32)
    earlier = tf.gather(magnitude, index, axis=1, batch_dims=1)
    later = tf.gather(magnitude, next_index, axis=1, batch_dims=1)
    magnitude = weight * earlier + next_weight * later
    advance = tf.gather(phase, next_index, axis=1, batch_dims=1) - tf.gather(phase, index, axis=1, batch_dims=1)
    phase = _sum_before(advance) + phase[:, :1]
    real, imaginary = magnitude * tf.cos(phase), magnitude * tf.sin(phase)
    if locked:
        real, imaginary = _with_neighbours(real), _with_neighbours(imaginary)
        magnitude *= tf.math.rsqrt(tf.maximum(tf.square(real) + tf.square(imaginary), _TINY))
        real, imaginary = real * magnitude, imaginary * magnitude
    frames = tf.signal.irfft(tf.complex(real, imaginary), [frame_length]) * window
    out = _overlap_and_add(frames)[:, half : half + samples]
    return out / _overlapped_windows(frames.shape[1], frame_length)[half : half + samples]


def _output_frames(samples: int, frame_length: int) -> int:
    """Return how many frames have a part in the first ``samples`` samples after the first frame's centre."""
    return 1 + (samples + frame_length // 2 - 1) // (frame_length // _OVERLAP)


def _with_neighbours(x: tf.Tensor) -> tf.Tensor:
    """Return every bin less its two neighbours: those of a partial have opposite signs, with phases counted from the
    frame's beginning.
    """
    padded = tf.pad(x, [[0, 0], [0, 0], [1, 1]])
    return x - padded[:, :, :-2] - padded[:, :, 2:]


def _cut(waveform: tf.Tensor, hop_length: int) -> tf.Tensor:
    """Return [batch, frames, _OVERLAP * hop_length] of a waveform of whole hops."""
    hops = tf.reshape(waveform, [-1, waveform.shape[1] // hop_length, hop_length])
    frames = hops.shape[1] - _OVERLAP + 1
    return tf.concat([hops[:, k : k + frames] for k in range(_OVERLAP)], axis=2)


def _overlap_and_add(frames: tf.Tensor) -> tf.Tensor:
    """Return the waveform [batch, samples] that frames [batch, frames, frame_length] add up to."""
    quarters = tf.split(frames, _OVERLAP, axis=2)
    hops = tf.add_n([tf.pad(part, [[0, 0], [k, _OVERLAP - 1 - k], [0, 0]]) for k, part in enumerate(quarters)])
    return tf.reshape(hops, [-1, hops.shape[1] * hops.shape[2]])


def _sum_before(x: tf.Tensor) -> tf.Tensor:
    """Return the sums of x [batch, frames, bins] over the frames before each; frames are whole blocks.

    Within blocks, then over blocks: `tf.cumsum` along an axis that is not the last takes several times as long on CPUs.
    """
    blocks, bins = x.shape[1] // _SCAN_BLOCK, x.shape[2]
    inside = tf.unstack(tf.reshape(x, [-1, blocks, _SCAN_BLOCK, bins]), axis=2)
    sums = list(itertools.accumulate(inside))
    before_block = tf.cumsum(sums[-1], axis=1, exclusive=True)
    all_sums = tf.stack([before_block, *(before_block + part for part in sums[:-1])], axis=2)
    return tf.reshape(all_sums, [-1, x.shape[1], bins])


def _hann(frame_length: int) -> npt.NDArray[np.float32]:
    """Return the periodic Hann window, not rounded as the front-ends' is."""
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(frame_length) / frame_length)).astype(np.float32)


def _overlapped_windows(frames: Any, frame_length: int) -> npt.NDArray[np.float32]:
    """Return what analysis and synthesis windows add up to at each output sample, never 0 from half a frame on."""
    hop_length = frame_length // _OVERLAP
    total = np.zeros((frames - 1) * hop_length + frame_length)
    square = np.square(_hann(frame_length).astype(np.float64))
    for start in range(0, frames * hop_length, hop_length):
        total[start : start + frame_length] += square
    return np.maximum(total, 1e-3).astype(np.float32)
