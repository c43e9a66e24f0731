#!/usr/bin/env bash
# What does one more entry in a .keras file (a note of one's own beside the weights) change for who loads it?
#
# Guess:  nothing. A .keras file is a zip archive, Keras reads metadata.json, config.json and model.weights.h5 from it, and an entry
#         that it does not know costs nothing.
# Found:  from four entries on Keras takes the model for one with assets and unpacks the whole archive, the weights included, into a new folder
#         among the system's temporary files, at every load; with three it reads in memory. So a load needs as much free space as
#         the file has, fails where TMPDIR is full or read-only although the model needs none of it, and takes the time of writing it.
#         The answers are the same.
# Seen:   2026-11-29, Keras 3.15.1 with the NumPy backend, Linux, Python 3.11; the same with TensorFlow 2.21.0.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install keras==3.15.1 numpy==2.4.6 scipy==1.17.0 jax==0.10.2 2>/dev/null

cd "$work"
KERAS_BACKEND=numpy "$work/env/bin/python" - 2>/dev/null <<'PY'
import os
import tempfile
import zipfile

import keras
import numpy as np

made = []
make = tempfile.mkdtemp


def noted(*arguments, **keywords):
    made.append(make(*arguments, **keywords))
    return made[-1]


def unpacked(load):
    """Return what a load unpacks: a folder that is still there when the first file of it is opened says so."""
    seen = {}
    opened = zipfile.ZipFile.extractall

    def extract(archive, path=None, *rest, **keywords):
        opened(archive, path, *rest, **keywords)
        seen.update({name: os.path.getsize(os.path.join(path, name)) for name in os.listdir(path)})

    zipfile.ZipFile.extractall = extract
    made.clear()
    try:
        model = load()
    finally:
        zipfile.ZipFile.extractall = opened
    return model, len(made), seen


tempfile.mkdtemp = noted
model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(1000)])
model.save("plain.keras")
with open("plain.keras", "rb") as source, open("noted.keras", "wb") as target:
    target.write(source.read())
with zipfile.ZipFile("noted.keras", "a") as archive:
    archive.writestr("notes.json", "{}")
print("Keras", keras.__version__)
answers = []
for name, folders in (("plain.keras", 0), ("noted.keras", 1)):
    loaded, count, files = unpacked(lambda: keras.models.load_model(name))
    print(f"{name}: {len(zipfile.ZipFile(name).namelist())} entries, {count} temporary folders, unpacked {files}")
    assert count == folders and bool(files) == bool(folders)
    assert not folders or files["model.weights.h5"] > 250_000
    answers.append(np.asarray(loaded.predict(np.ones((1, 64), np.float32), verbose=0)))
assert (answers[0] == answers[1]).all()
PY
echo "As written in this script."
