from __future__ import annotations

from pathlib import Path

import pytest

from irmas_tf.deploy.lite_interpreter import LiteModelError
from irmas_tf.deploy.lite_model import LiteModel
from irmas_tf.streaming import StreamingClassifier, StreamingError
from irmas_tf.tflite.associated_files import with_associated_files
from tests.helpers import lite_run


@pytest.fixture(scope="module")
def content() -> bytes:
    return lite_run.lite_content()


@pytest.mark.slow
def test_a_model_that_is_damaged_or_was_changed_is_refused(content, tmp_path: Path):
    """LiteRT would run it, and answer something else."""
    good = with_associated_files(content, lite_run.lite_facts())
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(good)
    assert StreamingClassifier(damaged).codes == lite_run.CODES
    middle = len(content) // 2  # within the weights
    damaged.write_bytes(good[:middle] + bytes(64) + good[middle + 64 :])
    with pytest.raises(StreamingError, match=r"damaged\.tflite: is damaged, or was changed after its export"):
        StreamingClassifier(damaged)
    with pytest.raises(LiteModelError, match=r"damaged\.tflite: is damaged, or was changed after its export"):
        LiteModel.open(damaged)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"window_samples": 1000}, "irmas_tf.json is of another model"),
        ({"labels": ["a"], "label_names": ["A"]}, "irmas_tf.json is of another model"),
        ({"window_hop_samples": 0}, "window_hop_samples are no numbers"),
        ({"sample_rate_hz": 1 << 40}, "window_hop_samples are no numbers"),
        ({"thresholds": {"cel": 0.5}}, "cannot be run"),
        ({"description": "x" * (17 << 20)}, "irmas_tf.json is too large"),
    ],
)
def test_facts_that_are_not_the_models_are_refused(content, tmp_path, changes, words):
    path = tmp_path / "odd.tflite"
    path.write_bytes(with_associated_files(content, lite_run.lite_facts(**changes)))
    with pytest.raises(StreamingError, match=rf"odd\.tflite: .*{words}"):
        StreamingClassifier(path)
