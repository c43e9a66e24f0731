from __future__ import annotations

from irmas_tf.config.datasets import DATASETS, IRMAS, known_datasets
from irmas_tf.config.run_config import Config
from irmas_tf.datasets.irmas_dataset import Irmas


def test_irmas_comes_with_the_package_and_is_the_default():
    assert {IRMAS, "folder", "manifest"} <= set(known_datasets()) and DATASETS.get(IRMAS) is Irmas
    config = Config.from_dict({"data": {"label_scheme": "report"}})
    assert isinstance(config.dataset, Irmas) and config.dataset.settings is config.data
    assert config.labels.name == "report"
