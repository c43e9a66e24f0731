from __future__ import annotations

from irmas_tf.config.datasets import DATASETS, IRMAS, known_datasets
from irmas_tf.config.run_config import Config
from irmas_tf.datasets.irmas_dataset import Irmas
from tests.helpers.registered import registered


def test_irmas_comes_with_the_package_and_is_the_default():
    assert known_datasets() == [IRMAS]
    assert isinstance(Config().dataset, Irmas)


def test_one_of_another_package_is_known_by_its_name_and_gives_the_labels():
    with registered("tests.helpers.outside_dataset", DATASETS, "tones"):
        assert known_datasets() == [IRMAS, "tones"]
        config = Config.from_dict({"data": {"dataset": "tones"}})
        assert config.labels.codes == ("low", "mid", "high")
        assert config.dataset.settings is config.data
