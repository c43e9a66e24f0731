from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.client.model_address import ModelAddress
from irmas_tf.client.server_errors import ServerError
from irmas_tf.client.transport import ClipOutputs, classes_of

ADDRESS = ModelAddress("http://host:8501", "irmas")


def test_outputs_of_another_shape_are_refused() -> None:
    ClipOutputs(np.zeros([2, 11]), np.zeros([2]), 2)
    for probabilities, durations in (([3, 11], [2]), ([2], [2]), ([2, 11], [1]), ([2, 11], [2, 1])):
        with pytest.raises(ServerError, match="another model"):
            ClipOutputs(np.zeros(probabilities), np.zeros(durations), 2)


def test_the_number_of_classes_is_read_from_the_metadata() -> None:
    outputs = {"probabilities": [-1, 11], "duration_seconds": [-1], "logits": [-1, 11]}
    assert classes_of(outputs, ["classify_audio"], ADDRESS) == 11
    with pytest.raises(ServerError, match=r"no signature classify_audio \(found: a, b\)"):
        classes_of({}, ["b", "a"], ADDRESS)
    with pytest.raises(ServerError, match="does not answer with"):
        classes_of({"probabilities": [-1, 11]}, ["classify_audio"], ADDRESS)
