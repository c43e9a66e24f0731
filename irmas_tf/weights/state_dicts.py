"""Finding a network's tensors in what people save: state dicts in wrappers, under prefixes, beside other things."""

from __future__ import annotations

import collections
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from irmas_tf.models.weight_table import WeightsError

_DEPTH = 4
_AVERAGED = ("ema", "swa", "averaged", "average", "shadow", "teacher", "polyak")
_OF_TRAINING = ("optim", "scheduler", "scaler", "callbacks", "loops", "rng")


class StateDict(NamedTuple):
    """The tensors of a network in a checkpoint.

    Attributes:
        tensors: by name.
        notes: what else is worth saying: where they were, and what was left out.
    """

    tensors: dict[str, Any]
    notes: tuple[str, ...]


def find_state_dict(checkpoint: object, is_tensor: Callable[[object], bool]) -> StateDict:
    """Return the state dict in a checkpoint: the checkpoint itself, or one of the dictionaries in it.

    Of several of about the same size the one that was not averaged is taken: a checkpoint with ``model`` and ``ema``
    gives ``model``, and says so.

    Args:
        checkpoint: dictionaries, lists, tensors and whatever else is in the file; it may contain itself.
        is_tensor: tells tensors from the rest.

    Raises:
        WeightsError: there is none; the message says what is there.
    """
    candidates = {
        path: tensors
        for path, value in _dictionaries(checkpoint)
        if (tensors := {str(key): item for key, item in value.items() if is_tensor(item)})
        and not any(word in key.lower() for key in path for word in _OF_TRAINING)
    }
    if not candidates:
        raise WeightsError(f"holds no state dict, a dictionary of named tensors; {_contents(checkpoint)}")
    most = max(map(len, candidates.values()))
    large = [path for path, tensors in candidates.items() if 2 * len(tensors) >= most]
    path = min(large, key=lambda path: (_is_averaged(path), -len(candidates[path])))
    notes = [f"read from {_shown(path)}"] if path else []
    notes += [f"{_shown(other)} ({len(candidates[other])} tensors) is not read" for other in large if other != path]
    return StateDict(candidates[path], tuple(notes))


def _dictionaries(checkpoint: object) -> Iterable[tuple[tuple[str, ...], dict[Any, Any]]]:
    """Yield (keys that lead there, dictionary), each dictionary once, the outermost first."""
    seen: set[int] = set()
    waiting: collections.deque[tuple[tuple[str, ...], object]] = collections.deque([((), checkpoint)])
    while waiting:
        path, value = waiting.popleft()
        if not isinstance(value, dict) or id(value) in seen:
            continue
        seen.add(id(value))
        yield path, value
        if len(path) < _DEPTH:
            waiting.extend(((*path, str(key)), item) for key, item in value.items())


def _is_averaged(path: tuple[str, ...]) -> bool:
    words = {word for key in path for word in key.lower().replace("-", "_").split("_")}
    return not words.isdisjoint(_AVERAGED)


def _shown(path: tuple[str, ...]) -> str:
    return repr(".".join(path)) if path else "the outermost dictionary"


def _contents(checkpoint: object) -> str:
    if not isinstance(checkpoint, dict):
        return f"it holds a single object ({type(checkpoint).__name__.lstrip('_').lower()})"
    keys = [repr(str(key)) for key in checkpoint]
    return f"it holds {', '.join(keys[:8])}{' and more' if len(keys) > 8 else ''}" if keys else "it is empty"


def without_prefix(tensors: Mapping[str, Any], expected: Collection[str]) -> StateDict:
    """Return tensors without the prefix that wrappers gave their names: ``module.``, ``_orig_mod.``, ``model.net.``.

    Args:
        tensors: by name.
        expected: names without prefix, those of the network.

    Returns:
        The tensors as they are if none has an expected name behind a prefix. Otherwise those behind the prefix of most
        of them; what is not behind it belongs to something else and is left out, with a note.

    Raises:
        WeightsError: the network is there more than once, behind different prefixes.
    """
    hits: collections.Counter[str] = collections.Counter()
    for name in tensors:
        place = 0
        while place >= 0:
            if name[place:] in expected:
                hits[name[:place]] += 1
            place = name.find(".", place) + 1 or -1
    best = max(hits.values(), default=0)
    if hits[""] == best:
        return StateDict(dict(tensors), ())
    prefixes = [prefix for prefix, count in hits.items() if count == best]
    plain = [prefix for prefix in prefixes if not _is_averaged(tuple(prefix.split(".")))]
    if len(prefixes) > 1 and len(plain) != 1:
        names = ", ".join(map(repr, prefixes))
        raise WeightsError(f"holds the network {len(prefixes)} times, as {names}; save the one that is meant by itself")
    prefix = (plain or prefixes)[0]
    own = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    notes = [f"the prefix {prefix!r} is taken off the names"]
    if beside := [name for name in tensors if not name.startswith(prefix)]:
        notes.append(left_out(beside))
    return StateDict(own, tuple(notes))


def left_out(names: Collection[str]) -> str:
    """Return the note that tensors are not the network's."""
    first = next(iter(names))
    return f"{first!r}{f' and {len(names) - 1} more tensors' if len(names) > 1 else ''} beside the network: not read"


def beside_network(names: Iterable[str], expected: Collection[str]) -> tuple[str, ...]:
    """Return the names that are not expected and belong to no module of the network, by their first part."""
    modules = {name.partition(".")[0] for name in expected if "." in name}
    if not modules:
        return ()
    return tuple(name for name in names if name not in expected and name.partition(".")[0] not in modules)
