#!/usr/bin/env bash
# Which files does the pattern *.wav match in Apache Beam, with the files in the current folder?
#
# Guess:  those in the current folder, as in a shell and in Python's glob.
# Found:  none, and nobody says so: fileio.MatchFiles("*.wav") gives an empty collection and the pipeline ends as DONE, since a pattern with
#         a wildcard may match nothing. ./*.wav matches them, and so does a name without a wildcard.
# Seen:   2026-11-28, Apache Beam 2.77.0 (Python SDK), Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install apache-beam==2.77.0 2>/dev/null
mkdir "$work/music"
cd "$work/music"
"$work/env/bin/python" - <<'PY' 2>"$work/errors" | tee "$work/seen"
import glob
import wave

import apache_beam as beam
from apache_beam.io import fileio
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

for name in ("a.wav", "b.wav"):
    with wave.open(name, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(1600))


def matched(pattern):
    """Return how the pipeline ended and what it found; the runner is the one in this process."""
    pipeline = beam.Pipeline(runner=FnApiRunner())
    files = pipeline | fileio.MatchFiles(pattern) | beam.Map(lambda file: file.path)
    files | beam.combiners.ToList() | beam.Map(lambda found: open("found.txt", "w").write(" ".join(sorted(found))))
    result = pipeline.run()
    state = result.wait_until_finish()
    with open("found.txt") as file:
        return state, file.read()


print(f"Apache Beam {beam.version.__version__}")
print("Python's glob *.wav:", *sorted(glob.glob("*.wav")))
for pattern in ("*.wav", "./*.wav", "a.wav"):
    state, found = matched(pattern)
    print(f"{pattern}: {state}, {found or 'no files'}")
PY

diff - "$work/seen" <<'TXT' && echo "As written in this script."
Apache Beam 2.77.0
Python's glob *.wav: a.wav b.wav
*.wav: DONE, no files
./*.wav: DONE, ./a.wav ./b.wav
a.wav: DONE, a.wav
TXT
