"""Sound and video files of many kinds, written by FFmpeg's encoders, and files put together of others."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def sound(seconds: float, rate: int = 44100, channels: int = 2) -> np.ndarray:
    """Return float32 [samples, channels]: a rising tone and soft noise, in every channel at another level."""
    times = np.arange(round(seconds * rate)) / rate
    tone = 0.3 * np.sin(2 * np.pi * (300.0 + 200.0 * times) * times)
    noise = 0.02 * np.random.default_rng(0).standard_normal(len(times))
    return ((tone + noise)[:, None] * np.linspace(1.0, 0.5, channels)).astype(np.float32)


def encode(
    path: Path,
    samples: np.ndarray,
    rate: int,
    codec: str,
    *,
    muxer: str | None = None,
    bit_rate: int = 0,
    pictures: bool = False,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Write float32 [samples, channels] with one of FFmpeg's encoders; ``pictures`` adds a film of grey."""
    with av.open(str(path), "w", format=muxer, container_options=container_options or {}) as container:
        streams = [add_sound(container, samples, rate, codec, bit_rate)]
        if pictures:
            streams.append(add_pictures(container, len(samples) / rate))
        mux(container, streams)
    return path


Stream = tuple[Any, list[Any]]  # of a container, and its frames


def add_sound(container: Any, samples: np.ndarray, rate: int, codec: str, bit_rate: int = 0) -> Stream:
    """Add a stream of sound to a container and return it with its frames."""
    layout = LAYOUTS[samples.shape[1]]
    stream = container.add_stream(codec, rate=rate, layout=layout)
    if bit_rate:
        stream.bit_rate = bit_rate
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
    frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
    return stream, [frame]


def add_pictures(container: Any, seconds: float) -> Stream:
    """Add ten grey pictures per second to a container and return the stream with its frames."""
    stream = container.add_stream("mpeg4", rate=10)
    stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
    frames = []
    for number in range(round(10 * seconds)):
        frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 128, np.uint8), format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, 10)
        frames.append(frame)
    return stream, frames


def mux(container: Any, streams: list[Stream]) -> None:
    """Encode the frames of all streams and write the packets in the order of their times."""
    packets = [packet for stream, frames in streams for frame in [*frames, None] for packet in stream.encode(frame)]
    for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
        container.mux(packet)


def encoded(samples: np.ndarray, rate: int, container: str, subtype: str, **options: Any) -> bytes:
    """Return what libsndfile writes, as bytes; ``options`` are `soundfile.write`'s."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=container, subtype=subtype, **options)
    return file.getvalue()


def mp3(samples: np.ndarray, rate: int, **options: Any) -> bytes:
    """Return an MP3 file with its Info frame."""
    return encoded(samples, rate, "MP3", "MPEG_LAYER_III", **options)


def without_info(content: bytes) -> bytes:
    """Return an MP3 file without its first frame, which says how long it is."""
    from irmas_tf.kinds.mpeg_frames import mpeg_frame

    frame = mpeg_frame(content, 0)
    assert frame is not None and (b"Xing" in content[:200] or b"Info" in content[:200])
    return content[frame[1] :]


def lag_seconds(decoded: np.ndarray, source: np.ndarray, rate: int) -> float:
    """Return how late ``decoded`` is against ``source``, both [samples]; NaN if they are not alike."""
    size = len(decoded) + len(source)
    spectrum = np.fft.rfft(decoded, size) * np.conj(np.fft.rfft(source, size))
    correlation = np.fft.irfft(spectrum, size)
    peak = int(np.argmax(correlation))
    alike = correlation[peak] / np.sqrt(np.dot(decoded, decoded) * np.dot(source, source))
    return (peak if peak < size // 2 else peak - size) / rate if alike > 0.9 else float("nan")
