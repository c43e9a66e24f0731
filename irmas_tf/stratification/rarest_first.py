"""Groups of excerpts with several classes each: the rarest class is shared out first, as it has the least choice.

After Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011, with two sides of
given shares and with groups in place of single examples.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping

from irmas_tf.stratification.by_quota import random_keys


def choose_rarest_first(groups: Mapping[str, Mapping[str, int]], fraction: float, seed: int) -> set[str]:
    """Return the names of the groups that validate.

    A class that has a single group is in the training side. One with two or more is on both, unless the groups that
    could be moved for it are another class's last ones on their side. Time is linear in the groups' classes, but for
    the sorting.

    Args:
        groups: name -> excerpts per class; an excerpt in which nothing is heard may count as a class of its own.
        fraction: share of every class that validates.
        seed: of the order in which groups of a class are looked at.
    """
    keys = random_keys(seed, list(groups))
    order = sorted(groups, key=lambda name: (keys[name], name))
    having: dict[str, list[str]] = {}
    total: Counter[str] = Counter()
    for name in order:
        for code, n in groups[name].items():
            having.setdefault(code, []).append(name)
            total[code] += n
    room = {code: fraction * n for code, n in total.items()}  # excerpts the validation side still wants
    left = Counter(total)  # excerpts of groups that are not decided
    only_of_a_class = {names[0] for names in having.values() if len(names) == 1}
    undecided = set(groups)
    chosen: set[str] = set()
    rarest = [(n, code) for code, n in left.items()]
    heapq.heapify(rarest)
    while rarest:
        count, code = heapq.heappop(rarest)
        if count != left[code]:  # others took some along meanwhile
            heapq.heappush(rarest, (left[code], code))
            continue
        for name in having[code]:
            if name not in undecided:
                continue
            undecided.remove(name)
            # Whether taking it ends nearer to this class's quota, and to those of all its classes taken together.
            gains = {c: (abs(room[c]) - abs(room[c] - n)) / total[c] for c, n in groups[name].items()}
            validates = gains[code] > 0 and sum(gains.values()) > 0 and name not in only_of_a_class
            if validates:
                chosen.add(name)
            for other, n in groups[name].items():
                left[other] -= n
                if validates:
                    room[other] -= n
    _put_on_both_sides(groups, having, total, chosen)
    return chosen


def _put_on_both_sides(
    groups: Mapping[str, Mapping[str, int]], having: Mapping[str, list[str]], total: Counter[str], chosen: set[str]
) -> None:
    """Move the smallest group of each class that one side lacks, if no other class loses its last one there."""
    in_validation = Counter({code: sum(name in chosen for name in names) for code, names in having.items()})

    def movable(name: str, validates: bool) -> bool:
        here = (in_validation[c] if validates else len(having[c]) - in_validation[c] for c in groups[name])
        return all(count > 1 for count in here)

    for code in sorted(having, key=lambda c: (total[c], c)):
        names = having[code]
        everywhere = in_validation[code] == len(names)
        if len(names) < 2 or 0 < in_validation[code] < len(names):
            continue
        candidates = [name for name in names if movable(name, everywhere)]
        if not candidates:
            continue
        moved = min(candidates, key=lambda name: sum(groups[name].values()))  # the first of equals, in random order
        chosen.symmetric_difference_update({moved})
        for c in groups[moved]:
            in_validation[c] += -1 if everywhere else 1
