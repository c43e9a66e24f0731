"""Three log-mels of a batch of excerpts: our layers against librosa and against torch.stft with a matrix product.

All compute the same numbers from the same float32 waveforms in memory (the default configuration's branches, the same
frames, window and filters), which is checked before anything is timed. Each number of threads has a process of its own,
because the libraries fix theirs when they start. Within it the candidates take turns, so that a busy moment of the
machine hits all of them; medians are printed, of the time elapsed and of the processor time, which suffers less from
other programs. Takes under a minute on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

OURS = "irmas_tf"
# glibc hands large blocks back to the kernel when they are freed, and gets them back one zeroed page at a time. With
# batches of this size that costs as much as the arithmetic, for every candidate. A long-running process can keep them.
KEEP_MEMORY = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**34)}
TOLERANCE = 0.01  # In the natural logarithm, for nine values in ten (librosa leaves bands below an FFT bin empty).


def candidates(waveforms: Any, threads: int) -> dict[str, Callable[[], Any]]:
    """Return the competitors: functions without arguments that return three arrays [batch, frames, bins]."""
    import librosa
    import numpy as np
    import tensorflow as tf

    from irmas_tf.config.front_ends import SpectrogramBranch
    from irmas_tf.config.run_config import Config
    from irmas_tf.dsp.framing import hann_window, padding
    from irmas_tf.dsp.mel import filterbank
    from irmas_tf.layers.normalization import BinNormalization
    from irmas_tf.layers.spec_augment import SpecAugment
    from irmas_tf.models.branches import front_end_layer

    config = Config()
    rate = config.audio.sample_rate_hz
    layers = [
        front_end_layer(branch, config, f"branch{index}")
        for index, branch in enumerate(config.model.branch_configs)
        if isinstance(branch, SpectrogramBranch)
    ]
    tensor = tf.constant(waveforms)

    def ours(batch: tf.Tensor, training: bool = False) -> list[tf.Tensor]:
        return [layer(batch, training=training) for layer in layers]

    normalize = [BinNormalization() for _ in layers]
    augment = [SpecAugment(2, 20, 2, 12, seed=index) for index in range(len(layers))]

    def augmented(batch: tf.Tensor) -> list[tf.Tensor]:
        features = zip(normalize, augment, ours(batch, training=True), strict=True)
        return [mask(scale(feature), training=True) for scale, mask, feature in features]

    compiled = {
        OURS: tf.function(ours),
        f"{OURS} in training": tf.function(lambda batch: ours(batch, training=True)),
        f"{OURS} in training + normalisation + SpecAugment": tf.function(augmented),
    }

    def on_tensor(function: Callable[[Any], Any]) -> Callable[[], Any]:
        return lambda: [feature.numpy() for feature in function(tensor)]

    result = {name: on_tensor(function) for name, function in compiled.items()}

    settings = []
    for layer in layers:
        window = hann_window(layer.frame_length)
        scale = float(1 / np.sqrt(np.sum(window**2)))
        bank = filterbank(
            layer.scale, layer.num_bins, layer.fft_length, rate, layer.min_frequency_hz, layer.max_frequency_hz,
            layer.mel_scale,
        )  # fmt: skip
        settings.append((layer, padding(waveforms.shape[1], layer.frame_length, layer.hop_length), window, scale, bank))

    def librosa_log_mels() -> list[Any]:
        features = []
        for layer, pad, window, scale, _ in settings:
            mels = [
                librosa.feature.melspectrogram(
                    y=np.pad(waveform, pad), sr=rate, n_fft=layer.fft_length, hop_length=layer.hop_length,
                    window=window, center=False, power=1.0, n_mels=layer.num_bins, fmin=layer.min_frequency_hz,
                    fmax=layer.max_frequency_hz, htk=layer.mel_scale == "htk", norm=None,
                )
                for waveform in waveforms
            ]  # fmt: skip
            features.append(np.log(np.stack(mels).transpose(0, 2, 1) * scale + layer.log_offset))
        return features

    result["librosa.feature.melspectrogram + log"] = librosa_log_mels

    try:
        import torch
    except ImportError:
        print("torch is not installed: that row is left out (requirements/bench.txt has it)", file=sys.stderr)
        return result
    torch.set_num_threads(threads)
    torch_waveforms = torch.from_numpy(waveforms)
    constants = [(torch.from_numpy(window), torch.from_numpy(bank)) for _, _, window, _, bank in settings]

    def torch_log_mels() -> list[Any]:
        features = []
        with torch.inference_mode():
            for (layer, pad, _, scale, _), (window, bank) in zip(settings, constants, strict=True):
                spectrum = torch.stft(
                    torch.nn.functional.pad(torch_waveforms, pad), layer.fft_length, layer.hop_length, window=window,
                    center=False, return_complex=True,
                )  # fmt: skip
                bands = spectrum.abs().transpose(1, 2) @ bank
                features.append(torch.log(bands * scale + layer.log_offset).numpy())
        return features

    result["torch.stft + matmul + log"] = torch_log_mels
    return result


def measure(batch_size: int, seconds: float, rounds: int, threads: int) -> dict[str, list[tuple[float, float]]]:
    """Return milliseconds per excerpt of every candidate and round: elapsed, and of processor time over all threads."""
    import numpy as np

    from irmas_tf.process.cpu import prefer_onednn

    prefer_onednn()  # as training does
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    from irmas_tf.config.audio import AudioConfig

    samples = round(seconds * AudioConfig().sample_rate_hz)
    waveforms = (0.1 * np.random.default_rng(0).standard_normal((batch_size, samples))).astype(np.float32)
    functions = candidates(waveforms, threads)
    expected = functions[OURS]()
    for name, function in functions.items():
        for reference, features in zip(expected, function(), strict=True):
            assert features.shape == reference.shape, f"{name}: shape {features.shape}, not {reference.shape}"
            difference = float(np.quantile(np.abs(features - reference), 0.9))
            assert "SpecAugment" in name or difference < TOLERANCE, f"{name}: differs from ours by {difference:.3g}"
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in functions}
    for _ in range(rounds + 1):
        for name, function in functions.items():
            start, cpu_start = time.perf_counter(), time.process_time()
            function()
            elapsed, cpu = time.perf_counter() - start, time.process_time() - cpu_start
            times[name].append((elapsed * 1000 / batch_size, cpu * 1000 / batch_size))
    return {name: values[1:] for name, values in times.items()}


def print_table(results: dict[int, dict[str, list[tuple[float, float]]]]) -> None:
    """Print medians per number of threads and their ratio to ours."""
    heads = [f"{n} thread{'s' if n > 1 else ''}: ms/excerpt | times ours | CPU ms | times ours" for n in results]
    print("| three log-mels | " + " | ".join(heads) + " |")
    print("|---" * (1 + 4 * len(results)) + "|")
    medians = [
        {name: [statistics.median(column) for column in zip(*values, strict=True)] for name, values in rows.items()}
        for rows in results.values()
    ]
    for name in medians[0]:
        cells = [
            f"{value:.2f} | {value / reference:.2f}"
            for rows in medians
            for value, reference in zip(rows[name], rows[OURS], strict=True)
        ]
        print(f"| {name} | " + " | ".join(cells) + " |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch_size", type=int, default=32, help="excerpts per batch (default 32)")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of an excerpt in s (default 3)")
    parser.add_argument("--rounds", type=int, default=9, help="timed turns of every candidate (default 9)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads (default 1 2)")
    parser.add_argument("--default_allocator", action="store_true", help="let glibc return freed memory to the kernel")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.batch_size, args.seconds, args.rounds, args.measure)))
        return 0
    results = {}
    load_before = os.getloadavg()[0]
    for threads in args.threads:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        environment = os.environ | dict.fromkeys(names, str(threads)) | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        environment |= {} if args.default_allocator else KEEP_MEMORY
        command = [sys.executable, __file__, f"--measure={threads}", f"--batch_size={args.batch_size}"]
        command += [f"--seconds={args.seconds}", f"--rounds={args.rounds}"]
        child = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        if child.returncode:
            return child.returncode
        results[threads] = json.loads(child.stdout.splitlines()[-1])
    print(f"{args.batch_size} excerpts of {args.seconds:g} s, medians of {args.rounds} rounds,"
          f" {os.cpu_count()} cores, load average {load_before:.1f} before the start,"
          f" allocator: {'default' if args.default_allocator else 'keeps freed memory'}\n")  # fmt: skip
    print_table(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
