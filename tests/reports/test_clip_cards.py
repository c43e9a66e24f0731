from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.config.labels import get_label_scheme
from irmas_tf.inference.activity import Activity
from irmas_tf.reports.clip_cards import (
    AUDIO_HZ,
    AUDIO_SECONDS,
    JudgedClip,
    PageAudio,
    clip_card,
    clips_section,
    spread,
)
from irmas_tf.reports.page import ClipCard
from tests.helpers.pictures import of_class, texts_of

SCHEME = get_label_scheme("irmas")


def _tone(seconds: float) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * AUDIO_HZ)) / AUDIO_HZ)


def _clip(path: str, seconds: float, labels: tuple[int, ...] = (0, 4), named: tuple[int, ...] = (0, 10)) -> JudgedClip:
    scores = np.arange(11) / 20
    activity = Activity(path, seconds, 1.0, np.array([0.0]), scores[None])
    return JudgedClip("clip.wav", labels, named, scores, activity)


def _seconds(card: ClipCard) -> float:
    return float(of_class(card.picture, "playhead")[0]["data-seconds"])


def test_the_sound_on_the_page_is_the_clip() -> None:
    uri, note = PageAudio().encode(_tone(1.0), True)
    assert uri is not None and uri.startswith("data:audio/mpeg;base64,") and note == ""
    sound, rate = soundfile.read(io.BytesIO(base64.b64decode(uri.split(",")[1])))
    assert rate == AUDIO_HZ and len(sound) == pytest.approx(AUDIO_HZ, abs=3000)
    spectrum = np.abs(np.fft.rfft(sound[2000:22000]))
    assert np.argmax(spectrum) * AUDIO_HZ / 20000 == pytest.approx(440, abs=2)
    assert len(uri) < 30_000, "a second is a few kilobytes"


def test_without_sound_or_without_room() -> None:
    assert PageAudio(wanted=False).encode(_tone(0.5), True) == (None, "")
    size = len(PageAudio().encode(_tone(1.0), True)[0] or "") * 3 // 4
    audio = PageAudio(budget_bytes=2 * size + 100)
    kept = [audio.encode(_tone(1.0), True)[0] is not None for _ in range(5)]
    assert kept == [True, True, False, False, False]
    assert "used up" in audio.encode(_tone(1.0), True)[1]


def test_a_card_tells_right_missed_and_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, _tone(1.0), AUDIO_HZ)
    card = clip_card(_clip(str(path), 1.0), SCHEME, PageAudio(), np.full(11, 0.3))
    assert card.facts == (
        ("right", "cello 0.00", "right"),
        ("missed", "electric guitar 0.20", "missed"),
        ("wrongly named", "voice 0.50", "wrong"),
    )
    roles = [row["class"] for row in of_class(card.picture, "activity")]
    assert sorted(roles) == ["activity missed", "activity other", "activity right", "activity wrong"]
    assert "violin" in texts_of(card.picture, "row-name"), "the most probable other class is shown"
    assert "voice 0.50, wrong" in card.picture.attrib["aria-label"], "the picture is described"


def test_a_clip_that_is_no_file_brings_its_sound() -> None:
    card = clip_card(_clip("", 1.0), SCHEME, PageAudio(), np.full(11, 0.3), _tone(1.0))
    assert card.audio == PageAudio().encode(_tone(1.0), True)[0] and _seconds(card) == 1


def test_a_long_clip_is_heard_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(8000 * round(AUDIO_SECONDS + 5)), 8000)
    card = clip_card(_clip(str(path), AUDIO_SECONDS + 5), SCHEME, PageAudio())
    assert "first 30 s" in card.audio_note and card.audio is not None
    assert _seconds(card) == AUDIO_SECONDS + 5


def test_rows_are_few_even_if_many_classes_are_concerned(tmp_path: Path) -> None:
    clip = _clip("x", 1.0, labels=tuple(range(11)), named=())
    assert len(clip.shown_classes()) == 6
    assert _clip("x", 1.0, labels=(), named=()).shown_classes() == [10, 9, 8, 7]


def test_a_section_says_how_its_clips_were_chosen() -> None:
    section = clips_section("worst", "clip", "Lead.", (), thresholds=True)
    assert section.title == "Worst clips" and section.lead.startswith("Lead. One clip per song.")
    assert "the dashes its threshold" in section.lead
    assert "threshold" not in clips_section("best", "excerpt", "", ()).lead


def test_one_clip_per_song() -> None:
    groups = np.array([5, 5, 7, 5, 9])
    assert spread([3, 1, 4, 2, 0], groups, 2) == [3, 4]
    assert spread([3, 1, 4, 2, 0], groups, 9) == [3, 4, 2]
    assert spread([], groups, 3) == []
