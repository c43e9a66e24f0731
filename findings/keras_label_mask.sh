#!/usr/bin/env bash
# Can a mask of unknown labels, as OpenMIC-2018 has it (clips x classes), be given to Keras' losses and metrics as sample_weight?
#
# Guess:  yes: each label's loss is multiplied by its weight, as keras.metrics.AUC(multi_label=True) and BinaryAccuracy do it; or
#         it is refused.
# Found:  metrics do. BinaryCrossentropy takes the mean over the classes first, so that a weight per label no longer fits: it is
#         refused, unless the batch happens to have as many clips as there are classes. Then clip j's mean over all classes, the
#         unknown ones included, is multiplied by the mask of class j of every clip, and no error says so. A batch of one clip
#         (the last of an epoch, say) is not refused either, and its unknown labels count.
#         With another axis at the end, loss(y[..., None], p[..., None], sample_weight=mask), the mask does what it says.
# Seen:   2026-11-29, Keras 3.15.1 with the NumPy backend, Linux, Python 3.11; the same with TensorFlow 2.21.0.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install \
  keras==3.15.1 numpy==2.4.6 scipy==1.17.1 jax==0.10.2 2>/dev/null

cat >"$work/mask.py" <<'PY'
import keras
import numpy as np

CLASSES = 20
rng = np.random.default_rng(0)
loss = keras.losses.BinaryCrossentropy(from_logits=True)


def batch(clips):
    labels, mask = rng.random([2, clips, CLASSES])
    return (labels < 0.5).astype("float32"), 2 * rng.standard_normal([clips, CLASSES]).astype("float32"), mask < 0.1


for clips in (1, 19, 20):
    labels, logits, known = batch(clips)
    each = np.logaddexp(0, logits) - labels * logits
    meanings = {
        "the loss of the known labels": (each * known).mean(),
        "all labels of clip j at the mask of class j": (each.mean(axis=1)[None, :] * known).mean()
        if clips in (1, CLASSES)
        else np.nan,
    }
    for shape, extra in (("[clips, classes]", ()), ("[clips, classes, 1]", (None,))):
        index = (..., *extra)
        try:
            value = float(loss(labels[index], logits[index], sample_weight=known.astype("float32")))
        except Exception as error:
            words = f"refused ({type(error).__name__})"
        else:
            words = next((name for name, meant in meanings.items() if abs(value - meant) < 1e-6), "something else")
        print(f"{clips:2d} clips, labels {shape}: {words}")

labels, logits, known = batch(4000)
p = 1 / (1 + np.exp(-logits))
metric = keras.metrics.AUC(multi_label=True, num_labels=CLASSES, num_thresholds=2000)
p[~known] = np.where(labels, 0.9 - p / 2, 0.1 + p / 2)[~known]  # of the unknown ones nearly all would be right
metric.update_state(labels, p, sample_weight=known.astype("float32"))
areas = []
for k in range(CLASSES):
    positive, negative = (p[known[:, k] & (labels[:, k] == t), k] for t in (1, 0))
    areas.append((positive[:, None] > negative).mean())
print("AUC(multi_label=True): that of the known labels" if abs(float(metric.result()) - np.mean(areas)) < 1e-3 else "AUC: else")
PY

KERAS_BACKEND=numpy "$work/env/bin/python" "$work/mask.py" | tee "$work/seen"

diff - "$work/seen" <<'TXT' && echo "As written in this script."
 1 clips, labels [clips, classes]: all labels of clip j at the mask of class j
 1 clips, labels [clips, classes, 1]: the loss of the known labels
19 clips, labels [clips, classes]: refused (ValueError)
19 clips, labels [clips, classes, 1]: the loss of the known labels
20 clips, labels [clips, classes]: all labels of clip j at the mask of class j
20 clips, labels [clips, classes, 1]: the loss of the known labels
AUC(multi_label=True): that of the known labels
TXT
