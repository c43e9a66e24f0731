from __future__ import annotations

from irmas_tf.process.printable import printable, shortened


def test_what_moves_a_cursor_is_escaped_and_what_is_spelling_stays():
    assert printable("a\x1b[2J\nb\x7f\u202e\udc80") == "a\\x1b[2J\\nb\\x7f\\u202e\\udc80"
    assert printable("می\u200cخواهم é 笛") == "می\u200cخواهم é 笛"


def test_long_texts_are_cut():
    assert shortened("x" * 120) == "x" * 120
    assert shortened("x" * 121) == "x" * 120 + "..."
    assert len(shortened("\x00" * 100)) <= 123, "escapes are longer than what they stand for"
