from __future__ import annotations

import json
import zipfile

import pytest

from irmas_tf.check_export import cli
from irmas_tf.inference.window_model import ModelError
from irmas_tf.streaming import FACTS_FILE
from irmas_tf.tflite.facts import facts_text
from tests.helpers import lite_run

OUTPUTS = {"probabilities": 3, "logits": 3, "embedding": 48}


def write(path, **facts):
    """Write the archive of a .tflite file, which is all that is read."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(FACTS_FILE, json.dumps(lite_run.lite_facts(**facts)))
    return path


def test_the_constants_of_a_file_are_printed(tmp_path, capsys):
    path = write(tmp_path / "a.tflite", outputs=OUTPUTS, min_runtime_version="2.7.0", quantization="dynamic")
    assert cli([str(path), "--facts"]) == 0
    text = capsys.readouterr().out
    lines = {line[: line.index("  ")]: line[line.index("  ") :].strip() for line in text.splitlines()[1:]}
    assert text.startswith(f"{path}\n") and lines["file"].endswith("quantization dynamic")
    assert lines["runtime"] == "LiteRT, or TensorFlow Lite from 2.7.0 on"
    assert lines["outputs"].startswith("probabilities [1, 3], logits [1, 3], embedding [1, 48]")
    assert (lines["SAMPLE_RATE_HZ"], lines["WINDOW_SAMPLES"], lines["HOP_SAMPLES"]) == (
        "8000", "2000 (0.25 s)", "1000 (0.125 s)"
    )  # fmt: skip
    assert lines["CLASSES"] == "cel flu vio" and "THRESHOLDS" not in lines


def test_thresholds_are_shown_and_files_of_earlier_versions_say_less(tmp_path):
    levels = {"vio": 0.3, "cel": 0.5, "flu": 0.25}
    text = facts_text(write(tmp_path / "a.tflite", kind="multi_label", thresholds=levels))
    assert "THRESHOLDS      cel 0.5 flu 0.25 vio 0.3\n" in text
    assert "outputs         probabilities [1, 3], float32" in text and "runtime" not in text


def test_another_file_is_refused(tmp_path):
    (tmp_path / "a.tflite").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"a\.tflite: is not a \.tflite file exported by irmas_tf"):
        facts_text(tmp_path / "a.tflite")
