"""Changing the pitch of a waveform at the same tempo: stretched by the phase vocoder, then played faster or slower."""

from __future__ import annotations

import tensorflow as tf

from irmas_tf.dsp import playback_speed, time_stretch


def pitch_ratio(semitones: tf.Tensor) -> tf.Tensor:
    """Return the frequency ratio of an interval in semitones."""
    return 2.0 ** (semitones / 12.0)


def samples_needed(samples: int, lowest: float, frame_length: int) -> int:
    """Return how many input samples `shift_pitch` reads at most for ``samples`` output samples.

    Args:
        samples: length of the output.
        lowest: smallest frequency ratio, above 0; there the vocoder's last frame reaches furthest.
        frame_length: as for `shift_pitch`.
    """
    stretched = playback_speed.samples_needed(samples, lowest)
    return time_stretch.samples_needed(stretched, 1.0 / lowest, frame_length)


def shift_pitch(waveform: tf.Tensor, ratio: tf.Tensor, samples: int, *, highest: float, frame_length: int) -> tf.Tensor:
    """Return ``samples`` samples of every waveform with its frequencies multiplied by its own ratio; the tempo stays.

    Formants move with the pitch. With a ratio above 1, frequencies above the Nyquist frequency over it are lost, at
    the edge not sharply, see `change_speed`.

    Args:
        waveform: [batch, n] float32, n known; it counts as zero outside.
        ratio: [batch] float32, above 0 and at most ``highest``: 2 is an octave up.
        samples: length of the output.
        highest: greatest ratio; decides how much is stretched.
        frame_length: see `time_stretch.frame_length_for`.

    Returns:
        [batch, samples] float32.
    """
    stretched = playback_speed.samples_needed(samples, highest)
    longer = time_stretch.stretch_time(waveform, 1.0 / ratio, stretched, frame_length)
    return playback_speed.change_speed(longer, ratio, samples)
