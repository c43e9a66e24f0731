from __future__ import annotations

import pytest

from irmas_tf.config.labels import (
    IRMAS_CODES,
    IRMAS_NAMES,
    LABEL_SCHEMES,
    LabelScheme,
    get_label_scheme,
    is_class_name,
)


def test_the_irmas_scheme_has_the_eleven_codes_in_alphabetical_order():
    scheme = get_label_scheme("irmas")
    assert scheme.codes == ("cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi")
    assert [scheme.index(code) for code in IRMAS_CODES] == list(range(11))


def test_the_report_scheme_calls_electric_guitar_other():
    scheme = get_label_scheme("report")
    assert scheme.num_classes == 11
    assert "gel" not in scheme.codes
    assert scheme.codes[scheme.index("gel")] == "other"
    assert scheme.codes[scheme.index("gac")] == "gac"


@pytest.mark.parametrize("name", LABEL_SCHEMES)
def test_every_scheme_is_complete_and_consistent(name):
    scheme = LABEL_SCHEMES[name]
    assert scheme.name == name
    assert len(scheme.codes) == len(scheme.names) == scheme.num_classes == len(set(scheme.codes))
    assert set(scheme.source_to_code) == set(IRMAS_CODES)
    assert set(scheme.source_to_code.values()) == set(scheme.codes)
    for code, name_ in zip(scheme.codes, scheme.names, strict=True):
        assert name_ == IRMAS_NAMES.get(code, code)


def test_unknown_names_list_what_is_known():
    with pytest.raises(ValueError, match="unknown label scheme 'x'; known schemes: irmas, report"):
        get_label_scheme("x")
    with pytest.raises(ValueError, match="unknown class code 'dru'; known codes: cel, cla"):
        get_label_scheme("irmas").index("dru")


def test_a_thousand_known_codes_are_not_all_said():
    scheme = LabelScheme.of("birds", {f"bird {k}": f"bird {k}" for k in range(1000)})
    with pytest.raises(ValueError, match=r"known codes: bird 0, .*bird 29, \.\.\. \(1000 in all\)$"):
        scheme.index("fish")


def test_a_scheme_of_another_data_set_needs_codes_and_names_only():
    scheme = LabelScheme.of("bells", {"han": "hand bell", "tub": "tubular bell"})
    assert (scheme.codes, scheme.names, scheme.index("tub")) == (("han", "tub"), ("hand bell", "tubular bell"), 1)
    for names in ({"han": "hand bell"}, {"han": "hand bell", "": "x"}, {"han": "hand bell", "tub": ""}):
        with pytest.raises(ValueError, match="'bells': needs two classes or more"):
            LabelScheme.of("bells", names)


def test_names_of_any_script_are_names_of_classes_and_line_ends_are_not():
    assert all(map(is_class_name, ("violin", "سه\u200cتار", "二胡", "Café", "a, b")))  # setar has a joiner inside
    assert not any(map(is_class_name, ("", " ", "a\nb", "a\u2028b", "\ud800", "a\tb")))
