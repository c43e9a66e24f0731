from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.inference.exported_labels import ExportedLabels, LabelsError

FACTS: dict[str, Any] = {
    "labels": ["b", "a", "c"],
    "label_names": ["bee", "ay", "sea"],
    "thresholds": None,
    "sample_rate_hz": 22050,
}
PROBABILITIES = np.array([0.2, 0.7, 0.5])


def test_facts_of_a_single_label_model() -> None:
    labels = ExportedLabels.from_facts(FACTS, "x")
    assert labels.scheme.codes == ("b", "a", "c") and labels.scheme.names == ("bee", "ay", "sea")
    assert labels.sample_rate_hz == 22050
    assert labels.named(PROBABILITIES) == ("a",)


@pytest.mark.parametrize("thresholds", [[0.2, 0.9, 0.4], {"a": 0.9, "b": 0.2, "c": 0.4}])
def test_facts_of_a_multi_label_model(thresholds: Any) -> None:
    labels = ExportedLabels.from_facts({**FACTS, "thresholds": thresholds}, "x")
    assert labels.named(PROBABILITIES) == ("b", "c"), "a threshold that is reached counts"
    assert labels.named(np.zeros(3)) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ["b", "b", "c"]}, {"labels": []}, {"labels": ["b", "a"]}, {"labels": None}, {"labels": [1, 2, 3]},
        {"sample_rate_hz": "fast"}, {"thresholds": [0.5]}, {"thresholds": {"a": 0.5}}, {"thresholds": 1},
    ],
)  # fmt: skip
def test_damaged_facts_are_named(change: dict[str, Any]) -> None:
    with pytest.raises(LabelsError, match=r"^signature\.json: "):
        ExportedLabels.from_facts({**FACTS, **change}, "signature.json")


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "signature.json"
    with pytest.raises(LabelsError, match="cannot be read"):
        ExportedLabels.from_file(path)
    for content, words in (
        ("{", "is no JSON"),
        ('{"labels": ["a\\u001b[2J"], "label_names": ["a"], "sample_rate_hz": 1}', "name every class once, in letters"),
        ("[]", "is not the signature.json"),
        ("{}", "is not the signature.json"),
    ):
        path.write_text(content)
        with pytest.raises(LabelsError, match=words):
            ExportedLabels.from_file(path)
    path.write_text(json.dumps(FACTS))
    assert ExportedLabels.from_file(path).scheme.num_classes == 3


def test_words() -> None:
    assert ExportedLabels.from_words(("irmas",)).scheme.codes == IRMAS_CODES
    assert ExportedLabels.from_words(("x", "y")).scheme.codes == ("x", "y")
    for words in (("nothing",), ("x", ""), ("x", "x")):
        with pytest.raises(LabelsError, match="--labels="):
            ExportedLabels.from_words(words)


def test_another_number_of_classes_is_refused() -> None:
    labels = ExportedLabels.from_words(("irmas",))
    labels.check_width(11, "the server")
    with pytest.raises(
        LabelsError, match=r"the server answers with 10 classes, --labels=irmas names 11; .*--signature"
    ):
        labels.check_width(10, "the server")
