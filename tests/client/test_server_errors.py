from __future__ import annotations

import pytest

from irmas_tf.client.server_errors import UnavailableError, refusal

SENTENCE = "is not a RIFF WAV file; convert it to WAV"


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (f"assertion failed: [audio[0] {SENTENCE}]\n\t [[{{{{node Assert/Assert}}}}]]", SENTENCE),
        (f"assertion failed: [audio[12] {SENTENCE}] [[{{{{function_node f}}}}{{{{node g}}}}]]", SENTENCE),
        (f"2 root error(s) found.\n (0) INVALID: assertion failed: [audio[3] {SENTENCE}]\n\t [[{{{{node a}}}}]]"
         f"\n (1) INVALID: assertion failed: [audio[3] {SENTENCE}]", SENTENCE),
        ("Input to reshape has 3 values [[{{node Reshape}}]]", "Input to reshape has 3 values"),
        ("JSON Parse\nerror", "JSON Parse error"),
        ("", "refused without a reason"),
    ],
)  # fmt: skip
def test_the_sentence_is_found(message: str, sentence: str) -> None:
    assert refusal(message) == sentence


def test_a_pause_that_the_server_asks_for_is_kept() -> None:
    assert UnavailableError("busy", 3.0).retry_after_seconds == 3.0
    assert UnavailableError("busy").retry_after_seconds == 0.0
