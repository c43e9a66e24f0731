"""A run of an earlier build, before modules moved into rooms, loads and gives the numbers that it gave then.

``old_run`` was written by that build: its config.json, the model.keras of a small network with random weights and a mel
and a wavelet branch (members as they were, compressed again), and the logits it gave for the windows below.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.special

import irmas_tf
from irmas_tf.inference.window_model import LOGITS

RUN = Path(__file__).parent / "old_run"


def old_windows() -> np.ndarray:
    """Return noise, two sines and silence, [4, 2000] float32."""
    time = np.arange(2000) / 8000
    noise = 0.1 * np.random.default_rng(20261128).standard_normal(2000)
    sines = [0.5 * np.sin(2 * np.pi * 440 * time), 0.3 * np.sin(2 * np.pi * 1900 * time)]
    return np.stack([noise, *sines, np.zeros(2000)]).clip(-1, 1).astype(np.float32)


@pytest.mark.slow
def test_it_gives_the_numbers_it_gave():
    expected = np.array(json.loads((RUN / "expected.json").read_text())["logits"])
    classifier = irmas_tf.load(RUN)
    assert np.ptp(expected, axis=0).min() > 0.1, "the windows must differ for the model"
    np.testing.assert_allclose(classifier.model.values(old_windows(), LOGITS), expected, atol=1e-5)
    for window, logits in zip(old_windows(), expected, strict=True):
        answer = classifier.classify(window, 8000)
        np.testing.assert_allclose(answer.vector, scipy.special.softmax(logits), atol=1e-6)
        assert answer.labels == ((classifier.classes[int(logits.argmax())],) if window.any() else ())
