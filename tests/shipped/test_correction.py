from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.models.weight_table import WeightsError
from irmas_tf.shipped.audioset import IRMAS_CLASSES
from irmas_tf.shipped.correction import PROFILE, SHIPPED_CORRECTION, read_correction, untrained
from irmas_tf.shipped.template import EMBEDDING_SIZE, HEAD, NUM_LOGITS, OFFSET, read_template
from tests.helpers.stand_in_mn04 import write_correction

SHAPE = (11, NUM_LOGITS + EMBEDDING_SIZE + 2176)


def seen_of(rng):
    """Return AudioSet's logits, an embedding and a profile."""
    return rng.standard_normal(NUM_LOGITS), rng.standard_normal(EMBEDDING_SIZE), rng.standard_normal(2176)


@pytest.mark.parametrize("feature, size", [("embedding", EMBEDDING_SIZE), ("profile", 2176)])
def test_the_head_is_the_formula(tmp_path, feature, size):
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((11, size)).astype(np.float32)
    path = write_correction(tmp_path / "c.npz", feature=f"mn04_{feature}", weight=weight)
    correction = read_correction(path)
    logits, embedding, profile = seen_of(rng)
    arrays = correction.head(SHAPE)
    ours = arrays[HEAD].astype(float) @ np.concatenate([logits, embedding, profile]) + arrays[OFFSET]
    of_feature = weight.astype(float) @ (profile if feature == PROFILE else embedding)
    published = logits[list(IRMAS_CLASSES.values())]
    np.testing.assert_allclose(ours, np.float32(0.9) * published + np.linspace(-1, 1, 11) + of_feature, rtol=1e-5)
    assert correction.facts["seed"] == 0 and correction.thresholds[-1] == 0.5


def test_untrained_is_audioset_s_own_head():
    logits, embedding, profile = seen_of(np.random.default_rng(1))
    arrays = untrained(0.2).head(SHAPE)
    ours = arrays[HEAD] @ np.concatenate([logits, embedding, profile]) + arrays[OFFSET]
    np.testing.assert_allclose(ours, logits[list(IRMAS_CLASSES.values())])


@pytest.mark.parametrize(
    "change, words",
    [
        ({"classes": np.array(["cel"])}, "is of the classes cel, not cel cla"),
        ({"feature": "logits"}, "must be embedding or profile"),
        ({"offset": np.zeros(3)}, "is damaged"),
        ({"scale": np.float32("nan")}, "is damaged"),
        ({"facts": "{"}, "is missing or damaged"),
    ],
)
def test_what_is_no_correction_is_a_line(tmp_path, change, words):
    with pytest.raises(WeightsError, match=f"c.npz: .*{words}"):
        read_correction(write_correction(tmp_path / "c.npz", **change))


def test_a_weight_of_another_size_is_a_line(tmp_path):
    correction = read_correction(write_correction(tmp_path / "c.npz", weight=np.zeros((11, 5))))
    with pytest.raises(WeightsError, match=r"not \(11, 384\) as the embedding"):
        correction.head(SHAPE)


def test_the_one_in_the_package_fits_the_template_and_says_how_good_it_is():
    if not SHIPPED_CORRECTION.is_file():
        pytest.skip("this build has none")
    correction = read_correction()
    correction.head(read_template().head_shape)
    assert ((correction.thresholds > 0) & (correction.thresholds < 1)).all()
    assert SHIPPED_CORRECTION.stat().st_size < 200_000
