"""What a data set is, and what is refused; from training to export one is in tests/extension/test_dataset.py."""

from __future__ import annotations

import pytest

from irmas_tf.config.data import DataConfig
from irmas_tf.config.labels import LabelScheme
from irmas_tf.datasets.dataset import Dataset, register_dataset
from irmas_tf.datasets.irmas_layout import DataError


class Bells(Dataset):
    """Complete, without an excerpt."""

    labels = LabelScheme.of("bells", {"han": "hand bell", "tub": "tubular bell"})
    licence = "Weights trained on Bells: CC BY 4.0."

    def training(self, data_dir):
        return []


def test_most_data_sets_have_no_test_clips_and_say_so():
    with pytest.raises(DataError, match="--dataset=irmas: has no test clips; evaluate on --split=validation"):
        Bells(DataConfig()).test_clips("data")


@pytest.mark.parametrize(
    "name, attributes, message",
    [
        ("a=b", {}, "its name must be a word"),
        ("x", {"training": Dataset.training}, "it has no method training"),
        ("x", {"labels": ("a", "b")}, "labels must be a LabelScheme"),
        ("x", {"licence": None}, "licence must say what may be done"),
        ("irmas", {}, "'irmas' is registered twice"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_registered(name, attributes, message):
    with pytest.raises(ValueError, match=message):
        register_dataset(name)(type("Mine", (Bells,), attributes))
    with pytest.raises(ValueError, match=r"must be a subclass of irmas_tf\.datasets\.dataset\.Dataset"):
        register_dataset("x")(object)
