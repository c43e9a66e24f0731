"""The template in the package is what its builder makes."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.shipped.template import AUDIOSET, read_template
from tests.helpers.stand_in_mn04 import random_head, random_state


@pytest.mark.slow
def test_the_template_in_the_package_is_that_of_the_builder():
    from irmas_tf.deploy.lite_interpreter import LiteInterpreter
    from irmas_tf.shipped.template_build import build_template

    shipped, built = read_template(), build_template()

    def places(blank):
        return sorted((slot.source, slot.norm, slot.axes, slot.shape) for slot in blank.slots)

    assert places(built) == places(shipped)
    assert built.facts["outputs"] == shipped.facts["outputs"]
    # Another converter may put them elsewhere; the answers are the same.
    arrays = {**random_state(shipped), **random_head(shipped)}
    window = 0.1 * np.random.default_rng(0).standard_normal((1, 96000)).astype(np.float32)
    answers = [LiteInterpreter(blank.fill(arrays)).values(window, ["logits", AUDIOSET]) for blank in (shipped, built)]
    for name in ("logits", AUDIOSET):
        np.testing.assert_allclose(answers[0][name], answers[1][name], atol=1e-4)
