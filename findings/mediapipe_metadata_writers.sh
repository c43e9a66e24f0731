#!/usr/bin/env bash
# Can MediaPipe's Python package write the metadata (labels, input ranges) that its own tasks read?
#
# Guess:  yes: the wheel holds mediapipe.tasks.python.metadata with a writer for each kind of task, as it always did.
# Found:  the modules are in the wheel and cannot be imported since 0.10.30: metadata.py needs mediapipe.tasks.cc, native code that is no
#         longer built in. So neither the writers nor the reader (MetadataDisplayer) work in 1.2.3, the newest; in 0.10.21, the last wheel
#         with it, they do. The FlatBuffers schema beside them (mediapipe.tasks.metadata) imports, and is what is left to write metadata with.
# Seen:   2026-11-29, MediaPipe 0.10.21, 0.10.30, 1.0.0 and 1.2.3, Linux x86-64, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

# Without what it depends on, of which the metadata needs these two: the wheels alone tell.
"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install numpy==1.26.4 flatbuffers==25.12.19 absl-py==2.3.1 2>/dev/null
for version in 0.10.21 0.10.30 1.0.0 1.2.3; do
  "$work/env/bin/pip" --quiet --disable-pip-version-check install --no-deps --target "$work/$version" "mediapipe==$version" 2>/dev/null
  PYTHONPATH="$work/$version" "$work/env/bin/python" - "$work/$version" "$version" <<'PY'
import importlib
import sys
import types
from pathlib import Path

root, version = Path(sys.argv[1]), sys.argv[2]
# Packages as they are on the disk, without their __init__, which imports cameras and pictures.
for name in ("mediapipe", "mediapipe.tasks", "mediapipe.tasks.python"):
    module = types.ModuleType(name)
    module.__path__ = [str(root.joinpath(*name.split(".")))]
    sys.modules[name] = module
outcomes = {}
for name in ("mediapipe.tasks.metadata.metadata_schema_py_generated", "mediapipe.tasks.python.metadata.metadata"):
    assert root.joinpath(*name.split(".")).with_suffix(".py").is_file()
    try:
        importlib.import_module(name)
        outcomes[name] = "imports"
    except ModuleNotFoundError as error:
        outcomes[name] = str(error)
print(version, outcomes)
schema, metadata = outcomes.values()
assert schema == "imports"
assert metadata == ("imports" if version == "0.10.21" else "No module named 'mediapipe.tasks.cc'")
PY
done
echo "As written in this script."
