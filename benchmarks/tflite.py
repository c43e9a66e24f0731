"""Size and speed of .tflite files, beside the published YAMNet on the same audio: one thread, one process.

Every candidate classifies the same 3 s: as many of its own windows as it takes to cover them, at its own rate. A model
of 3 s windows runs once, one of 1.5 s windows three times, and the published YAMNet, whose windows have .975 s, four
times without overlap or six times with its own hop of .48 s. The candidates take turns, so that a busy moment of the
machine hits all of them, and medians are compared, of the time elapsed and of the thread's processor
time, which suffers less from other programs. Models of configurations are untrained, which changes neither size
nor speed; those of run folders are the runs' own.

    python benchmarks/tflite.py --yamnet=yamnet_classification.tflite
    python benchmarks/tflite.py --yamnet=yamnet_classification.tflite --configs --run_dirs runs/mn04
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

CONFIGS = ("three_branch", "morlet", "morlet_light", "morlet_stft", "mn04", "yamnet")
QUANTIZATIONS = ("none", "float16", "dynamic", "int8")
SECONDS = 3.0
YAMNET_RATE_HZ, YAMNET_HOPS = 16000, {"without overlap": 15600, "every .48 s": 7680}


class Candidate(NamedTuple):
    """A model on the 3 s: its name, quantisation, bytes of the file, number of windows, and one run over them."""

    name: str
    quantization: str
    size: int
    windows: int
    run: Callable[[], None]


def candidate(name: str, quantization: str, content: bytes, rate_hz: int, window: int, hop: int) -> Candidate:
    """Return a file's content as a candidate."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    from irmas_tf.audio.windows import window_starts

    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    (details,) = interpreter.get_input_details()
    audio = np.random.default_rng(0).normal(0.0, 0.1, round(SECONDS * rate_hz)).astype(np.float32)
    starts = window_starts(len(audio), window, hop)
    windows = [audio[start : start + window].reshape(details["shape"]) for start in starts]

    def run() -> None:
        for samples in windows:
            interpreter.set_tensor(details["index"], samples)
            interpreter.invoke()

    return Candidate(name, quantization, len(content), len(windows), run)


def models(configs: list[str], run_dirs: list[str]) -> list[tuple[str, Any, Any]]:
    """Return (name, Keras model, configuration) of configurations, untrained, and of runs."""
    import keras

    from irmas_tf.config.flags import ALL, Command, parse_flags
    from irmas_tf.inference.run_model import RunModel
    from irmas_tf.models.factory import build_model

    found = []
    for name in configs:
        command = Command("benchmarks/tflite", "Read a configuration.", config_fields=ALL)
        config = parse_flags(command, [f"--flagfile={ROOT / 'configs' / name}.flags"]).config()
        keras.utils.set_random_seed(0)
        found.append((name, build_model(config), config))
    for run_dir in run_dirs:
        run = RunModel.open(run_dir)
        found.append((Path(run_dir).name, run.model, run.config))
    return found


def candidates(args: argparse.Namespace) -> list[Candidate]:
    """Return all that is measured, the published YAMNet first."""
    import numpy as np

    from irmas_tf.deploy.check_signals import check_signals
    from irmas_tf.deploy.tflite import convert

    published = Path(args.yamnet).read_bytes()
    found = [
        candidate(f"published YAMNet, {how}", "int8", published, YAMNET_RATE_HZ, 15600, hop)
        for how, hop in YAMNET_HOPS.items()
    ]
    for name, model, config in models(args.configs, args.run_dirs):
        audio = config.audio
        signals = np.stack(list(check_signals(audio.sample_rate_hz, audio.window_samples, {}).values()))
        for quantization in args.quantizations:
            print(f"converting {name}, {quantization}", file=sys.stderr)
            contents = {name: convert(model, config, quantization, signals)}
            if args.with_fft:
                with mock.patch("irmas_tf.deploy.tflite.dft_by_products", contextlib.nullcontext):
                    contents[f"{name}, LiteRT's FFT"] = convert(model, config, quantization, signals)
            shape = audio.sample_rate_hz, audio.window_samples, audio.window_hop_samples
            found += [candidate(title, quantization, content, *shape) for title, content in contents.items()]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--yamnet", required=True, help="the published yamnet_classification.tflite")
    parser.add_argument("--configs", nargs="*", default=list(CONFIGS), help="of configs/ (default: all named above)")
    parser.add_argument("--run_dirs", nargs="*", default=[], help="folders of trained runs")
    parser.add_argument("--quantizations", nargs="*", default=list(QUANTIZATIONS), choices=QUANTIZATIONS)
    parser.add_argument("--with_fft", action="store_true", help="every model also with LiteRT's own FFT")
    parser.add_argument("--rounds", type=int, default=51, help="timed turns of every candidate (default 51)")
    args = parser.parse_args()
    entries = candidates(args)
    load_before = os.getloadavg()[0]
    times: list[list[tuple[float, float]]] = [[] for _ in entries]
    for _ in range(args.rounds + 1):
        for entry, values in zip(entries, times, strict=True):
            start, cpu_start = time.perf_counter(), time.thread_time()
            entry.run()
            values.append((1000.0 * (time.perf_counter() - start), 1000.0 * (time.thread_time() - cpu_start)))
    medians = [[statistics.median(column) for column in zip(*values[1:], strict=True)] for values in times]
    print(f"{SECONDS:g} s of audio, one thread, medians of {args.rounds} turns, {os.cpu_count()} cores, load average"
          f" {load_before:.1f} before the start; the last columns compare CPU times\n")  # fmt: skip
    print("| model | quantization | MB | windows | ms for 3 s | CPU ms | lowest CPU ms |"
          + "".join(f" x YAMNet {how} |" for how in YAMNET_HOPS))  # fmt: skip
    print("|---" * (7 + len(YAMNET_HOPS)) + "|")
    for entry, values, (elapsed, cpu) in zip(entries, times, medians, strict=True):
        lowest = min(value for _, value in values[1:])
        print(f"| {entry.name} | {entry.quantization} | {entry.size / 1e6:.2f} | {entry.windows} | {elapsed:.1f} |"
              f" {cpu:.1f} | {lowest:.1f} |"
              + "".join(f" {cpu / yamnet:.2f} |" for _, yamnet in medians[: len(YAMNET_HOPS)]))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
