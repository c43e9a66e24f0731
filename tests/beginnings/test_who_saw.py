from __future__ import annotations

from pathlib import Path

import pytest

from irmas_tf.beginnings.who_saw import leak_notes, seen_path, trained_names, unseen_excerpts, write_seen
from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.splits import Split, save_split
from irmas_tf.runs.run_dir import RunDir
from tests.helpers.tiny_run import make_config

# Songs a and b have two excerpts each, c and d one.
EXCERPTS = [
    LabelledExcerpt(Path(name), code="cel", group=name[0], name=name)
    for name in ("a1.wav", "a2.wav", "b1.wav", "b2.wav", "c1.wav", "d1.wav")
]


def _run(folder: Path, train: tuple[str, ...], validation: tuple[str, ...]) -> RunDir:
    run = RunDir.create(folder, make_config())
    save_split(run.split_path, Split(train, validation, 0, "excerpt", 0.5))
    return run


def test_a_song_is_seen_as_soon_as_any_of_its_excerpts_is_whatever_its_file_is(tmp_path: Path) -> None:
    run = _run(tmp_path / "run", ("a1.flac", "d1.flac"), ("a2.flac", "b1.flac", "b2.flac"))
    unseen = unseen_excerpts(run, EXCERPTS)
    assert unseen is not None and [excerpt.name for excerpt in unseen] == ["b1.wav", "b2.wav"]
    (note,) = leak_notes(run, EXCERPTS, ("a2.wav", "b1.wav", "b2.wav"))
    assert note.startswith("1 of 2 songs also have excerpts that the model was trained on (split_by=excerpt)")
    assert unseen_excerpts(_run(tmp_path / "other", ("x.wav",), ("y.wav",)), EXCERPTS) is None


def test_what_a_run_began_with_is_handed_on(tmp_path: Path) -> None:
    first = _run(tmp_path / "first", ("c1.wav",), ("d1.wav",))
    second = _run(tmp_path / "second", ("d1.wav",), ("c1.wav",))
    write_seen(second, first)
    third = _run(tmp_path / "third", ("a1.wav", "a2.wav"), ("b1.wav", "c1.wav", "d1.wav"))
    write_seen(third, second)
    assert trained_names(third) == {"a1.wav", "a2.wav", "c1.wav", "d1.wav"}
    unseen = unseen_excerpts(third, EXCERPTS)
    assert unseen is not None and [excerpt.name for excerpt in unseen] == ["b1.wav"]
    (note,) = leak_notes(third, EXCERPTS, ("b1.wav", "c1.wav", "d1.wav"))
    assert note.startswith("2 of 3 songs had been learnt by the run that this one began with")
    seen_path(third).write_text("[]")
    with pytest.raises(DataError, match=r"seen\.json: is damaged"):
        trained_names(third)
