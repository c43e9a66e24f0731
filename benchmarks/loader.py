"""Loading audio: irmas_tf's pipeline against librosa.load and against soundfile + soxr.

Everybody turns the same 44.1 kHz stereo 16-bit WAV files of three seconds into batches of mono 22.05 kHz float32
waveforms. Rounds are interleaved, so that a busy machine hits everybody; the table shows medians over the rounds and
their range, and the processor time, which says more when other programs run. The files are read once before, so disks
are not measured, and several times in an epoch, which else would be shorter than any that is trained with. Freed memory
is kept for everybody, as a training keeps it.

    python benchmarks/loader.py [--data_dir=IRMAS-TrainingData] [--threads=2]
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import librosa
import numpy as np
import soundfile
import soxr

from irmas_tf.audio.decode import decode_file
from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.run_config import Config, DataConfig, TrainingConfig
from irmas_tf.process.cpu import keep_freed_memory
from irmas_tf.training import batches as pipeline
from irmas_tf.training import decoded

RATE = 22050
SAMPLES = 66150
Batches = Iterator[np.ndarray]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--data_dir", default="", help="folder searched for .wav files; default: synthetic ones")
    parser.add_argument("--files", type=int, default=320, help="number of files (default 320)")
    parser.add_argument("--excerpts", type=int, default=1600, help="files read in an epoch (default 1600)")
    parser.add_argument("--batch_size", type=int, default=32, help="waveforms in a batch (default 32)")
    parser.add_argument("--threads", type=int, default=2, help="threads of every pooled loader (default 2)")
    parser.add_argument("--repeats", type=int, default=3, help="rounds (default 3)")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    return parser.parse_args()


def synthesize(folder: Path, count: int) -> list[str]:
    """Write ``count`` files in the format of IRMAS: tones over noise that falls with frequency."""
    rng = np.random.default_rng(0)
    times = np.arange(132_299) / 44100
    paths = []
    for k in range(count):
        noise = np.cumsum(rng.standard_normal((len(times), 2)), axis=0)
        noise -= np.linspace(noise[0], noise[-1], len(times))
        tones = sum(np.sin(2 * np.pi * f * times) for f in rng.uniform(100, 5000, 8))[:, None]
        path = folder / f"{k:04}.wav"
        soundfile.write(path, 0.3 * noise / np.abs(noise).max() + 0.05 * tones, 44100, subtype="PCM_16")
        paths.append(str(path))
    return paths


def load_librosa(path: str) -> np.ndarray:
    return librosa.load(path, sr=RATE)[0]


def load_soxr(path: str) -> np.ndarray:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples[:, 0] if samples.shape[1] == 1 else 0.5 * (samples[:, 0] + samples[:, 1])  # faster than a mean
    return soxr.resample(mono, rate, RATE)


def serial(load: Callable[[str], np.ndarray], paths: list[str], batch_size: int) -> Batches:
    yield from batched(map(load, paths), batch_size)


def pooled(load: Callable[[str], np.ndarray], paths: list[str], batch_size: int, threads: int) -> Batches:
    with ThreadPoolExecutor(threads) as pool:
        yield from batched(pool.map(load, paths), batch_size)


def batched(waveforms: Iterable[np.ndarray], batch_size: int) -> Batches:
    batch = np.zeros((batch_size, SAMPLES), np.float32)
    for k, waveform in enumerate(waveforms):
        row = k % batch_size
        length = min(SAMPLES, len(waveform))
        batch[row, :length] = waveform[:length]
        if row == batch_size - 1:
            yield batch
            batch = np.zeros_like(batch)


def make_config(batch_size: int, threads: int, cache: str) -> Config:
    return Config(
        data=DataConfig(cache=cache, loader_threads=threads),
        audio=AudioConfig(sample_rate_hz=RATE, window_seconds=3.0),
        training=TrainingConfig(batch_size=batch_size),
    )


def ours(paths: list[str], batch_size: int, threads: int, cache: str, epoch: int) -> Iterable[np.ndarray]:
    """The training pipeline: random order, crop and rounding included."""
    config = make_config(batch_size, threads, cache)
    labels = np.zeros((len(paths), 1), np.int8)
    for waveform, _, _ in pipeline.training_dataset(paths, labels, config, epoch=epoch):
        yield waveform


def by_python() -> contextlib.AbstractContextManager[object]:
    """Leave every file to Python, as if it were no plain 16-bit WAV."""
    return mock.patch.object(decoded, "_FEWEST_FILES", sys.maxsize)


def ours_by_python(paths: list[str], batch_size: int, threads: int, epoch: int) -> Iterable[np.ndarray]:
    with by_python():
        yield from ours(paths, batch_size, threads, "none", epoch)


def first_epoch(paths: list[str], batch_size: int, threads: int, epoch: int) -> Iterable[np.ndarray]:
    pipeline.clear_stores()
    yield from ours(paths, batch_size, threads, "memory", epoch)


def measure(paths: list[str], batch_size: int, threads: int, repeats: int) -> dict[str, list[tuple[float, float]]]:
    """Return (seconds, processor seconds) per excerpt of every loader and round."""
    loaders: dict[str, Callable[[int], Iterable[np.ndarray]]] = {
        "librosa.load": lambda epoch: serial(load_librosa, paths, batch_size),
        f"librosa.load, {threads} threads": lambda epoch: pooled(load_librosa, paths, batch_size, threads),
        "soundfile + soxr": lambda epoch: serial(load_soxr, paths, batch_size),
        f"soundfile + soxr, {threads} threads": lambda epoch: pooled(load_soxr, paths, batch_size, threads),
        "irmas_tf decode_file": lambda epoch: serial(lambda path: decode_file(path, RATE), paths, batch_size),
        f"irmas_tf pipeline, cache=none, {threads} threads": lambda epoch: ours(
            paths, batch_size, threads, "none", epoch
        ),
        f"the same, if Python decodes, {threads} threads": lambda epoch: ours_by_python(
            paths, batch_size, threads, epoch
        ),
        f"irmas_tf pipeline, first epoch with cache, {threads} threads": lambda epoch: first_epoch(
            paths, batch_size, threads, epoch
        ),
        "irmas_tf pipeline, later epochs with cache": lambda epoch: ours(paths, batch_size, threads, "memory", epoch),
    }
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in loaders}
    for epoch in range(-1, repeats):
        for name, loader in loaders.items():
            start, start_cpu, excerpts = time.perf_counter(), time.process_time(), 0
            for batch in loader(max(0, epoch)):
                excerpts += len(batch)
            if epoch >= 0:  # the first round warms up
                seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
                results[name].append((seconds / excerpts, cpu / excerpts))
    return results


def main() -> int:
    arguments = parse_arguments()
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.data_dir:
            paths = sorted(str(path) for path in Path(arguments.data_dir).rglob("*.wav"))[: arguments.files]
        else:
            paths = synthesize(Path(folder), arguments.files)
        if len(paths) < arguments.batch_size:
            print(f"--data_dir={arguments.data_dir}: {len(paths)} .wav files, fewer than a batch", file=sys.stderr)
            return 2
        files = len(paths)
        excerpts = max(files, arguments.excerpts) // arguments.batch_size * arguments.batch_size
        paths = list(itertools.islice(itertools.cycle(paths), excerpts))
        config = make_config(arguments.batch_size, arguments.threads, "none")
        in_graph = sum(layout is not None for layout in decoded.plain_layouts(paths, config))
        reference = load_soxr(paths[0])
        deviation = np.sqrt(np.mean((decode_file(paths[0], RATE)[: len(reference)] - reference) ** 2))
        results = measure(paths, arguments.batch_size, arguments.threads, arguments.repeats)
    medians = {name: statistics.median(seconds for seconds, _ in values) for name, values in results.items()}
    alone, together = (medians[name] for name in list(medians)[:2])
    rows = [
        {
            "loader": name,
            "milliseconds": 1e3 * median,
            "range": [1e3 * best([seconds for seconds, _ in results[name]]) for best in (min, max)],
            "cpu_milliseconds": 1e3 * statistics.median(cpu for _, cpu in results[name]),
            "excerpts_per_second": 1.0 / median,
            "times_librosa": alone / median,
            "times_librosa_pooled": together / median,
        }
        for name, median in medians.items()
    ]
    if arguments.format == "json":
        counts = {"files": files, "excerpts": excerpts, "decoded_by_tensorflow": in_graph}
        print(json.dumps({**counts, "threads": arguments.threads, "rows": rows}, indent=2))
        return 0
    print(
        f"{files} files, {excerpts} excerpts in an epoch, {arguments.repeats} rounds, {os.cpu_count()} CPUs; difference"
        f" to soxr {20 * np.log10(deviation / np.sqrt(np.mean(reference**2))):.0f} dB; the pipeline decodes {in_graph}"
        f" of {excerpts} by TensorFlow operations, {excerpts - in_graph} by Python\n"
    )
    print("| loader | ms per excerpt | range | CPU ms | excerpts/s | x librosa.load | x librosa.load pooled |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        low, high = row["range"]
        cells = [
            row["loader"],
            f"{row['milliseconds']:.2f}",
            f"{low:.2f}-{high:.2f}",
            f"{row['cpu_milliseconds']:.2f}",
            f"{row['excerpts_per_second']:,.0f}",
            f"{row['times_librosa']:.1f}",
            f"{row['times_librosa_pooled']:.1f}",
        ]
        print(f"| {' | '.join(cells)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
