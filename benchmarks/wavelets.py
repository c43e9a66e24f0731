"""The Morlet scalogram against its peers: time, error per octave, growth with length and scales, memory, a picture.

Candidates, on the same excerpts and scales (40 Hz to 10.2 kHz, 22.05 kHz): our layer, ssqueezepy, PyWavelets (method
"fft"), a bank of full-length FFT filters in TensorFlow, and, for scale, one 2048-point STFT log-mel. All return
hop-averaged magnitudes (the log-mel its own frames). Each number of threads has a process of its own; within it the
candidates take turns, so that a busy moment hits all; medians are printed. The error is the relative L2 distance from
the exact transform in float64 (`irmas_tf.dsp.morlet.hop_averaged`), in each octave.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.front_ends import KEEP_MEMORY  # noqa: E402

RATE_HZ, MIN_HZ, MAX_HZ, BINS = 22050, 40.0, 10240.0, 96
BOUNDS = (0.003, 0.0105, 0.02, 0.03, 0.05)  # the points of the error/time curve; the second is the layer's default
LENGTHS = (3, 10, 30, 60, 180, 600)
PEER_LENGTH_LIMIT = 30  # seconds, for the full-length transforms: later ones take gigabytes
OURS, LOG_MEL = "MorletScalogram", "STFT log-mel, 2048 points"


def synthetic(seconds: float) -> dict[str, Any]:
    import numpy as np

    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    rng = np.random.default_rng(0)
    rate = np.log(10500 / 30) / seconds
    notes = np.zeros_like(time_s)
    for start in np.arange(0, seconds, 0.15):  # plucked notes with overtones, over soft noise
        pitch, age = 55 * 2 ** (rng.integers(0, 60) / 12), np.maximum(time_s - start, 0)
        for overtone in range(1, 8):
            if overtone * pitch < 10000:
                notes += (time_s >= start) * np.exp(-6 * age) * np.sin(2 * np.pi * overtone * pitch * age) / overtone
    places = (0.37, 0.9, 0.11, 0.62, 0.25, 0.78, 0.5, 0.8)
    return {
        "tones": sum(0.1 * np.sin(2 * np.pi * 40 * 2 ** (j + p) * time_s + j) for j, p in enumerate(places)),
        "linear chirp": np.cos(2 * np.pi * (30 * time_s + (10500 - 30) / (2 * seconds) * time_s**2)),
        "exponential chirp": np.cos(2 * np.pi * 30 * np.expm1(rate * time_s) / rate),
        "white noise": 0.1 * rng.standard_normal(len(time_s)),
        "plucked notes": 0.3 * notes + 1e-3 * rng.standard_normal(len(time_s)),
    }


def signals(seconds: float, audio: list[str]) -> dict[str, Any]:
    """Return the named waveforms: synthetic ones, or the files' first seconds."""
    import soundfile

    from irmas_tf.dsp.resample import resample

    result = synthetic(seconds)
    for name in audio:
        values, rate_hz = soundfile.read(name, dtype="float32", always_2d=True)
        result[Path(name).name] = resample(values.mean(axis=1), rate_hz, RATE_HZ)[: int(seconds * RATE_HZ)]
    return result


def candidates(hop: int, bins: int = BINS) -> dict[str, Callable[[Any], Any]]:
    """Return functions from waveforms [batch, samples] to features [batch, frames, bins]."""
    import numpy as np
    import tensorflow as tf

    from irmas_tf.dsp.framing import num_frames
    from irmas_tf.dsp.morlet import morlet_response, nyquist_taper
    from irmas_tf.dsp.morlet_bank import MorletBank
    from irmas_tf.layers.morlet import MorletScalogram
    from irmas_tf.layers.spectrogram import Spectrogram

    bank = MorletBank(RATE_HZ, MIN_HZ, MAX_HZ, bins)

    def average(magnitude: Any) -> Any:
        frames = num_frames(magnitude.shape[-1], hop)
        padded = np.pad(magnitude, [(0, 0), (0, frames * hop - magnitude.shape[-1])])
        return padded.reshape(bins, frames, hop).mean(axis=-1).T

    def compiled(layer: Any) -> Callable[[Any], Any]:
        function = tf.function(layer, reduce_retracing=False)
        return lambda batch: function(tf.constant(batch)).numpy()

    def fft_bank(batch: Any) -> Any:
        samples = batch.shape[1]
        points = 1 << (samples + 8192 - 1).bit_length()
        grid = np.arange(points) * (RATE_HZ / points)
        response = morlet_response(grid, bank.center_frequencies_hz) * nyquist_taper(grid, RATE_HZ)
        response[:, points // 2 :] = 0
        filters = tf.constant(response.astype(np.complex64))
        frames = num_frames(samples, hop)

        @tf.function
        def run(waveforms: Any) -> Any:
            padded = tf.pad(waveforms, [[0, 0], [0, points - samples]])
            spectrum = tf.signal.fft(tf.cast(padded, tf.complex64))[:, tf.newaxis]
            magnitude = tf.abs(tf.signal.ifft(spectrum * filters))[..., : frames * hop]
            return tf.transpose(tf.reduce_mean(tf.reshape(magnitude, [-1, bins, frames, hop]), axis=-1), [0, 2, 1])

        return run

    runs: dict[Any, Any] = {}

    def tensorflow_bank(batch: Any) -> Any:
        if batch.shape not in runs:
            runs.clear()
            runs[batch.shape] = fft_bank(batch)
        return np.concatenate([runs[batch.shape](tf.constant(row[np.newaxis])).numpy() for row in batch])

    result = {
        OURS: compiled(MorletScalogram(RATE_HZ, hop, bins, MIN_HZ, MAX_HZ, log_offset=None)),
        LOG_MEL: compiled(Spectrogram(RATE_HZ, 2048, hop, bins)),
        "FFT bank in TensorFlow": tensorflow_bank,
    }
    try:
        import ssqueezepy

        wavelet = ssqueezepy.Wavelet(("morlet", {"mu": bank.omega0, "dtype": "float32"}))
        scales = bank.widths[::-1].astype(np.float32)
        level = np.sqrt(2) / np.pi**0.25

        def with_ssqueezepy(batch: Any) -> Any:
            rows = [np.abs(ssqueezepy.cwt(row, wavelet, scales=scales, padtype="zero")[0])[::-1] for row in batch]
            return np.stack([average(row) * level for row in rows])

        result["ssqueezepy"] = with_ssqueezepy
    except ImportError:
        print("ssqueezepy is not installed: left out", file=sys.stderr)
    try:
        import pywt

        name = f"cmor2.0-{bank.omega0 / (2 * np.pi):.12f}"
        norm = 2 / np.sqrt(bank.widths)[:, np.newaxis]

        def with_pywavelets(batch: Any) -> Any:
            rows = [np.abs(pywt.cwt(row, bank.widths, name, method="fft")[0]) * norm for row in batch]
            return np.stack([average(row) for row in rows])

        result["PyWavelets, fft"] = with_pywavelets
    except ImportError:
        print("PyWavelets is not installed: left out", file=sys.stderr)
    return result


def timed(functions: dict[str, Callable[[], Any]], rounds: int, divide: int) -> dict[str, float]:
    """Return median milliseconds per excerpt of candidates that take turns."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds + 1):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append((time.perf_counter() - start) * 1000 / divide)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def per_octave(ours: Any, exact: Any, bins: int = BINS) -> list[float]:
    import numpy as np

    share = bins // 8
    error, total = (np.square(part).reshape(-1, 8, share).sum(axis=(0, 2)) for part in (ours - exact, exact))
    return [100 * float(value) for value in np.sqrt(error / total)]


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Run in a process of its own with the number of threads fixed: times, and with one thread everything else too."""
    import numpy as np
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # it would warn about every new length
    tf.config.threading.set_intra_op_parallelism_threads(args.measure)
    tf.config.threading.set_inter_op_parallelism_threads(args.measure)
    rng = np.random.default_rng(0)
    batch = (0.1 * rng.standard_normal((args.batch_size, 3 * RATE_HZ))).astype(np.float32)
    result: dict[str, Any] = {"times": {}, "growth": {}, "bins": {}, "curve": {}, "errors": {}}
    for hop in args.hops:
        fast = {}
        slow = {}
        for name, function in candidates(hop).items():
            target = fast if name in (OURS, LOG_MEL) else slow
            rows = batch if target is fast else batch[:1]
            target[name] = lambda function=function, rows=rows: function(rows)
            if target is fast:
                target[f"{name}, batch of 1"] = lambda function=function: [function(batch[:1]) for _ in batch]
        result["times"][hop] = timed(fast, args.rounds, args.batch_size) | timed(slow, max(1, args.rounds // 3), 1)
    if args.measure == 1:
        result |= others(args, batch)
    return result


def others(args: argparse.Namespace, batch: Any) -> dict[str, Any]:
    import numpy as np
    import tensorflow as tf

    from irmas_tf.dsp.morlet import hop_averaged
    from irmas_tf.dsp.morlet_bank import MorletBank
    from irmas_tf.layers.morlet import MorletScalogram

    bank, waves = MorletBank(RATE_HZ, MIN_HZ, MAX_HZ, BINS), signals(3.0, args.audio)
    errors, curve, growth, scales = {}, {}, {}, {}
    for hop in args.hops:
        exact = {name: hop_averaged(wave, bank, hop) for name, wave in waves.items()}
        layers = {
            bound: tf.function(MorletScalogram(RATE_HZ, hop, max_sampling_error=bound, log_offset=None))
            for bound in BOUNDS
        }
        table = {
            bound: {
                name: per_octave(layer(wave[np.newaxis].astype(np.float32))[0].numpy(), exact[name])
                for name, wave in waves.items()
            }
            for bound, layer in layers.items()
        }
        errors[hop] = table[BOUNDS[1]]
        runs = {str(bound): lambda f=f: f(tf.constant(batch)).numpy() for bound, f in layers.items()}
        times, curve[hop] = timed(runs, args.rounds, len(batch)), {}
        for bound, rows in table.items():
            worst = max(max(values) for name, values in rows.items() if name != "white noise")
            curve[hop][str(bound)] = [times[str(bound)], max(rows["white noise"]), worst]
    hop = args.hops[-1]
    for bins in (24, 48, 96):
        scales[bins] = timed(
            {name: lambda f=f: f(batch[:1]) for name, f in candidates(hop, bins).items()}, max(1, args.rounds // 3), 1
        )
    functions = candidates(hop)
    for seconds in LENGTHS[: 3 if args.quick else None]:
        wave = (0.1 * np.random.default_rng(0).standard_normal((1, seconds * RATE_HZ))).astype(np.float32)
        chosen = {n: f for n, f in functions.items() if n in (OURS, LOG_MEL) or seconds <= PEER_LENGTH_LIMIT}
        runs = {name: lambda f=f, wave=wave: f(wave) for name, f in chosen.items()}
        growth[seconds] = timed(runs, 1 if args.quick else 2, 1)
    return {"errors": errors, "curve": curve, "growth": growth, "bins": scales}


def memory(name: str, seconds: int, hop: int) -> float:
    """Return by how many MB the peak memory rises when a candidate sees a clip (in this process, once)."""
    import numpy as np

    function = candidates(hop)[name]
    function(np.zeros((1, RATE_HZ), np.float32))
    wave = (0.1 * np.random.default_rng(0).standard_normal((1, seconds * RATE_HZ))).astype(np.float32)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    function(wave)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def plot(path: str, audio: list[str], hop: int) -> None:
    """Draw our scalogram, the exact one and a log-mel of one excerpt, on the same time and frequency axes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    from irmas_tf.dsp.frequency_scale import band_edges_hz
    from irmas_tf.dsp.morlet import hop_averaged
    from irmas_tf.dsp.morlet_bank import MorletBank
    from irmas_tf.layers.spectrogram import Spectrogram

    waves = signals(3.0, audio)
    name = Path(audio[0]).name if audio else "plucked notes"
    wave = np.asarray(waves[name])
    functions = candidates(hop)
    bank = MorletBank(RATE_HZ, MIN_HZ, MAX_HZ, BINS)
    edges = MIN_HZ * (MAX_HZ / MIN_HZ) ** ((np.arange(BINS + 1) - 0.5) / BINS)
    batch = wave[np.newaxis].astype(np.float32)
    mel = Spectrogram(RATE_HZ, 2048, hop, BINS)
    mel_edges = band_edges_hz("mel", BINS, 30.0, RATE_HZ / 2)
    mel_borders = (mel_edges[:-1] + mel_edges[1:]) / 2
    level = np.sqrt(2048 / 6)  # what a sine of amplitude 1 reads
    panels = [
        ("MorletScalogram (octave pyramid)", functions[OURS](batch)[0], edges),
        ("Exact Morlet transform (FFT, float64)", hop_averaged(wave, bank, hop), edges),
        ("Log-mel, 2048-point STFT", (np.exp(mel(batch)[0].numpy()) - 1e-3) / level, mel_borders),
    ]
    figure, axes = plt.subplots(1, 3, figsize=(15, 4.8), sharex=True, sharey=True, layout="constrained")
    for axis, (title, values, bands) in zip(axes, panels, strict=True):
        decibels = 20 * np.log10(np.maximum(values, 1e-6))
        at = np.arange(len(values) + 1) * hop / RATE_HZ
        image = axis.pcolormesh(at, bands, decibels.T, vmin=-80, vmax=-5, cmap="magma", shading="flat", rasterized=True)
        axis.set(title=title, xlabel="time [s]", yscale="log", ylim=(MIN_HZ, MAX_HZ), xlim=(0, len(wave) / RATE_HZ))
        ticks = {50: "50", 100: "100", 200: "200", 500: "500", 1000: "1k", 2000: "2k", 5000: "5k", 10000: "10k"}
        axis.set_yticks(list(ticks), list(ticks.values()))
        axis.minorticks_off()
        axis.set_facecolor("black")
    axes[0].set_ylabel("frequency [Hz]")
    figure.colorbar(image, ax=axes, label="level of a sine [dB re full scale]", pad=0.01)
    figure.suptitle(f"{name}, {BINS} bins, hop {hop}")
    figure.savefig(path, dpi=110)
    print(f"{path} written")


def print_tables(results: dict[int, dict[str, Any]], args: argparse.Namespace) -> None:
    for hop in map(str, args.hops):
        heads = " | ".join(f"{n} thread(s): ms/excerpt | times ours | times log-mel" for n in results)
        print(f"\n| hop {hop} | {heads} |\n" + "|---" * (1 + 3 * len(results)) + "|")
        for name in next(iter(results.values()))["times"][hop]:
            cells = []
            for result in results.values():
                rows = result["times"][hop]
                batch = ", batch of 1" if name.endswith("batch of 1") else ""
                ratios = (rows[name] / rows[peer + batch] for peer in (OURS, LOG_MEL))
                cells.append(" | ".join([f"{rows[name]:.2f}", *(f"{ratio:.2f}" for ratio in ratios)]))
            print(f"| {name} | " + " | ".join(cells) + " |")
    one = results.get(1)
    if one is None:
        return
    for hop, rows in one["errors"].items():
        print(f"\n| error in % by octave, hop {hop} | " + " | ".join(f"{40 * 2**j} Hz" for j in range(8)) + " |")
        print("|---" * 9 + "|")
        for name, values in rows.items():
            print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in values) + " |")
        print(f"\n| max_sampling_error, hop {hop} | ms/excerpt | worst octave, noise % | worst octave, others % |")
        print("|---" * 4 + "|")
        for bound, (ms, noise, rest) in one["curve"][hop].items():
            print(f"| {bound} | {ms:.2f} | {noise:.2f} | {rest:.2f} |")
    for title, key in (("clip length in s", "growth"), ("number of bins, 3 s", "bins")):
        names = list(next(iter(one[key].values())))
        print(f"\n| {title} | " + " | ".join(f"{name}: ms" for name in names) + " |")
        print("|---" * (1 + len(names)) + "|")
        for value, rows in one[key].items():
            print(f"| {value} | " + " | ".join(f"{rows[n]:.1f}" if n in rows else "not run" for n in names) + " |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--audio", nargs="*", default=[], help="audio files for the error, besides synthetic signals")
    parser.add_argument("--hops", type=int, nargs="+", default=[256, 512], help="hops in samples (default 256 512)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads (default 1 2)")
    parser.add_argument("--batch_size", type=int, default=16, help="excerpts per batch (default 16)")
    parser.add_argument("--rounds", type=int, default=9, help="timed turns of every candidate (default 9)")
    parser.add_argument("--quick", action="store_true", help="3 rounds, clips of up to 30 s")
    parser.add_argument("--plot", metavar="FILE", help="draw three scalograms of the first file, and nothing else")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.rounds = min(args.rounds, 3) if args.quick else args.rounds
    if args.plot:
        plot(args.plot, args.audio, args.hops[0])
        return 0
    if args.measure:
        print(json.dumps(measure(args)))
        return 0
    if args.memory:
        print(json.dumps(memory(args.memory[0], int(args.memory[1]), args.hops[-1])))
        return 0

    def child(threads: int, *arguments: str) -> Any:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        environment = os.environ | KEEP_MEMORY | dict.fromkeys(names, str(threads)) | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        # Both lists at the end: they would swallow a value. One thread for ssqueezepy means its serial code.
        environment |= {"SSQ_PARALLEL": "0" if threads == 1 else "1", "CUDA_VISIBLE_DEVICES": "-1"}
        command = [sys.executable, __file__, *arguments, f"--batch_size={args.batch_size}", f"--rounds={args.rounds}"]
        command += ["--hops", *map(str, args.hops)] + (["--quick"] if args.quick else [])
        command += ["--audio", *args.audio] if args.audio else []
        output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
        return json.loads(output.splitlines()[-1])

    print(f"batches of {args.batch_size} excerpts of 3 s (slow peers one at a time), medians of {args.rounds} rounds,"
          f" {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} before the start")  # fmt: skip
    print_tables({threads: child(threads, f"--measure={threads}") for threads in args.threads}, args)
    lengths = LENGTHS[:3] if args.quick else LENGTHS
    heads = (f"{name}: MB above idle" for name in (OURS, LOG_MEL, "FFT bank in TensorFlow"))
    print("\n| clip length in s | " + " | ".join(heads) + " |")
    print("|---" * 4 + "|")
    for seconds in lengths:
        cells = [f"{child(1, '--memory', name, str(seconds)):.0f}" for name in (OURS, LOG_MEL)]
        name = "FFT bank in TensorFlow"
        cells.append(f"{child(1, '--memory', name, str(seconds)):.0f}" if seconds <= PEER_LENGTH_LIMIT else "not run")
        print(f"| {seconds} | " + " | ".join(cells) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
