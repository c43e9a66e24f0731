from __future__ import annotations

import dataclasses
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irmas_tf.config.run_config import SECTIONS, Config, ModelConfig, TrainingConfig
from irmas_tf.config.settings import ConfigError, setting_types, split_type
from irmas_tf.config.stages import Stage

FIELDS = [
    (name, field, setting_types(section)[field.name])
    for name, section in SECTIONS.items()
    for field in dataclasses.fields(section)
]


def valid_value(field, kind):
    """Return a strategy for values that the field's own rules allow."""
    item, is_list = split_type(kind)
    rules = field.metadata
    if rules["choices"]:
        one = st.sampled_from(rules["choices"])
    elif item is bool:
        one = st.booleans()
    elif item is int:
        low = rules["minimum"] if rules["minimum"] is not None else -(10**6)
        one = st.integers(int(low), int(rules["maximum"] if rules["maximum"] is not None else 10**6))
    elif item is float:
        low, high = rules["minimum"], rules["maximum"]
        one = st.floats(
            low if low is not None else rules["above"] if rules["above"] is not None else -1e6,
            high if high is not None else rules["below"] if rules["below"] is not None else 1e6,
            exclude_min=low is None and rules["above"] is not None,
            exclude_max=high is None and rules["below"] is not None,
        )
    else:
        one = st.text(max_size=10)
    return st.lists(one, max_size=4).map(tuple) if is_list else one


def test_the_defaults_are_valid_and_survive_json():
    config = Config()
    assert Config.from_dict(json.loads(config.to_json())) == config


def test_a_configuration_of_before_has_irmas_and_none_of_what_came_later_and_the_same_hash():
    config = Config(training=TrainingConfig(seed=3))
    sections = json.loads(config.to_json())
    for section, name in (
        *(("data", name) for name in ("dataset", "classes", "licence_text")),
        *(("data", name) for name in ("extra_data_dir", "extra_dataset", "extra_share")),
        *(("model", name) for name in ("init_from", "head_from_pretrained")),
        *(("augment", name) for name in ("augmentations", "mix_style_share", "mix_style_alpha")),
        *(("augment", f"backing_{name}") for name in ("probability", "dir", "min_db", "max_db")),
    ):
        del sections[section][name]
    assert Config.from_dict(sections) == config
    canonical = json.dumps(sections, sort_keys=True).encode()
    assert config.hash == hashlib.sha256(canonical).hexdigest()[:12]


def test_field_names_are_unique_over_all_sections_because_each_is_a_flag():
    names = [field.name for _, field, _ in FIELDS]
    assert len(names) == len(set(names))


def test_every_field_is_documented_in_a_sentence_and_has_a_type_that_flags_know():
    for _, field, kind in FIELDS:
        assert field.metadata["help"].endswith("."), field.name
        assert field.metadata["help"][0].isupper() or field.metadata["help"].startswith("tf."), field.name
        assert split_type(kind)[0] in (int, float, bool, str), field.name


def test_units_are_in_the_names():
    endings = {"Hz": "_hz", "s": "_seconds", "dB": "_db", "min": "_minutes", "epochs": "_epochs", "samples": "_length"}
    endings["semitones"] = "_semitones"
    for _, field, _ in FIELDS:
        if unit := field.metadata["unit"]:
            assert field.name.endswith(endings[unit]), field.name


@given(st.data())
def test_any_allowed_value_of_any_field_survives_json_or_is_refused_by_name(data):
    section, field, kind = data.draw(st.sampled_from(FIELDS))
    value = data.draw(valid_value(field, kind))
    try:
        config = Config.from_dict({section: {field.name: value}})
    except ConfigError as error:  # allowed alone, not together with the rest
        assert str(error).startswith("--")
        return
    if field.name != "window_hop_seconds" or value:  # where 0 stands for half a window
        assert getattr(getattr(config, section), field.name) == value
    again = Config.from_dict(json.loads(config.to_json()))
    assert again == config
    assert again.hash == config.hash


@given(st.data())
def test_no_json_value_makes_a_field_fail_in_another_way(data):
    section, field, _ = data.draw(st.sampled_from(FIELDS))
    anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers() | st.text())
    value = data.draw(anything | st.dictionaries(st.text(), st.integers(), max_size=2))
    try:
        Config.from_dict({section: {field.name: value}})
    except ConfigError as error:
        assert field.name in str(error) or "--branches" in str(error)


@pytest.mark.parametrize(
    "sections, message",
    [
        ({"modle": {}}, "unknown configuration section 'modle'; known: data, audio, model, augment, training"),
        ({"model": {"width": 2}}, "unknown setting 'width' in section 'model'; known: model, task, branches, "),
        ({"model": 3}, "section 'model' of the configuration must be a mapping"),
        (
            {"audio": {"sample_rate_hz": 16000}},
            "max_frequency_hz must be at most 8000 Hz, half of --sample_rate_hz=16000",
        ),
        (
            {"audio": {"window_seconds": 0.1}, "model": {"stage_channels": [8]}},
            "must be at most the 2205 samples of --window_seconds=0.1",
        ),
        ({"model": {"branches": []}}, "--branches=: must name at least one branch"),
        ({"model": {"branches": ["mel", "mel:x=1"]}}, "--branches=mel:x=1: 'x=1' is not KEY=VALUE"),
        ({"model": {"stage_channels": []}}, "--stage_channels=: must name at least one stage"),
        ({"model": {"stage_channels": [8] * 7}}, "are too few for --stem_stride=4 and 7 stages"),
        (
            {"training": {"final_learning_rate": 0.1}},
            "--final_learning_rate=0.1: must be at most --learning_rate=0.002",
        ),
        ({"training": {"seed": 2**32}}, "--seed=4294967296: must be at least 0 and at most 4294967295"),
        ({"data": {"split_seed": 2**32}}, "--split_seed=4294967296: must be at least 0 and at most 4294967295"),
        (
            {"model": {"task": "multi_label"}, "training": {"negative_focus": 2.0}},
            "--label_smoothing=0.1: undoes --negative_focus and --negative_margin",
        ),
        (
            {"augment": {"mixup_alpha": 0.3}, "training": {"batch_size": 1}},
            "--batch_size=1: is less than the 2 excerpts that --mixup_alpha=0.3 mixes",
        ),
        (
            {
                "model": {"task": "multi_label"},
                "augment": {"mix_probability": 0.8, "mix_max_excerpts": 3},
                "training": {"batch_size": 2},
            },
            "--batch_size=2: is less than the 3 excerpts that --mix_probability=0.8 mixes",
        ),
        (
            {
                "audio": {"sample_rate_hz": 32000},
                "model": {"branches": ["mn04"]},
                "augment": {"mixup_alpha": 0.3},
                "training": {"stages": ["epochs=1:blocks=0:embed_once=1"]},
            },
            "--mixup_alpha=0.3: has no effect, because excerpts are embedded once in all --stages",
        ),
    ],
)
def test_a_refused_configuration_says_which_flag_and_what_is_allowed(sections, message):
    with pytest.raises(ConfigError) as caught:
        Config.from_dict(sections)
    assert message in str(caught.value)


def test_sections_check_themselves_and_cannot_be_changed():
    with pytest.raises(ConfigError, match="--epochs=0"):
        TrainingConfig(epochs=0)
    with pytest.raises(ConfigError, match="section 'model'"):
        Config(model=TrainingConfig())
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().training.epochs = 3


def test_the_hash_depends_on_values_only():
    base = Config()
    assert base.hash == Config.from_dict({}).hash
    assert base.hash == Config.from_dict({"training": {"epochs": base.training.epochs}}).hash
    assert base.hash != Config.from_dict({"training": {"epochs": base.training.epochs + 1}}).hash
    assert len(base.hash) == 12


def test_derived_values():
    config = Config.from_dict({"audio": {"window_seconds": 2.0, "window_hop_seconds": 1e-3}})
    assert config.audio.window_samples == 44100
    assert config.audio.window_hop_samples == 22
    assert config.labels.codes[0] == "cel"
    assert len(ModelConfig().branch_configs) == 3


PRETRAINED = {"audio": {"sample_rate_hz": 32000}, "model": {"branches": ["mn04"]}}


@pytest.mark.parametrize(
    "sections, message",
    [
        ({"training": {"stages": ["blocks=0"]}}, "blocks and layer_decay are about pretrained networks"),
        ({"training": {"stages": ["epochs=x"]}}, "--stages=epochs=x: epochs='x' is not a whole number"),
        ({"training": {"stages": ["epochs=2"], "epochs": 7}}, "--epochs=7: has no effect beside --stages"),
        (
            {"training": {"stages": ["epochs=2"], "learning_rate": 0.5}},
            "--learning_rate=0.5: has no effect beside --stages",
        ),
        (
            PRETRAINED | {"training": {"stages": ["epochs=2", "blocks=0:embed_once=1"]}},
            "embed_once is for the first stages only",
        ),
        (
            {
                "audio": {"sample_rate_hz": 32000},
                "model": {"branches": ["mn04", "mel"]},
                "training": {"stages": ["blocks=0:embed_once=1"]},
            },
            "embed_once needs pretrained networks in all --branches",
        ),
        ({"model": {"pretrained_weights": ["a.npz"]}}, "--pretrained_weights=a.npz: 1 files for 0 pretrained networks"),
    ],
)
def test_stages_and_pretrained_networks_must_fit(sections, message):
    with pytest.raises(ConfigError) as caught:
        Config.from_dict(sections)
    assert message in str(caught.value)


def test_without_stages_there_is_one_in_which_everything_learns():
    training = TrainingConfig(epochs=7, learning_rate=0.5, final_learning_rate=0.25, warmup_epochs=2.0)
    assert training.stage_configs == (Stage(7, 0.5, 0.25, 2.0),)
    assert training.total_epochs == 7
    staged = Config.from_dict(PRETRAINED | {"training": {"stages": ["epochs=2:blocks=0:embed_once=1", "epochs=3"]}})
    assert [stage.epochs for stage in staged.training.stage_configs] == [2, 3]
    assert staged.training.total_epochs == 5
    assert Config.from_dict(staged.to_dict()) == staged
