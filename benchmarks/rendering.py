"""How fast a corpus is rendered: excerpts per minute, and processor time per excerpt with that of all its processes.

    python benchmarks/rendering.py --excerpts=1000
    git worktree add ../before COMMIT; python benchmarks/rendering.py --before=../before --excerpts=500

With --before, an earlier checkout renders the same corpus at the same time, so that whatever else the machine does
slows both; then the ratio of processor times counts and excerpts per minute do not.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOUNDS = "fluid,musescore,freepats,organ,voice,additive,stk"
# Runs the command in one process whose children are all its own, and says what they took.
_CHILD = """
import resource, sys
from irmas_tf.soundfont import cli
if __name__ == "__main__":
    status = cli(sys.argv[1:])
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(sum(s.ru_utime + s.ru_stime for s in spent))
    sys.exit(status)
"""


def start(checkout: Path, out: str, flags: list[str]) -> subprocess.Popen[str]:
    """Start a checkout's command; its last line of output is the processor time in seconds."""
    script = Path(out).with_suffix(".py")  # workers import the main module, so it is a file
    script.write_text(_CHILD)
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    command = [sys.executable, str(script), f"--out={out}", *flags]
    return subprocess.Popen(
        command, cwd=checkout, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def main(arguments: list[str]) -> None:
    """Print a line per build."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--excerpts", type=int, default=1000)
    parser.add_argument("--before", type=Path, help="an earlier checkout, at the same time")
    parser.add_argument("--sounds", default=SOUNDS, help="as in irmas soundfont; empty: the default SoundFont alone")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    flags = [f"--excerpts={options.excerpts}", "--test_clips=0", f"--seed={options.seed}"]
    flags.append(f"--workers={options.workers}")
    if options.sounds:
        flags += [f"--sounds={options.sounds}", "--timbre_changes=all", "--randomization=all"]
    builds = {"now": ROOT} | ({"before": options.before.resolve()} if options.before else {})
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        running = {name: start(checkout, f"{folder}/{name}", flags) for name, checkout in builds.items()}
        for name, process in running.items():
            output, error = process.communicate()
            if process.returncode:
                raise SystemExit(f"{name}: {error[-2000:]}")
            spent = 1000 * float(output.split()[-1]) / options.excerpts
            alone = f", {60 * options.excerpts / (time.monotonic() - begun):.0f} excerpts per minute"
            print(f"{name}: {spent:.1f} ms of processor time per excerpt{'' if options.before else alone}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
