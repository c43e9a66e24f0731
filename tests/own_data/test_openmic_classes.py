from __future__ import annotations

from irmas_tf.own_data.openmic_classes import CLASSES, LABELS


def test_the_classes_are_in_alphabetical_order_with_names_for_people():
    assert len(CLASSES) == 20 and list(CLASSES) == sorted(CLASSES) and LABELS.codes == CLASSES
    assert LABELS.names[CLASSES.index("mallet_percussion")] == "mallet percussion"
