"""Audio and the filesystem of these tests; all of them need Apache Beam."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.fixture(scope="session")
def _shelf_class():
    """Hold the class: Beam finds it as long as somebody does."""
    from tests.helpers.shelf import ShelfFileSystem

    return ShelfFileSystem


@pytest.fixture
def shelf(_shelf_class: type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the folder that is shelf:// (tests/helpers/shelf.py)."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("SHELF_FOLDER", str(folder))
    return folder


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with seven good files, three bad ones and a folder."""
    folder = tmp_path_factory.mktemp("catalogue")
    rng = np.random.default_rng(17)

    def write(name: bytes, rate_hz: int, channels: int, subtype: str, format: str) -> None:
        samples = rng.normal(0, rng.uniform(0.01, 0.3), [round(rate_hz * rng.uniform(0.2, 1.0)), channels])
        plain = folder / "plain"
        soundfile.write(plain, samples, rate_hz, subtype, format=format)
        plain.rename(folder / name.decode("utf-8", "surrogateescape"))

    for index in range(3):
        write(b"%d.wav" % index, 44100, 2, "PCM_16", "WAV")
    write(b"odd.wav", 12000, 1, "PCM_16", "WAV")
    write(b"a.mp3", 44100, 1, "MPEG_LAYER_III", "MP3")
    write(b"b.flac", 48000, 1, "PCM_24", "FLAC")
    write(b"latin\xe9.ogg", 44100, 1, "VORBIS", "OGG")
    (folder / "text.wav").write_text("no audio at all")
    (folder / "empty.wav").touch()
    # More chunks than the graph looks through.
    soundfile.write(folder / "chunks.wav", np.zeros(400), 8000, "PCM_16")
    content = (folder / "chunks.wav").read_bytes()
    (folder / "chunks.wav").write_bytes(content[:36] + 70 * (b"junk" + bytes(4)) + content[36:])
    (folder / "folder").mkdir()
    return folder
