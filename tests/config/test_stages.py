from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irmas_tf.config.settings import ConfigError
from irmas_tf.config.stages import Stage


def test_a_spec_sets_what_it_names_and_leaves_the_rest_at_its_default():
    assert Stage.parse("epochs=4:blocks=0") == Stage(epochs=4, blocks="0")
    assert Stage.parse("") == Stage()


def test_what_a_stage_says_about_blocks():
    assert Stage().learning_blocks is None
    assert not Stage().needs_backbone
    assert Stage.parse("blocks=3").learning_blocks == 3
    assert Stage.parse("blocks=0").needs_backbone
    assert Stage.parse("layer_decay=0.9").needs_backbone


@pytest.mark.parametrize(
    "spec, message",
    [
        ("epochs=0", "epochs=0: must be at least 1"),
        ("epoch=3", "'epoch=3' is not KEY=VALUE with KEY one of epochs, learning_rate"),
        ("learning_rate=fast", "learning_rate='fast' is not a number"),
        ("learning_rate=1e-6", "final_learning_rate=1e-05: must be at most learning_rate=1e-06"),
        ("blocks=some", "blocks=some: must be all or a whole number of at least 0"),
        ("blocks=-1", "blocks=-1: must be all or a whole number"),
        ("layer_decay=1.5", "layer_decay=1.5: must be above 0 and at most 1"),
        ("embed_once=1", "embed_once=1: needs blocks=0"),
    ],
)
def test_a_bad_spec_is_refused_with_the_spec_and_the_reason(spec, message):
    with pytest.raises(ConfigError) as caught:
        Stage.parse(spec)
    assert str(caught.value).startswith(f"--stages={spec}: ")
    assert message in str(caught.value)


@given(
    epochs=st.integers(1, 1000),
    peak=st.floats(1e-4, 10.0),
    share=st.floats(0.0, 0.99),
    warmup=st.floats(0.0, 10.0),
    blocks=st.one_of(st.just("all"), st.integers(0, 30).map(str)),
    decay=st.floats(0.01, 1.0),
)
def test_any_stage_survives_being_written_as_a_spec(epochs, peak, share, warmup, blocks, decay):
    stage = Stage(epochs, peak, peak * share, warmup, blocks, decay)
    again = Stage.parse(stage.spec())
    assert (again.epochs, again.blocks, again.embed_once) == (epochs, blocks, False)
    assert again.learning_rate == pytest.approx(peak, rel=1e-9)
    assert again.layer_decay == pytest.approx(decay, rel=1e-9)
    assert again.spec() == stage.spec()


@given(st.text(max_size=40))
def test_no_text_makes_parsing_fail_in_another_way(text):
    try:
        Stage.parse(text)
    except ConfigError as error:
        assert str(error).startswith("--stages=")
