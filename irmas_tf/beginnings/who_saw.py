"""Who saw which songs: what a network has learnt from, so that no figure passes for one of new songs that is not.

A run's split says which excerpts trained it. If it began with the weights of another run, that run's excerpts count
as well: training writes their names into ``seen.json`` of the new run's folder (`write_seen`). Groups are what is
compared, not files: an excerpt of a song is seen as soon as another of that song was.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.datasets.splits import load_split
from irmas_tf.process.atomic_files import write_json_atomic
from irmas_tf.process.bounded_json import read_json, reason_of
from irmas_tf.runs.run_dir import RunDir


def seen_path(run: RunDir) -> Path:
    """Return the file that names what the run had learnt from before its own training; most runs have none."""
    return run.path / "seen.json"


def write_seen(run: RunDir, source: RunDir, *, same_data: bool = True) -> None:
    """Write down that a run begins with the weights of another: all excerpts that the other has learnt from.

    Args:
        run: the new run.
        source: the run whose weights it begins with.
        same_data: whether songs of one name are the same in the data of both, for all that is known.

    Raises:
        DataError: the other's split is missing or damaged.
    """
    names = trained_names(source) | frozenset(_names(source, "extra")) if same_data else _before(source)
    _write(seen_path(run), run=source.path.resolve().name, names=sorted(names))


def write_extra(run: RunDir, names: Sequence[str]) -> None:
    """Write down the excerpts of a second data set that the run learns from; they are none of its own data set."""
    _write(seen_path(run), extra=list(names))


def extra_names(run: RunDir) -> list[str] | None:
    """Return the excerpts of `write_extra`, in order; None if nothing was written.

    Raises:
        DataError: the file is damaged.
    """
    return _names(run, "extra") if seen_path(run).exists() else None


def _write(path: Path, **facts: object) -> None:
    before = read_json(path) if path.exists() else {}
    write_json_atomic(path, {**before, **facts})


def trained_names(run: RunDir) -> frozenset[str]:
    """Return the portable names of all excerpts that the run's network has learnt from, also before its own training.

    Raises:
        DataError: the split, or what it had learnt from before, is damaged or missing.
    """
    return frozenset(load_split(run.split_path).train) | _before(run)


def _before(run: RunDir) -> frozenset[str]:
    return frozenset(_names(run, "names"))


def _names(run: RunDir, key: str) -> list[str]:
    """Return names in the run's file; without a file or the key, none."""
    path = seen_path(run)
    if not path.exists():
        return []
    try:
        names = read_json(path).get(key, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"{key!r} is not a list of names")
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(
            f"{display(path)}: is damaged ({reason_of(error)}); restore it, it says which songs were learnt"
        ) from error
    return names


def _stem(name: str) -> str:
    """Return a name without its extension: a converted copy of an excerpt is that excerpt."""
    return name.rpartition(".")[0] or name


def groups_of(names: Iterable[str], excerpts: Sequence[LabelledExcerpt]) -> set[Hashable]:
    """Return the groups of the excerpts that are named, with or without the same extension."""
    stems = {_stem(name) for name in names}
    return {excerpt.group for excerpt in excerpts if _stem(excerpt.name) in stems}


def leak_notes(run: RunDir, excerpts: Sequence[LabelledExcerpt], names: Sequence[str]) -> list[str]:
    """Return what is to be said of songs that the run has learnt from, among those to be scored; empty without any.

    Args:
        run: the run.
        excerpts: all of the data set, so that groups are whole.
        names: of the excerpts to be scored, which the run's split does not train on.

    Raises:
        DataError: the split, or what the run had learnt from before, is missing or damaged.
    """
    split = load_split(run.split_path)
    scored = groups_of(names, excerpts)
    notes = []
    if shared := len(scored & groups_of(split.train, excerpts)):
        notes.append(
            f"{shared} of {len(scored)} songs also have excerpts that the model was trained on"
            f" (split_by={split.split_by}): the scores are inflated"
        )
    return notes + seen_before(run, excerpts, names)


def seen_before(run: RunDir, excerpts: Sequence[LabelledExcerpt], names: Sequence[str]) -> list[str]:
    """Return what is to be said of songs learnt before the run's own training (arguments, errors: `leak_notes`)."""
    before = _before(run)
    scored = groups_of(names, excerpts) if before else set()
    if not (known := len(scored & groups_of(before, excerpts))):
        return []
    return [
        f"{known} of {len(scored)} songs had been learnt by the run that this one began with ({seen_path(run).name}):"
        " the scores are inflated"
    ]


def unseen_excerpts(run: RunDir, excerpts: Sequence[LabelledExcerpt]) -> list[LabelledExcerpt] | None:
    """Return the excerpts of the run's validation side of whose groups the network has learnt nothing.

    None if neither side of the run's split names any of these excerpts: they are other data than it was trained on.

    Args:
        run: the run.
        excerpts: all of the data set.

    Raises:
        DataError: the split is missing or damaged.
    """
    split = load_split(run.split_path)
    stems = {_stem(name) for name in split.validation}
    seen = groups_of(trained_names(run), excerpts)
    held_out = [excerpt for excerpt in excerpts if _stem(excerpt.name) in stems]
    if not held_out and not seen:
        return None
    return [excerpt for excerpt in held_out if excerpt.group not in seen]
