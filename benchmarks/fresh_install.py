"""From nothing to an answer: the wheel of this checkout in an environment of its own, then a command without network.

    python benchmarks/fresh_install.py [--sound=song.mp3] [--model=mn04 --weights=mn04_as_mAP_432.pt] [--keep=FOLDER]

Prints the size of the wheel and of what is installed, the seconds of the installation and of the first and second
answer (processor time too, which other work on the machine does not change), the exit statuses, and the answer. While
it answers, sockets of the process that lead anywhere raise an error.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
BUILD = "import sys, setuptools.build_meta as backend; backend.build_wheel(sys.argv[1])"
NO_NETWORK = """
import socket
def refused(self, address):
    raise OSError(f"no network here, {address} was asked for")
socket.socket.connect = socket.socket.connect_ex = refused
"""


def size_of(folder: Path) -> float:
    """Return the megabytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


def write_sound(path: Path) -> Path:
    """Write three seconds of a made tone, and return the path."""
    time_s = np.arange(3 * 44100) / 44100
    tone = sum(np.sin(2 * np.pi * 220 * k * time_s) / k for k in range(1, 9)) * np.exp(-time_s)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 44100, 0, "NONE", ""))
        file.writeframes((6000 * tone).astype("<i2").tobytes())
    return path


def timed(*command: str | Path, env: dict[str, str] | None = None) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run a command; return what it did, and its seconds."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, env=env, cwd="/")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done, f"{time.perf_counter() - start:.1f} s, {processor:.1f} s of processor time"


def main() -> int:
    """Print what was measured; the exit status is that of the first answer."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sound", type=Path, help="file to ask about (default: a made tone)")
    parser.add_argument("--model", default="", help="name of a model; default: none, so that the package's answers")
    parser.add_argument("--weights", type=Path, help="published file, put into the cache folder by hand")
    parser.add_argument("--no_compile", action="store_true", help="install without bytecode, as pip --no-compile does")
    parser.add_argument("--keep", type=Path, help="work here, and leave it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        source = folder / "source"  # setuptools leaves its own folders where it works
        left_out = shutil.ignore_patterns(".*", "build", "__pycache__", "*.egg-info")
        shutil.copytree(ROOT, source, ignore=left_out, dirs_exist_ok=True)
        subprocess.run([sys.executable, "-c", BUILD, folder], cwd=source, check=True, capture_output=True)
        (wheel,) = folder.glob("*.whl")
        print(f"wheel: {wheel.stat().st_size / 1e6:.2f} MB")
        environment = folder / "environment"
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        empty = size_of(environment)
        flags = ["--no-cache-dir", "--quiet", *(["--no-compile"] if options.no_compile else [])]
        done, took = timed(environment / "bin" / "pip", "install", *flags, wheel)
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            return done.returncode
        print(f"pip install: {took}; {size_of(environment) - empty:.0f} MB")
        (packages,) = environment.glob("lib/python*/site-packages")
        sizes = {path.name: size_of(path) for path in packages.iterdir() if path.is_dir()}
        largest = sorted(sizes.items(), key=lambda item: -item[1])[:8]
        print("largest folders, MB:", ", ".join(f"{name} {size:.1f}" for name, size in largest))
        (packages / "sitecustomize.py").write_text(NO_NETWORK, encoding="utf-8")
        if options.weights:
            target = folder / "cache" / "weights" / options.weights.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(options.weights.read_bytes())
        sound = options.sound.resolve() if options.sound else write_sound(folder / "tone.wav")
        command = [environment / "bin" / "irmas", "predict", *([f"--model={options.model}"] if options.model else [])]
        asked = {**os.environ, "IRMAS_TF_CACHE": str(folder / "cache")}
        statuses = []
        for title in ("first", "second"):
            done, took = timed(*command, sound, env=asked)
            statuses.append(done.returncode)
            print(f"{title} answer: {took}; exit status {done.returncode}")
        print(f"{done.stdout}{done.stderr}", end="")
        done, _ = timed(*command, folder / "no such file.mp3", env=asked)
        print(f"of a file that is not there: exit status {done.returncode}; {done.stderr.strip()}")
        return statuses[0]


if __name__ == "__main__":
    sys.exit(main())
