"""The page in a browser beside LiteRT on the same machine: speed, the first answer, weight, an hour of sound.

Every model answers for a song of three minutes in the page, with one worker and with as many as the page takes, and for
the same windows in LiteRT with one thread. CPU times are of all the browser's processes while the song is analysed, and
of the interpreter's thread: on a busy machine they say more than the time that passed. Models of configurations are
untrained, which changes neither size nor speed.

    python benchmarks/browser.py --configs morlet mn04 three_branch
    python benchmarks/browser.py irmas.tflite --hour
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import sys
import tempfile
import threading
import time
import wave
import zipfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np  # noqa: E402

from irmas_tf.audio.windows import window_starts  # noqa: E402
from irmas_tf.browser import litert  # noqa: E402
from irmas_tf.browser.browsers import version_of  # noqa: E402
from irmas_tf.browser.page_check import ask_page  # noqa: E402
from irmas_tf.browser.page_export import Page, write_page  # noqa: E402
from irmas_tf.streaming import read_model_facts  # noqa: E402

SONG_SECONDS, RATE_HZ = 180, 44100
TICKS = os.sysconf("SC_CLK_TCK")


def untrained(name: str, quantization: str, folder: Path) -> Path:
    """Write the .tflite file of a configuration, with the facts that the page needs."""
    import keras

    from irmas_tf.config.flags import ALL, Command, parse_flags
    from irmas_tf.deploy.tflite import convert
    from irmas_tf.models.factory import build_model

    command = Command("benchmarks/browser", "Read a configuration.", config_fields=ALL)
    config = parse_flags(command, [f"--flagfile={ROOT / 'configs' / name}.flags"]).config()
    keras.utils.set_random_seed(0)
    path = folder / f"{name}_{quantization}.tflite"
    path.write_bytes(convert(build_model(config), config, quantization, None))
    audio, codes = config.audio, config.labels.codes
    facts = {
        "name": name, "kind": "multi_label", "labels": codes, "label_names": config.labels.names,
        "thresholds": dict.fromkeys(codes, 0.5), "sample_rate_hz": audio.sample_rate_hz,
        "window_samples": audio.window_samples, "window_hop_samples": audio.window_hop_samples,
        "quantization": quantization,
    }  # fmt: skip
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("irmas_tf.json", json.dumps(facts))
    return path


def write_song(path: Path) -> None:
    """Write the song, stereo, as a WAV file of open size: it may be repeated."""
    rng = np.random.default_rng(0)
    time = np.arange(SONG_SECONDS * RATE_HZ) / RATE_HZ
    tones = sum(0.1 * np.sin(2 * np.pi * hertz * time) for hertz in (110.0, 261.6, 329.6, 1760.0))
    song = tones[:, None] * (0.6 + 0.4 * np.sin(time))[:, None] + 0.02 * rng.standard_normal([len(time), 2])
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((song * 32767).astype("<i2").tobytes())
    with open(path, "r+b") as file:
        for place in (4, 40):
            file.seek(place)
            file.write(struct.pack("<I", 0xFFFFFFFF))


def native_seconds(model: Path, most_windows: int = 60) -> tuple[float, int]:
    """Return (CPU seconds that LiteRT takes for the song with one thread, the number of windows)."""
    from ai_edge_litert.interpreter import Interpreter

    facts = read_model_facts(model)
    rate, window, hop = (facts[name] for name in ("sample_rate_hz", "window_samples", "window_hop_samples"))
    windows = len(window_starts(SONG_SECONDS * rate, window, hop))
    run = Interpreter(str(model), num_threads=1).get_signature_runner("serving_default")
    samples = np.random.default_rng(0).normal(0.0, 0.1, [1, window]).astype(np.float32)
    run(waveform=samples)
    before, count = time.thread_time(), min(windows, most_windows)
    for _ in range(count):
        run(waveform=samples)
    return (time.thread_time() - before) * windows / count, windows


def processes(root: int) -> Iterator[int]:
    """Yield a process and all that it started."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    waiting = [root]
    while waiting:
        yield (pid := waiting.pop())
        waiting += parents.get(pid, [])


def used(root: int) -> tuple[float, float]:
    """Return (CPU seconds, MB of memory that is not shared) of a process and all that it started."""
    seconds = megabytes = 0.0
    for pid in processes(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        seconds += (int(fields[11]) + int(fields[12])) / TICKS
        megabytes += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_")) / 1024
    return seconds, megabytes


def measure(page: Page, sounds: Path, browser: str, workers: int, repeat: int = 1) -> dict[str, Any]:
    """Return what the page says of the song, with the CPU time and the growth of memory while it was analysed."""
    marks: dict[str, float] = {}
    over = threading.Event()

    def watch(pid: int) -> None:
        while not over.wait(2.0):
            marks["highest"] = max(marks["highest"], used(pid)[1])

    def on_answer(answer: dict[str, Any], pid: int) -> None:
        if answer.get("stage") == "decoded":
            marks["cpu"], marks["before"] = used(pid)
            marks["highest"] = marks["before"]
            threading.Thread(target=watch, args=(pid,), daemon=True).start()
        elif "name" in answer:
            over.set()
            marks["cpu"] = used(pid)[0] - marks["cpu"]

    options = {"workers": workers} if workers else {}
    sound = {"name": "song.wav", "repeat": repeat}
    answers = ask_page(page.folder, sounds, [sound], browser, on_answer=on_answer, options=options, step_seconds=3000.0)
    (answer,) = (answer for answer in answers if "name" in answer)
    if "failed" in answer or answers[-1]["problems"]:
        raise SystemExit(f"{answer.get('failed', '')} {answers[-1]['problems']}")
    return {**answer, **marks}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help=".tflite files that irmas_tf exported")
    parser.add_argument("--configs", nargs="*", default=[], help="configurations of configs/, untrained")
    parser.add_argument("--quantization", default="float16", choices=("none", "float16"), help="of --configs")
    parser.add_argument("--browser", default="chromium", choices=("chromium", "firefox"))
    parser.add_argument("--rounds", type=int, default=3, help="of every measurement, whose median counts (default 3)")
    parser.add_argument("--hour", action="store_true", help="an hour of sound as well: memory and long tasks")
    args = parser.parse_args()
    package = litert.get_package()
    print(f"{version_of(args.browser)}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}; a song of"
          f" {SONG_SECONDS} s, stereo, {RATE_HZ} Hz\n")  # fmt: skip
    print("| model | visit MB | windows | LiteRT, CPU s | page, CPU s | ratio | page, s | ratio | all workers, s |"
          " ratio | first answer, s | longest task, ms |")  # fmt: skip
    print("|---" * 12 + "|", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_song(folder / "song.wav")
        pages = []
        for name in [*args.models, *args.configs]:
            model = Path(name) if name in args.models else untrained(name, args.quantization, folder)
            pages.append((model, write_page(model, package, folder / f"page{len(pages)}")))
        for model, page in pages:
            rounds = [(native_seconds(model), measure(page, folder, args.browser, 1),
                       measure(page, folder, args.browser, 0)) for _ in range(args.rounds)]  # fmt: skip
            windows = rounds[0][0][1]
            native = median(seconds for (seconds, _), _, _ in rounds)
            cpu = median(single["cpu"] for _, single, _ in rounds)
            alone = median(single["times"]["analyse"] / 1000 for _, single, _ in rounds)
            pooled = median(every["times"]["analyse"] / 1000 for _, _, every in rounds)
            first = max(single["times"]["first"] / 1000 for _, single, _ in rounds)
            tasks = [single["times"]["longestTask"] for _, single, _ in rounds]
            task = "-" if None in tasks else f"{max(tasks):.0f}"
            print(f"| {model.stem} | {page.visit_bytes() / 1e6:.2f} | {windows} | {native:.2f} | {cpu:.2f} |"
                  f" {cpu / native:.2f} | {alone:.2f} | {alone / native:.2f} | {pooled:.2f} | {pooled / native:.2f} |"
                  f" {first:.2f} | {task} |", flush=True)  # fmt: skip
        for model, page in pages if args.hour else []:
            hour = measure(page, folder, args.browser, 1, repeat=3600 // SONG_SECONDS)
            print(f"\n{model.stem}, {hour['durationSeconds']:.0f} s: {len(hour['startSeconds'])} windows in"
                  f" {hour['times']['analyse'] / 1000:.0f} s; memory {hour['before']:.0f} MB before, at most"
                  f" {hour['highest']:.0f} MB meanwhile; longest task {hour['times']['longestTask']} ms")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
