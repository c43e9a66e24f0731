"""A thousand mixed good and bad requests to a SavedModel, loaded in a session as TF Serving loads it.

Good ones must be answered with finite numbers that are the same each time, bad ones refused as INVALID_ARGUMENT with
the sentence that names their fault, and the memory must not grow. Prints counts by kind, times, and the resident memory
along the way; the exit status is 1 if anything was otherwise. Without ``--saved_model`` the model of a configuration
with random weights is exported first.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import statistics
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import soundfile  # noqa: E402
import tensorflow as tf  # noqa: E402

from benchmarks.exports import untrained_run  # noqa: E402
from irmas_tf.deploy.check_signals import check_signals, wav_bytes  # noqa: E402
from irmas_tf.deploy.export_inputs import load_run  # noqa: E402
from irmas_tf.deploy.saved_model import read_facts, write_saved_model  # noqa: E402
from irmas_tf.deploy.session_model import SessionModel  # noqa: E402

MAX_GROWTH_MB = 20.0
WARM_UP = 0.3  # share of the requests after which memory is expected to stay


class Request(NamedTuple):
    """A kind of request: how often it comes, the signature, its input, and what the refusal must say (empty: none)."""

    share: int
    signature: str
    value: np.ndarray
    refusal: str = ""


def requests(rate_hz: int, long_seconds: float) -> dict[str, Request]:
    """Return the kinds of requests."""
    sound = check_signals(rate_hz, 3 * rate_hz, {})["chirp"]
    good = wav_bytes(sound, rate_hz, 1, "PCM_16", "WAV")
    wrong_rate = good[:24] + struct.pack("<I", 12345) + good[28:]
    with_nan = sound.copy()
    with_nan[len(sound) // 2] = np.nan
    stream = io.BytesIO()
    soundfile.write(stream, with_nan, rate_hz, "FLOAT", format="WAV")
    minutes = np.tile(sound, round(long_seconds / 3))
    lengths = [wav_bytes(sound[: 400 * (k + 1)], 44100, 1 + k % 2, "PCM_16", "WAV") for k in range(64)]

    def files(*contents: bytes) -> np.ndarray:
        return np.array(contents, object)

    return {
        "waveform, 3 s": Request(22, "serving_default", sound[None]),
        "waveform, batch of 8": Request(4, "serving_default", np.stack([sound] * 8)),
        "activity, 3 s": Request(10, "activity", sound[None]),
        "WAV, 16 bit": Request(16, "classify_audio", files(good)),
        "WAV, 24 bit 48 kHz stereo": Request(8, "classify_audio", files(wav_bytes(sound, 48000, 2, "PCM_24", "WAVEX"))),
        "WAV, one sample": Request(5, "classify_audio", files(wav_bytes(sound[:1], rate_hz, 1, "FLOAT", "WAV"))),
        "WAV, 64 of different lengths": Request(1, "classify_audio", files(*lengths)),
        f"waveform, {long_seconds:g} s": Request(1, "serving_default", minutes[None]),
        "bad: wrong rate in the header": Request(6, "classify_audio", files(good, wrong_rate), "rate of 12345 Hz"),
        "bad: no bytes": Request(6, "classify_audio", files(b""), "not a RIFF WAV file"),
        "bad: no samples": Request(
            5, "classify_audio", files(wav_bytes(sound[:0], rate_hz, 1, "PCM_16", "WAV")), "holds no samples"
        ),
        "bad: truncated": Request(6, "classify_audio", files(good[: len(good) // 2]), "send the whole file"),
        "bad: NaN in a WAV": Request(5, "classify_audio", files(stream.getvalue()), "holds NaN"),
        "bad: NaN in a waveform": Request(5, "serving_default", with_nan[None], "holds NaN"),
        "bad: empty waveform": Request(3, "activity", np.zeros([2, 0], np.float32), "holds no samples"),
        "bad: random bytes": Request(
            3, "classify_audio", files(random.Random(0).randbytes(5000)), "not a RIFF WAV file"
        ),
    }


def resident_mb() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def ask(model: SessionModel, request: Request, earlier: dict[str, np.ndarray] | None) -> tuple[str, Any]:
    """Return (what went wrong, or an empty string; the answer)."""
    try:
        answer = model(request.signature, request.value)
    except tf.errors.InvalidArgumentError as error:
        if request.refusal and request.refusal in str(error):
            return "", None
        return f"refused: {str(error).splitlines()[0][:150]}", None
    if request.refusal:
        return "answered", None
    if not all(np.isfinite(values).all() for values in answer.values()):
        return "answered with NaN", answer
    if earlier and any(np.abs(answer[name] - earlier[name]).max() > 1e-3 for name in answer):
        return "answered differently", answer
    return "", answer


def soak(folder: Path, count: int, long_seconds: float) -> int:
    """Send the requests and print the report; returns the exit status."""
    facts = read_facts(folder)
    kinds = requests(facts["sample_rate_hz"], long_seconds)
    names = [*kinds] * 2 + random.Random(1).choices([*kinds], [kind.share for kind in kinds.values()], k=count)
    names = names[:count]
    random.Random(2).shuffle(names)
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    earlier: dict[str, Any] = {}
    faults: dict[str, list[str]] = {name: [] for name in kinds}
    memory = []
    with contextlib.closing(SessionModel(folder)) as model:
        for name in names:
            start = time.perf_counter()
            fault, answer = ask(model, kinds[name], earlier.get(name))
            seconds[name].append(time.perf_counter() - start)
            earlier.setdefault(name, answer)
            if fault:
                faults[name].append(fault)
            memory.append(resident_mb())
    print("| request | sent | as it must be | ms, median | ms, longest |\n|---|---|---|---|---|")
    for name, times in seconds.items():
        right = len(times) - len(faults[name])
        milliseconds = [1e3 * value for value in times] or [float("nan")]
        print(
            f"| {name} | {len(times)} | {right} | {statistics.median(milliseconds):.1f} | {max(milliseconds):.1f} |"
            + (f" {faults[name][0]}" if faults[name] else "")
        )
    warm = int(WARM_UP * count)
    tail = memory[-(count // 10) :]
    growth = statistics.median(tail) - statistics.median(memory[warm : warm + count // 10])
    marks = [memory[min(count - 1, round(share * (count - 1)))] for share in (0, 0.1, 0.25, 0.5, 0.75, 1)]
    bad = sum(len(seconds[name]) for name, kind in kinds.items() if kind.refusal)
    wrong = sum(map(len, faults.values()))
    print(
        f"\n{count} requests, {bad} of them bad; {wrong} not as they must be; the process is alive.\n"
        f"Resident memory, MB, after 0, 10, 25, 50, 75 and 100 %: {', '.join(f'{mark:.0f}' for mark in marks)};"
        f" from the {100 * WARM_UP:.0f} % mark to the end {growth:+.1f} MB (allowed: {MAX_GROWTH_MB:g})."
    )
    return 1 if wrong or growth > MAX_GROWTH_MB else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--saved_model", help="folder of a version")
    parser.add_argument("--config", default="three_branch", help="of configs/, without --saved_model")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--long_seconds", type=float, default=600.0, help="length of the longest clip")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments.saved_model or Path(temporary) / "1")
        if not arguments.saved_model:
            loaded = load_run(str(untrained_run(arguments.config, Path(temporary)).path))
            write_saved_model(loaded.model, loaded.config, loaded.facts, folder)
        return soak(folder, arguments.requests, arguments.long_seconds)


if __name__ == "__main__":
    sys.exit(main())
