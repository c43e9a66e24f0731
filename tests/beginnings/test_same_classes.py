from __future__ import annotations

from irmas_tf.beginnings.same_classes import same_classes
from irmas_tf.config.labels import LabelScheme, get_label_scheme

IRMAS = get_label_scheme("irmas")


def test_classes_of_two_schemes_are_paired_once_by_code_then_name():
    theirs = LabelScheme.of("folder", {name: name for name in ("Cello", "pia", "piano", "oud")})
    assert same_classes(IRMAS, theirs) == {IRMAS.index("pia"): 1, IRMAS.index("cel"): 0}
