from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.augment import pipeline
from irmas_tf.datasets.irmas_layout import DataError
from tests.helpers.augmenting import RATE_HZ, apply, draw, drawn_over, noise_batch, several_labels


@pytest.mark.parametrize("kind", ["white", "pink", "folder"])
def test_noise_has_its_ratio_also_where_nothing_else_is_left(tmp_path, kind):
    folder = {}
    if kind == "folder":
        rng = np.random.default_rng(5)
        for name in ("a", "b"):
            soundfile.write(tmp_path / f"{name}.wav", rng.uniform(-0.3, 0.3, 2500), RATE_HZ)
        folder = {"noise_dir": str(tmp_path)}
    config = several_labels(empty_probability=0.5, noise_probability=0.99, noise_kind=kind, **folder)
    prepared = pipeline.prepare(config)
    assert set(prepared) == ({"noise"} if kind == "folder" else set())
    numbers = draw(config, batch=6)
    is_empty = np.array([0, 1, 0, 1, 0, 0], np.float32)
    ratios = np.array([0, 10, 20, -10, 5, 5], np.float32)
    numbers["noise"] |= {"noise_turn": np.array([[0, 0]] * 5 + [[0.9, 0.999]]), "snr_db": ratios}
    numbers["emptying"]["is_empty"] = is_empty
    waveform = noise_batch(config, 6)
    out, targets = apply(config, waveform, numbers, prepared=prepared)
    added = out - np.where(is_empty[:, None] > 0, 0, waveform)
    measured = 20 * np.log10(waveform.std(axis=1)[:5] / np.sqrt(np.mean(added**2, axis=1))[:5])
    np.testing.assert_allclose(measured, ratios[:5], atol=0.1)
    assert not np.any(added[5]), "not its turn"
    np.testing.assert_array_equal(targets.sum(axis=1), [1, 0, 1, 0, 1, 1])
    assert np.abs(np.corrcoef(added[:5]) - np.eye(5)).max() < 0.3
    np.testing.assert_array_equal(out, apply(config, waveform, numbers, prepared=prepared)[0])


def test_ratios_are_uniform_between_the_two_flags():
    ratios = drawn_over(several_labels(noise_probability=0.5, noise_min_snr_db=3.0, noise_max_snr_db=9.0), 100)[
        "snr_db"
    ]
    assert 3 <= ratios.min() < 3.1 and 8.9 < ratios.max() <= 9
    assert ratios.mean() == pytest.approx(6.0, abs=0.1)


def test_a_missing_folder_is_found_before_training(tmp_path):
    config = several_labels(noise_probability=0.5, noise_kind="folder", noise_dir=str(tmp_path / "no"))
    with pytest.raises(DataError, match=r"--noise_dir=.*: does not exist"):
        pipeline.prepare(config)
