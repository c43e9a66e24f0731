"""Decoding inside a TensorFlow graph.

`decode_audio` is for `tf.data` pipelines of one's own; that of a training decodes plain 16-bit WAV by
`irmas_tf.audio.plain_wav_tf`, and everything else on threads of its own. With ``decoder="tensorflow_io"``
everything but the look at the header runs in TensorFlow ops, resampling included. libsndfile is the default because
tensorflow-io's native decoders can crash the process on damaged files, and its last release only loads on TensorFlow
2.16 and 2.17.
"""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np
import tensorflow as tf

from irmas_tf.audio.decode import AudioError, audio_info, decode_file
from irmas_tf.dsp.resample import MAX_RATE_HZ, MIN_RATE_HZ, resample
from irmas_tf.dsp.resample_tf import resample_waveform

# Rates resampled by a convolution in the graph; another rate leaves the graph for the same filter in NumPy.
GRAPH_RATES_HZ = (8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 96000)

# (libsndfile format, subtype) -> index into _graph_decoders(); what is not here has no tensorflow-io decoder.
_WAV_BITS = {"PCM_16": 0, "PCM_24": 1, "FLOAT": 2}
_FLAC_BITS = {"PCM_16": 3, "PCM_24": 4}
_VORBIS, _MP3 = 5, 6


@functools.cache
def import_tensorflow_io() -> Any:
    """Return the tensorflow_io module with its native operations loaded.

    Raises:
        RuntimeError: it is not installed, or not built for this version of TensorFlow.
    """
    remedy = (
        "use --decoder=auto, or tensorflow-io 0.37.1 with TensorFlow 2.16 or 2.17"
        f" (this is TensorFlow {tf.__version__})"
    )
    try:
        import tensorflow_io as tfio

        # Operations load at their first use only.
        tfio.audio.decode_flac(tf.constant(b""), dtype=tf.int16)
    except ImportError as error:
        raise RuntimeError(f"--decoder=tensorflow_io: cannot be imported ({error}); {remedy}") from error
    except (NotImplementedError, AttributeError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise RuntimeError(f"--decoder=tensorflow_io: its operations do not load ({reason}); {remedy}") from error
    except tf.errors.OpError:
        pass  # loaded, and rightly unhappy with no data
    return tfio


def decode_audio(path: tf.Tensor, target_hz: int, decoder: str = "auto") -> tf.Tensor:
    """Decode a file to mono at the wanted rate, inside a graph.

    Args:
        path: scalar string tensor.
        target_hz: wanted rate, 8,000 to 192,000 Hz.
        decoder: "auto" (own reader for 16-bit PCM WAV, libsndfile otherwise), "soundfile", or "tensorflow_io".

    Returns:
        float32 [samples], as `irmas_tf.audio.decode.decode_file`.

    Raises:
        ValueError: unknown decoder.
        RuntimeError: tensorflow-io is asked for where it does not work.
        tf.errors.InvalidArgumentError: when the graph runs: the file is unusable; the message names it.
    """
    if decoder in ("auto", "soundfile"):

        def decode(name: bytes) -> np.ndarray:
            return decode_file(os.fsdecode(name), target_hz, fast=decoder == "auto")

        return tf.ensure_shape(tf.numpy_function(decode, [path], tf.float32), [None])
    if decoder != "tensorflow_io":
        raise ValueError(f"unknown decoder {decoder!r}; known: auto, soundfile, tensorflow_io")
    branches = _graph_decoders()
    which, rate = tf.numpy_function(_which_decoder, [path], (tf.int32, tf.int32))
    which, rate = tf.ensure_shape(which, []), tf.ensure_shape(rate, [])
    contents = tf.io.read_file(path)
    channels = tf.switch_case(which, [functools.partial(branch, contents) for branch in branches])
    waveform = tf.reduce_mean(tf.ensure_shape(channels, [None, None]), axis=1)
    with tf.control_dependencies(
        [
            tf.debugging.assert_greater(tf.size(waveform), 0, tf.strings.join([path, ": holds no samples"])),
            tf.debugging.assert_all_finite(waveform, "the file holds NaN or infinity"),
        ]
    ):
        waveform = tf.identity(waveform)
    return _resample_any_rate(waveform, rate, target_hz)


def decode_file_in_graph(path: str, target_hz: int) -> np.ndarray:
    """Decode one file with ``decoder="tensorflow_io"`` and return float32 [samples].

    Raises:
        AudioError: the file is unusable.
    """
    try:
        return _decode_function(target_hz)(tf.constant(os.fsencode(path))).numpy()
    except tf.errors.OpError as error:
        lines = [line.strip() for line in str(error.message).splitlines() if line.strip()]
        own = [line for line in lines if "AudioError: " in line and f"{path}: " in line]
        if own:
            raise AudioError(path, own[-1].split(f"{path}: ", 1)[1]) from error
        told = [line for line in lines if "Error" not in line and not line.startswith(("Detected at", "[["))]
        reason = (told or lines or ["no reason given"])[-1]
        raise AudioError(path, f"cannot be decoded by tensorflow-io ({reason}); use --decoder=auto") from error


@functools.lru_cache(maxsize=4)
def _decode_function(target_hz: int) -> Any:
    return tf.function(
        functools.partial(decode_audio, target_hz=target_hz, decoder="tensorflow_io"),
        input_signature=[tf.TensorSpec([], tf.string)],
    )


def _which_decoder(path: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return (index into `_graph_decoders`, sample rate) from the header, int32 scalars."""
    name = os.fsdecode(path)
    info = audio_info(name)
    which = {
        "WAV": _WAV_BITS.get(info.subtype),
        "WAVEX": _WAV_BITS.get(info.subtype),
        "FLAC": _FLAC_BITS.get(info.subtype),
        "OGG": _VORBIS if info.subtype == "VORBIS" else None,
        "MP3": _MP3,
        "MPEG": _MP3,
    }.get(info.format)
    if which is None:
        raise AudioError(name, f"is {info.format} {info.subtype}, which --decoder=tensorflow_io cannot read; use auto")
    return np.array(which, np.int32), np.array(info.sample_rate_hz, np.int32)


def _graph_decoders() -> list[Any]:
    """Return functions file contents -> float32 [frames, channels], full scale 1.0."""
    tfio = import_tensorflow_io()

    def scaled(function: Any, dtype: tf.DType, full_scale: float) -> Any:
        return lambda contents: tf.cast(function(contents, dtype=dtype), tf.float32) / full_scale

    return [
        lambda contents: tf.audio.decode_wav(contents).audio,
        # 24-bit samples come in the upper bits of 32.
        scaled(tfio.audio.decode_wav, tf.int32, 2.0**31),
        lambda contents: tfio.audio.decode_wav(contents, dtype=tf.float32),
        scaled(tfio.audio.decode_flac, tf.int16, 2.0**15),
        scaled(tfio.audio.decode_flac, tf.int32, 2.0**31),
        tfio.audio.decode_vorbis,
        tfio.audio.decode_mp3,
    ]


def _resample_any_rate(waveform: tf.Tensor, rate: tf.Tensor, target_hz: int) -> tf.Tensor:
    """Resample float32 [samples] from a rate that is only known when the graph runs."""
    if not MIN_RATE_HZ <= target_hz <= MAX_RATE_HZ:
        raise ValueError(f"target_hz={target_hz}: must be from {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz")
    rates = sorted({*GRAPH_RATES_HZ, target_hz})
    branches = [functools.partial(resample_waveform, waveform, source_hz, target_hz) for source_hz in rates]

    def in_numpy() -> tf.Tensor:
        return tf.numpy_function(lambda x, hz: resample(x, int(hz), target_hz), [waveform, rate], tf.float32)

    index = tf.argmax(tf.concat([tf.equal(rate, rates), [True]], 0), output_type=tf.int32)
    return tf.ensure_shape(tf.switch_case(index, [*branches, in_numpy]), [None])
