#!/usr/bin/env bash
# Which Keras reads a .keras file that another minor release of Keras wrote?
#
# Guess:  within Keras 3 a model of standard layers at their default settings is read by the release before; where not, the
#         error names the versions, since metadata.json in the file has "keras_version".
# Found:  each minor release adds constructor arguments and writes them even at their default, and readers refuse unknown
#         ones: a file of 3.15 with a Dense or Conv1D layer is not read by 3.14 (GlorotUniform's "input_axes"), one of 3.14
#         with batch normalisation not by 3.13 ("renorm"). The message speaks of an unexpected argument, never of versions.
#         Newer releases read older files.
#         On the way: the NumPy backend of these releases imports scipy and jax, which keras does not require.
# Seen:   2026-11-28, Keras 3.13.2, 3.14.1 and 3.15.1 with the NumPy backend, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}
versions=(3.13.2 3.14.1 3.15.1)

for version in "${versions[@]}"; do
  "$python" -m venv "$work/$version"
  "$work/$version/bin/pip" --quiet --disable-pip-version-check install \
    "keras==$version" numpy==2.4.6 scipy==1.17.1 jax==0.10.2 2>/dev/null
done

cat >"$work/models.py" <<'PY'
import sys
import keras

LAYERS = {
    "dense": lambda: keras.layers.Dense(2),
    "conv": lambda: keras.layers.Conv1D(2, 3),
    "batch_norm": lambda: keras.layers.BatchNormalization(),
    "dropout": lambda: keras.layers.Dropout(0.1),
}
action, folder, writer = sys.argv[1:]
words = []
for name, make in LAYERS.items():
    path = f"{folder}/{writer}_{name}.keras"
    if action == "write":
        keras.Sequential([keras.Input((8, 4)), make()]).save(path)
        continue
    try:
        keras.saving.load_model(path)
        words.append(f"{name}=read")
    except TypeError as error:
        reason = next(word for word in ("input_axes", "renorm") if word in str(error))
        versions = writer in str(error) or keras.__version__ in str(error)
        words.append(f"{name}=refused({reason}{', names versions' if versions else ''})")
if action == "read":
    print(f"Keras {keras.__version__} reads a file of {writer}:", *words)
PY

export KERAS_BACKEND=numpy
for version in "${versions[@]}"; do "$work/$version/bin/python" "$work/models.py" write "$work" "$version"; done
for reader in "${versions[@]}"; do
  for writer in "${versions[@]}"; do "$work/$reader/bin/python" "$work/models.py" read "$work" "$writer"; done
done | tee "$work/seen"

diff - "$work/seen" <<'TXT' && echo "As written in this script."
Keras 3.13.2 reads a file of 3.13.2: dense=read conv=read batch_norm=read dropout=read
Keras 3.13.2 reads a file of 3.14.1: dense=read conv=read batch_norm=refused(renorm) dropout=read
Keras 3.13.2 reads a file of 3.15.1: dense=refused(input_axes) conv=refused(input_axes) batch_norm=refused(renorm) dropout=read
Keras 3.14.1 reads a file of 3.13.2: dense=read conv=read batch_norm=read dropout=read
Keras 3.14.1 reads a file of 3.14.1: dense=read conv=read batch_norm=read dropout=read
Keras 3.14.1 reads a file of 3.15.1: dense=refused(input_axes) conv=refused(input_axes) batch_norm=read dropout=read
Keras 3.15.1 reads a file of 3.13.2: dense=read conv=read batch_norm=read dropout=read
Keras 3.15.1 reads a file of 3.14.1: dense=read conv=read batch_norm=read dropout=read
Keras 3.15.1 reads a file of 3.15.1: dense=read conv=read batch_norm=read dropout=read
TXT
