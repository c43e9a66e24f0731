"""Groups of excerpts that have one class each, or nearly all of them: quotas filled in a random order."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence


def random_keys(seed: int, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return two random 64-bit numbers per name, which depend on the seed and that name only.

    The seed is expanded by PCG64 into a hash key (raw bits are a stable stream; `Generator.shuffle` is free to change
    between NumPy versions), and the key mixes the names. One draw per name, rather than one shuffle of all, also means
    that files added later do not reshuffle the rest.
    """
    import numpy as np  # late: names of files and their checks start faster without

    key = np.random.Generator(np.random.PCG64(seed)).bit_generator.random_raw(4).astype("<u8").tobytes()

    def draw(name: str) -> tuple[int, int]:
        digest = hashlib.blake2b(name.encode("utf-8"), digest_size=16, key=key).digest()
        return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")

    return {name: draw(name) for name in names}


def choose_by_quota(groups: Mapping[str, Mapping[str, int]], fraction: float, seed: int) -> set[str]:
    """Return the names of the groups that validate.

    Groups of one class are taken in a random order until its quota is filled; the few of several classes are drawn
    one by one.

    Args:
        groups: name -> excerpts per class.
        fraction: share of every class that validates.
        seed: of the order.
    """
    keys = random_keys(seed, list(groups))
    order = sorted(groups, key=lambda name: (keys[name], name))
    total: Counter[str] = Counter()
    for counts in groups.values():
        for code, n in counts.items():
            total[code] += n
    room = {code: fraction * n for code, n in total.items()}  # excerpts the validation side still wants
    chosen: set[str] = set()

    def move(name: str) -> None:
        chosen.add(name)
        for code, n in groups[name].items():
            room[code] -= n

    mixed = [name for name in order if len(groups[name]) > 1]
    pure: dict[str, list[str]] = {code: [] for code in sorted(total)}
    for name in order:
        if len(groups[name]) == 1:
            pure[next(iter(groups[name]))].append(name)
    # Groups with several classes are drawn first and independently: filling up to a quota in this order would put all
    # of them into the validation side.
    for name in mixed:
        if keys[name][1] < fraction * 2.0**64 and all(n <= 2 * room[c] for c, n in groups[name].items()):
            move(name)
    for names in pure.values():
        for name in names:
            code, n = next(iter(groups[name].items()))
            if room[code] > n / 2:  # taking it ends nearer to the quota than leaving it
                move(name)
    for name in mixed:
        # Only where a class has nothing else to fill its quota with; elsewhere this would favour such groups.
        only_mixed = any(not pure[code] for code in groups[name])
        if name not in chosen and only_mixed and all(room[code] > n / 2 for code, n in groups[name].items()):
            move(name)
    having = pure
    if mixed:
        having = {code: [] for code in pure}
        for name in order:
            for code in groups[name]:
                having[code].append(name)
    for code, names in pure.items():
        with_class = having[code]
        in_validation = sum(name in chosen for name in with_class)
        if len(with_class) > 1 and names and in_validation == 0:
            move(names[0])
        elif len(with_class) > 1 and in_validation == len(with_class):
            chosen.discard(names[-1] if names else with_class[-1])
    return chosen
