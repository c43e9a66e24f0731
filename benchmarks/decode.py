"""Decoding compressed sound: irmas_tf against librosa.load and against PyAV alone.

Everybody turns the same 44.1 kHz stereo files (Opus: 48 kHz) into mono float32 at 22,050 Hz: irmas_tf by
`decode_file`, PyAV by FFmpeg's own resampler, and, as the floor, PyAV that decodes and throws away. Rounds are
interleaved, so that a busy machine hits everybody; the tables show medians over the rounds and their range, and the
processor time, which says more when other programs run. Files are read once before, so disks are not measured.

    python benchmarks/decode.py              # about three minutes
    python benchmarks/decode.py --memory     # peak memory while two hours of each format are decoded, instead
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

TARGET_HZ = 22050
FORMATS = {  # suffix: FFmpeg's encoder, rate, bit rate
    "mp3": ("libmp3lame", 44100, 192_000),
    "ogg": ("vorbis", 44100, 160_000),
    "opus": ("libopus", 48000, 128_000),
    "m4a": ("aac", 44100, 160_000),
    "flac": ("flac", 44100, 0),
}
MEMORY_FORMATS = (*FORMATS, "webm", "mp4", "wma", "wv", "aac", "ac3", "wav")
MORE = {
    "webm": ("libopus", 48000, 128_000), "mp4": ("aac", 44100, 160_000), "wma": ("wmav2", 44100, 128_000),
    "wv": ("wavpack", 44100, 0), "aac": ("aac", 44100, 160_000), "ac3": ("ac3", 44100, 192_000),
    "wav": ("pcm_s24le", 44100, 0),
}  # fmt: skip
MUXERS = {"aac": "adts", "wma": "asf"}
MEASURE = """
import sys
from irmas_tf.audio.decode import decode_file, iter_blocks

def kilobytes(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name))

decode_file(sys.argv[2], 22050)  # everything is loaded
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # the peak so far is forgotten
idle = kilobytes("VmRSS")
samples = sum(len(block) for block in iter_blocks(sys.argv[1], 22050))
print(samples / 22050, (kilobytes("VmHWM") - idle) / 1024)
"""  # getrusage would begin with the peak of the process that started this one


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--repeats", type=int, default=3, help="rounds (default 3)")
    parser.add_argument("--threads", type=int, default=2, help="threads that decode side by side (default 2)")
    parser.add_argument("--seconds", default="3,600", help="lengths of the files (default 3,600)")
    parser.add_argument("--memory", action="store_true", help="measure peak memory instead of speed")
    parser.add_argument("--hours", type=float, default=2.0, help="with --memory, length of the files (default 2)")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    return parser.parse_args()


def synthesize(seconds: float, rate: int) -> np.ndarray:
    """Return float32 [2, samples]: tones that change every half second over noise that falls with frequency."""
    rng = np.random.default_rng(0)
    samples = int(seconds * rate)
    noise = np.cumsum(rng.standard_normal((2, samples), np.float32), axis=1)
    noise -= np.linspace(noise[:, 0], noise[:, -1], samples, axis=1, dtype=np.float32)
    notes = np.repeat(rng.uniform(100, 2000, (4, samples * 2 // rate + 1)), rate // 2, axis=1)[:, :samples]
    tones = np.sin(2 * np.pi * np.cumsum(notes, axis=1) / rate).sum(axis=0)
    return (0.3 * noise / np.abs(noise).max() + 0.05 * tones).astype(np.float32)


def encode(path: Path, sound: np.ndarray, repeats: int = 1) -> None:
    """Write [2, samples] in the format of the suffix ``repeats`` times in a row; but for FLAC, it is encoded once."""
    import av

    suffix = path.suffix[1:]
    codec, rate, bit_rate = {**FORMATS, **MORE}[suffix]
    options = {"strict": "experimental"} if codec == "vorbis" else {}
    with av.open(str(path), "w", format=MUXERS.get(suffix)) as container:
        stream: Any = container.add_stream(codec, rate=rate, layout="stereo", options=options)
        if bit_rate:
            stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        length = sound.shape[1]
        if codec == "flac":  # its header counts the samples that the encoder has seen
            for number in range(repeats):
                frame.pts = number * length
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
            return
        packets = [*stream.encode(frame), *stream.encode(None)]
        stamps = [packet.pts for packet in packets]
        length = stamps[-1] + packets[-1].duration - stamps[0]
        for number in range(repeats):
            for packet, stamp in zip(packets, stamps, strict=True):
                packet.time_base = Fraction(1, rate)  # the container changes it
                packet.pts = packet.dts = stamp + number * length
                container.mux(packet)


def load_pyav(path: str) -> np.ndarray:
    """Decode and resample with FFmpeg alone."""
    import av

    resampler = av.AudioResampler(format="fltp", layout="mono", rate=TARGET_HZ)
    with av.open(path) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def decode_pyav(path: str) -> int:
    """Decode with FFmpeg and throw the samples away."""
    import av

    with av.open(path) as container:
        return sum(frame.samples for frame in container.decode(audio=0))


def measure(path: str, seconds: float, repeats: int, threads: int) -> dict[str, list[tuple[float, float]]]:
    """Return (seconds, processor seconds) per second of sound of every loader and round; none if it cannot read it."""
    import librosa

    from irmas_tf.audio.decode import decode_file

    def ours(path: str) -> np.ndarray:
        return decode_file(path, TARGET_HZ)

    loaders: dict[str, tuple[Callable[[str], Any], int]] = {
        "librosa.load": (lambda path: librosa.load(path, sr=TARGET_HZ)[0], 1),
        "PyAV, decoding only": (decode_pyav, 1),
        "PyAV with its resampler": (load_pyav, 1),
        "irmas_tf decode_file": (ours, 1),
        f"irmas_tf decode_file, {threads} threads": (ours, threads),
    }
    files = max(1, round(90 / seconds))  # in a round
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in loaders}
    for number in range(-1, repeats):
        for name, (load, workers) in loaders.items():
            if number < 0 or results[name] or number == 0:
                result = one_round(load, path, workers, 1 if number < 0 else files)
                if result and number >= 0:  # the first round warms up
                    results[name].append(tuple(value / (files * workers * seconds) for value in result))
    return {name: values for name, values in results.items() if values}


def one_round(load: Callable[[str], Any], path: str, workers: int, files: int) -> tuple[float, float] | None:
    """Load a file ``files`` times per worker and return the seconds and processor seconds it took, or None."""
    start, start_cpu = time.perf_counter(), time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if workers == 1:
                for _ in range(files):
                    load(path)
            else:
                with ThreadPoolExecutor(workers) as pool:
                    list(pool.map(load, [path] * (files * workers)))
    except Exception as error:  # of whatever library: it does not read this format
        if "irmas_tf" in str(load):
            raise
        print(f"{Path(path).name}: {type(error).__name__} {error}"[:100], file=sys.stderr)
        return None
    return time.perf_counter() - start, time.process_time() - start_cpu


def speed(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Return a row for every format, length and loader."""
    rows = []
    for seconds in map(float, arguments.seconds.split(",")):
        sounds = {rate: synthesize(min(seconds, 60.0), rate) for rate in (44100, 48000)}
        for suffix, (_, rate, _) in FORMATS.items():
            path = folder / f"a.{suffix}"
            encode(path, sounds[rate], round(seconds / min(seconds, 60.0)))
            results = measure(str(path), seconds, arguments.repeats, arguments.threads)
            medians = {name: statistics.median(wall for wall, _ in values) for name, values in results.items()}
            for name, values in results.items():
                speeds = [1.0 / wall for wall, _ in values]
                rows.append(
                    {
                        "format": suffix,
                        "seconds": seconds,
                        "loader": name,
                        "seconds_per_second": 1.0 / medians[name],
                        "range": [min(speeds), max(speeds)],
                        "cpu_milliseconds_per_second": 1e3 * statistics.median(cpu for _, cpu in values),
                        "times_librosa": medians["librosa.load"] / medians[name] if "librosa.load" in medians else None,
                        "times_pyav": medians["PyAV with its resampler"] / medians[name],
                    }
                )
    return rows


def memory(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Return a row for every format: the peak above idle while a long file is decoded, in a process of its own."""
    rows = []
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    for suffix in MEMORY_FORMATS:
        rate = {**FORMATS, **MORE}[suffix][1]
        sound = synthesize(20.0, rate)
        short, long_ = folder / f"short.{suffix}", folder / f"long.{suffix}"
        encode(short, sound[:, : rate // 2])
        encode(long_, sound, round(arguments.hours * 180))
        script = [sys.executable, "-c", MEASURE, str(long_), str(short)]
        answer = subprocess.run(script, capture_output=True, text=True, check=True, env=environment)
        seconds, megabytes = map(float, answer.stdout.split())
        size = long_.stat().st_size / 2**20
        rows.append({"format": suffix, "seconds": seconds, "file_megabytes": size, "peak_megabytes": megabytes})
        long_.unlink()
    return rows


def main() -> int:
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        rows = (memory if arguments.memory else speed)(arguments, Path(folder))
    if arguments.format == "json":
        print(json.dumps({"threads": arguments.threads, "rows": rows}, indent=2))
        return 0
    if arguments.memory:
        print("| format | decoded s | file MB | peak above idle, MB |\n|---|---|---|---|")
        for row in rows:
            cells = (row["format"], *(f"{row[key]:,.1f}" for key in ("seconds", "file_megabytes", "peak_megabytes")))
            print(f"| {' | '.join(cells)} |")
        return 0
    print(f"{arguments.repeats} rounds, {os.cpu_count()} CPUs\n")
    print("| format | loader | seconds of sound per second | range | CPU ms per s | x librosa.load | x PyAV |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        low, high = row["range"]
        cells = [
            f"{row['format']}, {row['seconds']:g} s",
            row["loader"],
            f"{row['seconds_per_second']:,.0f}",
            f"{low:,.0f}-{high:,.0f}",
            f"{row['cpu_milliseconds_per_second']:.2f}",
            f"{row['times_librosa']:.1f}" if row["times_librosa"] else "cannot read it",
            f"{row['times_pyav']:.2f}",
        ]
        print(f"| {' | '.join(cells)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
