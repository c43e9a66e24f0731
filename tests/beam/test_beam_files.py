from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("apache_beam", reason="apache-beam is in the extra `beam`")

from irmas_tf.audio.decode import AudioError
from irmas_tf.audio.wav_upload import wav_upload
from irmas_tf.beam.beam_files import (
    BeamFilesError,
    clear_outputs,
    is_folder,
    local_saved_model,
    read_upload,
    require_matches,
)


def test_files_are_the_same_from_here_and_from_elsewhere(shelf: Path) -> None:
    for name, format in (("a.wav", "WAV"), ("b.flac", "FLAC")):
        soundfile.write(shelf / name, np.linspace(-0.5, 0.5, 4000), 16000, format=format)
        here = wav_upload(shelf / name, 8000)
        assert read_upload(str(shelf / name), 8000, 1 << 20) == here
        assert read_upload(f"shelf://{name}", 8000, 1 << 20) == here


def test_what_is_wrong_elsewhere_is_said_in_a_line(shelf: Path) -> None:
    (shelf / "text.wav").write_text("hello")
    (shelf / "large.wav").write_bytes(bytes(5000))
    with pytest.raises(AudioError) as caught:
        read_upload("shelf://text.wav", 8000, 1 << 20)
    assert "not audio" in caught.value.problem
    with pytest.raises(AudioError, match="is too large"):
        read_upload("shelf://large.wav", 8000, 1000)
    with pytest.raises(OSError) as missing:
        read_upload("shelf://none.wav", 8000, 1 << 20)
    assert "\n" not in str(missing.value) and "none.wav" in str(missing.value)


def test_patterns_that_match_nothing_are_refused(shelf: Path) -> None:
    (shelf / "a.wav").touch()
    require_matches([f"{shelf}/*.wav", "shelf://*.wav"])
    for pattern, words in (
        (f"{shelf}/*.mp3", "matches no files"),
        ("shelf://*.mp3", "matches no files"),
        (str(shelf), f"is a folder; write {shelf}/**"),
        ("nowhere://x/*.wav", "nowhere"),
    ):
        with pytest.raises(BeamFilesError) as caught:
            require_matches([f"{shelf}/*.wav", pattern])
        assert f"--input={pattern}: " in str(caught.value) and words in str(caught.value)


def test_old_outputs_are_in_the_way_unless_they_may_go(shelf: Path) -> None:
    patterns = ["shelf://out/x-*-of-*.json", "shelf://out/x.errors-*-of-*.json"]
    clear_outputs(patterns, overwrite=False)
    (shelf / "out").mkdir()
    clear_outputs(patterns, overwrite=False)
    for name in ("x-00000-of-00002.json", "x.errors-00000-of-00001.json", "xy-00000-of-00001.json"):
        (shelf / "out" / name).touch()
    with pytest.raises(BeamFilesError, match=r"x-00000-of-00002\.json: is already there \(and 1 more\)"):
        clear_outputs(patterns, overwrite=False)
    clear_outputs(patterns, overwrite=True)
    assert [path.name for path in (shelf / "out").iterdir()] == ["xy-00000-of-00001.json"]


def test_a_model_elsewhere_is_copied_and_the_copy_goes_away(shelf: Path) -> None:
    (shelf / "m" / "variables").mkdir(parents=True)
    (shelf / "m" / "saved_model.pb").write_bytes(b"graph")
    (shelf / "m" / "variables" / "variables.index").write_bytes(b"numbers")
    with local_saved_model("shelf://m/") as folder:
        assert folder != str(shelf / "m")
        assert (Path(folder) / "saved_model.pb").read_bytes() == b"graph"
        assert (Path(folder) / "variables" / "variables.index").read_bytes() == b"numbers"
    assert not Path(folder).exists()
    with pytest.raises(BeamFilesError, match=r"has no saved_model\.pb"):
        with local_saved_model("shelf://nothing"):
            pass
    with local_saved_model(str(shelf / "m")) as folder:
        assert folder == str(shelf / "m")


def test_folders(shelf: Path) -> None:
    assert is_folder(str(shelf)) and is_folder("gs://bucket/x/")
    assert not is_folder("gs://bucket/x") and not is_folder(str(shelf / "none"))
