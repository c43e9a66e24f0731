#!/usr/bin/env bash
# Which lists of sound events do dcase_util and sed_eval read as they are?
#
# Guess:  rows of onset, offset and label, separated by tabs or commas, whatever the suffix and the label; what cannot be read is
#         an error.
# Found:  - the suffix decides, and in silence: tab-separated rows without a header in .lab and .tsv, and comma-separated ones in .csv,
#           lose their first row, which is taken for the header. The others come back as events with fields named "0.0" and "0.5" and
#           no label; a list with one event is empty, without an error, and then scores as "nothing detected". The same bytes
#           named .txt or .ann are read rightly; a header of onset, offset, event_label mends .csv and .tsv.
#         - in .txt what a label looks like decides what it is. One letter ("e"), a number ("808", "nan"), anything with ; : or #
#           ("A#", "snare:open") and names that end in .wav are refused as an "unknown row format"; "None" is read as no label.
#         - a fourth column (a probability behind the label) and comment lines are refused.
#         Audacity's label files of whole words pass, if they are named .txt.
# Seen:   2026-11-29, sed_eval 0.2.1, dcase_util 0.2.20, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install sed_eval==0.2.1 dcase_util==0.2.20 numpy==2.4.6 'setuptools<81' 2>/dev/null

"$work/env/bin/python" -W ignore - "$work" <<'PY' 2>/dev/null
import contextlib
import io
import sys
from importlib.metadata import version
from pathlib import Path

import sed_eval

print(f"sed_eval {version('sed_eval')}, dcase_util {version('dcase_util')}")


def read(name, text):
    path = Path(sys.argv[1]) / name
    path.write_text(text)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return [dict(event) for event in sed_eval.io.load_event_list(str(path))]
    except OSError:
        return "refused"


def rows(separator, count=2, label="violin"):
    return "".join(separator.join((f"{onset}.0", f"{onset}.5", label)) + "\n" for onset in range(count))


for suffix, separator in ((".txt", "\t"), (".ann", "\t"), (".lab", "\t"), (".tsv", "\t"), (".csv", ",")):
    one, two = read("events" + suffix, rows(separator, 1)), read("events" + suffix, rows(separator))
    print(f"{suffix}: one event -> {one}; two -> {two}")
    whole = suffix in (".txt", ".ann")
    assert len(one) == whole and len(two) == 1 + whole
    assert all(("event_label" in event) == whole for event in two)
for suffix, separator in ((".tsv", "\t"), (".csv", ",")):
    headed = read("events" + suffix, separator.join(("onset", "offset", "event_label")) + "\n" + rows(separator))
    assert [event["event_label"] for event in headed] == ["violin", "violin"]

labels = {label: read("labels.txt", rows("\t", 1, label)) for label in ("electric guitar", "e", "808", "nan", "A#", "snare:open", "a.wav", "None")}
print({label: events if events == "refused" else events[0]["event_label"] for label, events in labels.items()})
assert labels["electric guitar"][0]["event_label"] == "electric guitar" and labels["None"][0]["event_label"] is None
assert all(labels[label] == "refused" for label in ("e", "808", "nan", "A#", "snare:open", "a.wav"))
assert read("scores.txt", "0.5\t1.5\tviolin\t0.9\n") == read("comment.txt", "# made by hand\n" + rows("\t")) == "refused"
PY
echo "As written in this script."
