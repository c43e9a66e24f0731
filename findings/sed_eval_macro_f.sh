#!/usr/bin/env bash
# What is sed_eval's class-wise average F of a system that never finds one of the classes?
#
# Guess:  that class has F 0 and the mean falls, as with scikit-learn's macro F1 (zero_division=0): .5 for two classes, one found
#         perfectly and one never.
# Found:  1.0. F of a class without one detection is NaN (its precision is 0 / 0), and NaNs are left out of the mean, so that a
#         class that is always missed costs nothing, in the segment-based, the event-based and the tagging metrics. Recall, which
#         counts it, stands beside it as .5: F is above both what its own precision and recall give (.67). One wrong detection of that class
#         anywhere halves the figure, so that staying silent on hard classes wins. The same holds for a class that is absent from
#         the reference and detected wrongly: it costs precision, not F. The overall (micro) F has neither.
# Seen:   2026-11-29, sed_eval 0.2.1, dcase_util 0.2.20, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install sed_eval==0.2.1 dcase_util==0.2.20 numpy==2.4.6 'setuptools<81' 2>/dev/null

"$work/env/bin/python" -W ignore - <<'PY'
import math
from importlib.metadata import version

import sed_eval
from dcase_util.containers import MetaDataContainer

CLASSES = ["violin", "piano"]


def event(onset, name):
    return {"filename": "clip.wav", "onset": onset, "offset": onset + 1.0, "event_label": name}


def figures(metrics, reference, estimate):
    metrics.evaluate(reference_event_list=MetaDataContainer(reference), estimated_event_list=MetaDataContainer(estimate))
    means = metrics.results_class_wise_average_metrics()["f_measure"]
    return {"F": means["f_measure"], "precision": means["precision"], "recall": means["recall"],
            "piano": metrics.results_class_wise_metrics()["piano"]["f_measure"]["f_measure"],
            "overall": metrics.results_overall_metrics()["f_measure"]["f_measure"]}


print(f"sed_eval {version('sed_eval')}, dcase_util {version('dcase_util')}")
both = [event(0.0, "violin"), event(0.0, "piano")]
for name, make in (("segments", lambda: sed_eval.sound_event.SegmentBasedMetrics(event_label_list=CLASSES, time_resolution=1.0)),
                   ("events", lambda: sed_eval.sound_event.EventBasedMetrics(event_label_list=CLASSES))):
    never = figures(make(), both, [event(0.0, "violin")])
    wrongly = figures(make(), both, [event(0.0, "violin"), event(5.0, "piano")])
    absent = figures(make(), [event(0.0, "violin")], both)
    print(f"{name}: piano never found", never)
    print(f"{name}: piano found once, wrongly", wrongly)
    print(f"{name}: piano not in the reference, found", absent)
    assert never["F"] == 1.0 and never["recall"] == 0.5 and math.isnan(never["piano"])
    assert wrongly["F"] == 0.5 and wrongly["piano"] == 0.0
    assert absent["F"] == 1.0 and absent["precision"] == 0.5
    assert abs(never["overall"] - 2 / 3) < 1e-9
tags = sed_eval.audio_tag.AudioTaggingMetrics(tags=CLASSES)
tags.evaluate(
    reference_tag_list=MetaDataContainer([{"filename": "a.wav", "tags": ["violin"]}, {"filename": "b.wav", "tags": ["piano"]}]),
    estimated_tag_list=MetaDataContainer([{"filename": "a.wav", "tags": ["violin"]}, {"filename": "b.wav", "tags": []}]),
)
means = tags.results_class_wise_average_metrics()["f_measure"]
print("tags: piano never found", means)
assert means["f_measure"] == 1.0 and means["recall"] == 0.5
PY
echo "As written in this script."
