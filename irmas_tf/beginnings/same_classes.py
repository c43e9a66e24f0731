"""Which classes of two data sets are the same, told by their names."""

from __future__ import annotations

from irmas_tf.config.labels import LabelScheme


def same_classes(ours: LabelScheme, theirs: LabelScheme) -> dict[int, int]:
    """Return our class index -> theirs, for the classes that have the same code, or else the same readable name.

    Case does not count. A class is paired at most once.
    """
    pairs: dict[int, int] = {}
    for of_ours, of_theirs in ((ours.codes, theirs.codes), (ours.names, theirs.names), (ours.names, theirs.codes)):
        known = {name.casefold(): index for index, name in reversed(list(enumerate(of_theirs)))}
        for index, name in enumerate(of_ours):
            other = known.get(name.casefold())
            if index not in pairs and other is not None and other not in pairs.values():
                pairs[index] = other
    return pairs
