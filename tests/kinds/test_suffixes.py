from __future__ import annotations

from irmas_tf.kinds.suffixes import AUDIO_SUFFIXES, OTHER_SUFFIXES, SYSTEM_NAMES, VIDEO_SUFFIXES


def test_a_suffix_means_a_thing():
    everything = [*AUDIO_SUFFIXES, *VIDEO_SUFFIXES, *OTHER_SUFFIXES]
    assert len(set(everything)) == len(everything)
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in everything)
    assert all(name == name.lower() for name in SYSTEM_NAMES)


def test_what_phones_and_the_web_write_is_sound():
    assert {".m4a", ".aac", ".mka", ".wma", ".wv", ".tta", ".ac3", ".opus", ".amr"} < set(AUDIO_SUFFIXES)
    assert {".mp4", ".mov", ".mkv", ".webm", ".avi", ".3gp"} < set(VIDEO_SUFFIXES)
    assert OTHER_SUFFIXES[".cda"] == ".cda file" and OTHER_SUFFIXES[".jpeg"] == "picture"
