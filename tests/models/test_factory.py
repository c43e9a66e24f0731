from __future__ import annotations

import keras
import numpy as np
import pytest

from irmas_tf.models.factory import MODELS, build_model, dtype_policy, embedding_model, parameter_count
from tests.helpers import ROOT, fresh_process

NOISE = np.random.default_rng(0).standard_normal([3, 4000]).astype(np.float32)


def test_the_configurations_choices_are_the_registered_models():
    import dataclasses

    from irmas_tf.config.run_config import ModelConfig

    field = next(f for f in dataclasses.fields(ModelConfig) if f.name == "model")
    assert set(field.metadata["choices"]) == set(MODELS.names())


@pytest.mark.slow
def test_the_embedding_leads_to_the_logits(small):
    model = build_model(small())
    embedding = embedding_model(model)(NOISE)
    assert tuple(embedding.shape) == (3, 12)
    assert (np.asarray(embedding) >= 0).all()
    logits = model.get_layer("logits")(embedding)
    np.testing.assert_allclose(logits, model(NOISE), rtol=1e-5, atol=1e-6)


def test_a_model_without_an_embedding_is_refused():
    x = keras.Input((3,))
    with pytest.raises(ValueError, match="embedding"):
        embedding_model(keras.Model(x, keras.layers.Dense(2)(x)))


def test_parameters_are_what_training_adjusts(small):
    model = build_model(small(head_units=12))
    stem = 9 * 8 + 2 * 8
    stages = (9 * 8 * 8 + 2 * 8) + (9 * 8 * 16 + 2 * 16)
    head = 16 * 12 + 2 * 12 + (12 + 1) * 11
    assert parameter_count(model) == stem + stages + head


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(small):
    models = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        models.append(build_model(small()))
    first, same, other = (np.concatenate([w.ravel() for w in m.get_weights()]) for m in models)
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_the_dtype_policy_comes_back_after_an_error():
    with pytest.raises(RuntimeError), dtype_policy("mixed_float16"):
        raise RuntimeError
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.slow
def test_importing_the_factory_registers_every_layer_of_the_package() -> None:
    """A process that only loads a model imports nothing else that could register them."""
    root = ROOT
    registering = {
        ".".join(path.relative_to(root).with_suffix("").parts)
        for path in (root / "irmas_tf").rglob("*.py")
        if "@keras.saving.register_keras_serializable" in path.read_text(encoding="utf-8")
    }
    assert len(registering) > 5
    code = f"import sys, irmas_tf.models.factory; sys.exit(repr(sorted({registering!r} - set(sys.modules))))"
    assert fresh_process.run(["-c", code]).stderr.splitlines()[-1] == "[]"
