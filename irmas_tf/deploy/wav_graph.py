"""WAV files inside a graph, with TensorFlow's own operations only (``tf.audio.decode_wav`` reads 16-bit PCM alone).

Read are 8-, 16-, 24- and 32-bit PCM and 32- and 64-bit floats, plain or WAVE_FORMAT_EXTENSIBLE, with any chunks before
the data, any number of channels (mono is their mean), at the rates of `USUAL_RATES_HZ` and the model's own. The values
are those of libsndfile. All else is refused with INVALID_ARGUMENT, also a file that ends before its header says: a
server has nowhere to put a warning.

Source: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF), and
WAVEFORMATEXTENSIBLE.
"""

from __future__ import annotations

import functools
from typing import Any

import tensorflow as tf

from irmas_tf.deploy.graph_checks import require, require_audio
from irmas_tf.dsp.resample_tf import resample_waveform

USUAL_RATES_HZ = (8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 176400, 192000)

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
# What programs write that cannot go back to fill in the size; some leave 0 there, and in the size of the whole file.
_UNKNOWN_SIZES = (0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000)
_MAX_CHUNKS = 64
_ENCODINGS = ((_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64))


def supported_rates(target_hz: int) -> tuple[int, ...]:
    """Return the rates that `decode_wav` accepts for a model at ``target_hz``."""
    return tuple(sorted({*USUAL_RATES_HZ, target_hz}))


def decode_wav(audio: tf.Tensor, target_hz: int, name: Any = "the audio") -> tuple[tf.Tensor, tf.Tensor]:
    """Return (mono samples float32 [n] at ``target_hz``, full scale 1.0; length in seconds, scalar float32).

    Args:
        audio: scalar string, the bytes of a WAV file.
        target_hz: wanted rate.
        name: text or string tensor, what messages call the file.

    Raises:
        tf.errors.InvalidArgumentError: when the graph runs on something it cannot read; the message says the remedy.
    """
    size = tf.cast(tf.strings.length(audio), tf.int64)
    is_wav = tf.logical_and(_text(audio, 0, 4, size) == b"RIFF", _text(audio, 8, 4, size) == b"WAVE")
    audio = require(is_wav, (name, " is not a RIFF WAV file; convert it to WAV"), audio)
    fmt, data_start, data_size = _find_chunks(audio, size)
    complete = tf.logical_and(tf.strings.length(fmt) >= 16, data_start > 0)
    problem = " is a WAV file without a format and a data chunk; export it again"
    fmt, data_start, data_size = require(complete, (name, problem), (fmt, data_start, data_size))
    tag, channels, rate_hz, frame_bytes, bits = _read_format(fmt)

    encoding = functools.reduce(
        tf.add, [tf.cast((tag == t) & (bits == b), tf.int32) * (k + 1) for k, (t, b) in enumerate(_ENCODINGS)]
    )
    known = (encoding > 0) & (channels > 0) & (frame_bytes * 8 == channels * bits)
    problem = " bits; send 8-, 16-, 24- or 32-bit PCM, or 32- or 64-bit float"
    words = (name, " is WAV with format tag ", tag, ", ", channels, " channels and ", bits, problem)
    encoding = require(known, words, encoding - 1)
    rates = supported_rates(target_hz)
    matches = tf.constant(rates, tf.int64) == rate_hz
    listed = ", ".join(map(str, rates))
    problem = f" Hz; resample it to one of {listed} Hz"
    rate_index = require(
        tf.reduce_any(matches),
        (name, " has a sample rate of ", rate_hz, problem),
        tf.argmax(matches, output_type=tf.int32),
    )

    present = size - data_start
    riff_size = _number(_text(audio, 4, 4, size))
    # An empty recording has a true size, and perhaps metadata behind the data, which are not to be heard.
    is_open_file = (riff_size + 8 <= data_start) | (riff_size >= min(_UNKNOWN_SIZES))
    is_open = tf.reduce_any(tf.constant(_UNKNOWN_SIZES, tf.int64) == data_size) | ((data_size == 0) & is_open_file)
    whole = is_open | (data_size <= present)
    sizes = (name, " announces ", data_size, " bytes of audio and has ", present, "; send the whole file")
    used = require(whole, sizes, tf.where(is_open, present, data_size))
    frames = used // tf.maximum(frame_bytes, 1)
    frames = require(frames > 0, (name, " holds no samples; send at least one"), frames)

    data = tf.strings.substr(audio, data_start, frames * frame_bytes)
    values = tf.switch_case(encoding, [functools.partial(_samples, data, *one) for one in _ENCODINGS])
    values = require_audio(values, name)  # before the mean, in which channels could cancel
    mono = tf.reduce_mean(tf.reshape(values, tf.stack([frames, channels])), axis=1)
    resampled = tf.switch_case(
        rate_index, [functools.partial(resample_waveform, mono, source_hz, target_hz) for source_hz in rates]
    )
    return tf.ensure_shape(resampled, [None]), tf.cast(frames / rate_hz, tf.float32)


def _text(audio: tf.Tensor, start: Any, length: int, size: tf.Tensor) -> tf.Tensor:
    """Return the bytes from ``start`` on, fewer than ``length`` where the file ends, none beyond it."""
    return tf.strings.substr(audio, tf.minimum(tf.cast(start, tf.int64), size), length)


def _number(text: tf.Tensor) -> tf.Tensor:
    """Return little-endian bytes (at most 4) as an int64 scalar; no bytes are 0."""
    digits = tf.cast(tf.io.decode_raw(text, tf.uint8), tf.int64)
    places = tf.constant([1, 1 << 8, 1 << 16, 1 << 24], tf.int64)
    return tf.reduce_sum(digits * places[: tf.size(digits)])


def _find_chunks(audio: tf.Tensor, size: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return (content of the format chunk, up to 40 bytes; where the data begins, 0 if nowhere; its announced size)."""

    def searching(position: tf.Tensor, chunks: tf.Tensor, fmt: tf.Tensor, start: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        return (start == 0) & (chunks < _MAX_CHUNKS) & (position + 8 <= size)

    def next_chunk(position: tf.Tensor, chunks: tf.Tensor, fmt: tf.Tensor, start: tf.Tensor, found: tf.Tensor) -> Any:
        kind = _text(audio, position, 4, size)
        length = _number(_text(audio, position + 4, 4, size))
        content = position + 8
        # Cut to the chunk, since a shorter one is followed by the next chunk's bytes.
        head = tf.strings.substr(_text(audio, content, 40, size), 0, tf.cast(tf.minimum(length, 40), tf.int32))
        fmt = tf.where(kind == b"fmt ", head, fmt)
        start = tf.where(kind == b"data", content, start)
        found = tf.where(kind == b"data", length, found)
        return content + length + length % 2, chunks + 1, fmt, start, found

    zero = tf.constant(0, tf.int64)
    state = (tf.constant(12, tf.int64), zero, tf.constant(""), zero, zero)
    _, _, fmt, start, found = tf.while_loop(searching, next_chunk, state)
    return fmt, start, found


def _read_format(fmt: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return (format tag, channels, rate in Hz, bytes of a sample of all channels, bits), int64 scalars."""
    fields = [
        _number(tf.strings.substr(fmt, start, length)) for start, length in ((0, 2), (2, 2), (4, 4), (12, 2), (14, 2))
    ]
    # Of the extensible kind, the tag is the beginning of a GUID.
    padded = tf.strings.join([fmt, tf.constant(b"\0" * 40)])
    is_plain_guid = tf.strings.substr(padded, 26, 14) == _GUID_TAIL
    inner = _number(tf.strings.substr(padded, 24, 2))
    fields[0] = tf.where((fields[0] == _EXTENSIBLE) & is_plain_guid, inner, fields[0])
    return tuple(fields)


def _samples(data: tf.Tensor, tag: int, bits: int) -> tf.Tensor:
    """Return the samples float32 [n], full scale 1.0, of all channels in the order they are stored."""
    if tag == _FLOAT:
        return tf.cast(tf.io.decode_raw(data, tf.float32 if bits == 32 else tf.float64), tf.float32)
    if bits == 8:
        return tf.cast(tf.io.decode_raw(data, tf.uint8), tf.float32) / 128.0 - 1.0
    if bits == 24:
        low, middle, high = tf.unstack(tf.reshape(tf.io.decode_raw(data, tf.uint8), [-1, 3]), axis=1)
        signed = tf.cast(tf.bitcast(high, tf.int8), tf.int32) * 65536
        return tf.cast(signed + tf.cast(middle, tf.int32) * 256 + tf.cast(low, tf.int32), tf.float32) / 8388608.0
    return tf.cast(tf.io.decode_raw(data, tf.int16 if bits == 16 else tf.int32), tf.float32) / 2.0 ** (bits - 1)
