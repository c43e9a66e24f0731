#!/usr/bin/env bash
# What is the mean AUC over labels, by Keras, where a label has no positive clip in the set?
#
# Guess:  a label without a positive has no ROC curve, so it is NaN, as scikit-learn has it, or it is left out of the mean.
# Found:  keras.metrics.AUC(multi_label=True) counts it as 0, worse than guessing, and says nothing; ROC has a 0 for a label that every clip has, too.
#         One of 11 labels absent takes the figure of the same predictions from .96 to .88, three of them to .70; of a single label, 0.0 looks like
#         a network that has everything upside down. A small validation set, a fold or a subset of AudioSet's 527 labels is all it needs, and
#         figures of two such sets cannot be compared. curve="PR" has the same zeros for labels without a positive.
#         What helps: label_weights of 0 for these labels, which makes the mean that of the others.
# Seen:   2026-12-01, Keras 3.15.1 with TensorFlow 2.21.0 and with the NumPy backend, scikit-learn 1.9.1, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install \
  tensorflow-cpu==2.21.0 keras==3.15.1 scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1 jax==0.10.2 2>/dev/null

cat >"$work/absent.py" <<'PY'
import warnings

import keras
import numpy as np
import sklearn
from sklearn.metrics import average_precision_score, roc_auc_score

warnings.simplefilter("ignore")
backend = keras.backend.backend()
print("Keras", keras.__version__, "with", backend, "and scikit-learn", sklearn.__version__)
CLIPS, LABELS = 400, 11
generator = np.random.default_rng(0)
truth = (generator.random((CLIPS, LABELS)) < 0.2).astype(np.float32)
scores = (1 / (1 + np.exp(1.2 - 2.5 * truth - generator.standard_normal((CLIPS, LABELS))))).astype(np.float32)


def auc(truth, scores, **settings):
    metric = keras.metrics.AUC(multi_label=True, num_labels=truth.shape[1], **settings)
    metric.update_state(truth, scores)
    return float(np.asarray(metric.result()))


for curve, reference in (("ROC", roc_auc_score), ("PR", average_precision_score)):
    for absent in (0, 1, 3):
        present = truth.copy()
        present[:, :absent] = 0
        mean = auc(present, scores, curve=curve)
        single = np.array([reference(present[:, i], scores[:, i]) for i in range(LABELS)])
        others = float(single[absent:].mean())
        weights = [0.0] * absent + [1.0] * (LABELS - absent)
        weighted = auc(present, scores, curve=curve, label_weights=weights)
        print(f"{curve:3}, {absent} of {LABELS} labels without a positive: Keras {mean:.3f}, with label_weights {weighted:.3f}, others' mean {others:.3f}")
        assert abs(mean - others * (LABELS - absent) / LABELS) < 5e-3 and abs(weighted - others) < 5e-3
        if curve == "ROC":
            assert np.isnan(single[:absent]).all(), "scikit-learn has no figure for these labels"

none, every = np.zeros((CLIPS, 1), np.float32), np.ones((CLIPS, 1), np.float32)
figures = [auc(labels, scores[:, :1]) for labels in (none, every)]
print("one label, ROC: without a positive", figures[0], "and without a negative", figures[1])
assert figures == [0.0, 0.0]
PY
for backend in tensorflow numpy; do
  KERAS_BACKEND=$backend TF_CPP_MIN_LOG_LEVEL=3 "$work/env/bin/python" "$work/absent.py" 2>"$work/errors" || { cat "$work/errors"; exit 1; }
done
echo "As written in this script."
