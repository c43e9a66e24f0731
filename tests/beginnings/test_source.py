from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from irmas_tf.beginnings.source import check_same_source, find_source, record_songs
from irmas_tf.beginnings.who_saw import trained_names
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.datasets.splits import Split, save_split
from irmas_tf.runs.origin import INIT_FROM, write_origin
from irmas_tf.runs.run_dir import RunDir
from tests.helpers.tone_corpus import tiny_config

EXCERPTS = [LabelledExcerpt(Path(name), code="cel", name=name) for name in ("a.wav", "b.wav", "c.wav")]


def run_of(folder: Path, data: Path, **changes: object) -> RunDir:
    """Return a run with a file that might be a model, which trained on a.wav."""
    (data).mkdir(exist_ok=True)
    run = RunDir.create(folder, tiny_config(data, **changes))
    with zipfile.ZipFile(run.model_path, "w") as archive:
        archive.writestr("metadata.json", "{}")
    save_split(run.split_path, Split(("a.wav",), ("b.wav",), 0, "song", 0.5), EXCERPTS)
    return run


@pytest.fixture
def finished(tmp_path) -> RunDir:
    return run_of(tmp_path / "first", tmp_path / "data", stage_channels=(4,))


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            {"window_seconds": 0.25, "window_hop_seconds": 0.25},
            r"it has --window_seconds=0\.5, .* --window_seconds=0\.25",
        ),
        ({"log_offset": 0.01}, "it has --log_offset=0.001, and this run --log_offset=0.01"),
        ({"stage_channels": (8,)}, "it has --stage_channels=4, and this run --stage_channels=8"),
    ],
)
def test_what_differs_is_named_on_both_sides(finished, tmp_path, changes, message):
    config = tiny_config("data", init_from=str(finished.path), **{"stage_channels": (4,), **changes})
    with pytest.raises(ConfigError, match=message):
        find_source(config, RunDir(tmp_path / "new"))


def test_what_is_no_model_is_named(finished, tmp_path):
    (tmp_path / "text.keras").write_text("none")
    for path, message in (
        (tmp_path / "nosuch", "there is no such run folder or .keras model"),
        (tmp_path / "data", "is not a run: it has no config.json"),
        (tmp_path / "text.keras", "Keras model"),
    ):
        with pytest.raises(ConfigError, match=message):
            find_source(tiny_config("data", init_from=str(path)), RunDir(tmp_path / "new"))
    with pytest.raises(ConfigError, match="is this run itself; to go on with it, raise --epochs"):
        find_source(tiny_config("data", init_from=str(finished.path), stage_channels=(4,)), finished)


def test_a_run_goes_on_with_what_it_began_with(finished, tmp_path):
    config = tiny_config("data", init_from=str(finished.path))
    run = RunDir.create(tmp_path / "new", config)
    with pytest.raises(ConfigError, match="the run began with no other run's weights and goes on"):
        check_same_source(config, run)
    check_same_source(tiny_config("data", init_from=str(tmp_path / "moved")), run)
    write_origin(run, **{INIT_FROM: {"path": "elsewhere", "sha256": "0"}})
    with pytest.raises(ConfigError, match="the run began with another model, elsewhere, and goes on"):
        check_same_source(config, run)


@pytest.mark.parametrize("is_composed", [False, True])
def test_songs_are_known_by_name_but_a_composed_corpus_has_others_of_the_same_names(tmp_path, is_composed):
    first = run_of(tmp_path / "first", tmp_path / "composed")
    if is_composed:
        (tmp_path / "composed" / "corpus.json").write_text(json.dumps({"seed": 1, "complete": True}))
    config = tiny_config(tmp_path / "data", init_from=str(first.path))
    run = run_of(tmp_path / "second", tmp_path / "data")
    source = find_source(config, run)
    notes = record_songs(source, config, run, EXCERPTS, ("a.wav", "b.wav"))
    if is_composed:
        assert notes == []
    else:
        assert notes[0].startswith("1 of 2 songs had been learnt by the run that this one began with")
    assert trained_names(run) == {"a.wav"}
