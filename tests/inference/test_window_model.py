from __future__ import annotations

import pytest

from irmas_tf.inference.window_model import EMBEDDING, PROBABILITIES, ModelError, require_output


class Model:
    outputs = (PROBABILITIES,)

    def __init__(self, **source: str) -> None:
        self.source = source


def test_an_output_that_a_model_lacks_is_refused_with_what_has_it():
    require_output(Model(), PROBABILITIES)
    of_piano = (Model(run="piano"), "", "the model of 'piano'")
    for model, path, name in (of_piano, (Model(), "", "the model"), (Model(), "a.x", "a.x")):
        with pytest.raises(ModelError, match=f"^{name}: has no embedding, only probabilities; export it again"):
            require_output(model, EMBEDDING, path)
