"""The page docs/own_instruments.md: every command of it, in its order, on composed music of seconds.

mn04 has random weights here, in a checkpoint of the published one's form. A reader starts a process for each command;
here one process runs them all, since each would load TensorFlow.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
import zipfile
from pathlib import Path

import pytest
import soundfile

from irmas_tf.__main__ import cli
from irmas_tf.corpus.plan import TrainingSong
from irmas_tf.corpus.writer import CorpusWriter
from irmas_tf.timbres.sf2 import bundled_soundfont
from tests.helpers import ROOT
from tests.helpers.published_checkpoint import write_published_checkpoint

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "own_instruments.md"
INSTRUMENTS = {"cel": "cello", "flu": "flute", "gac": "acoustic guitar"}
# What makes a training of the page's size into one of seconds; later flags win.
SMALLER = {
    "train": ["--stages=epochs=2:learning_rate=0.002:blocks=0:embed_once=1", "--batch_size=8", "--notflite"],
}


def commands() -> list[list[str]]:
    """Return the words of each command on the page; a block holds nothing else."""
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def write_sounds(folder: Path) -> None:
    """Compose three songs for each of three instruments, and give their excerpts the page's names: SONG_NUMBER.wav."""
    for place, (code, instrument) in enumerate(INSTRUMENTS.items()):
        (folder / "composed" / "IRMAS-TrainingData" / code).mkdir(parents=True)
        (folder / "sounds" / instrument).mkdir(parents=True)
        writer = CorpusWriter(folder / "composed", 0, bundled_soundfont())
        for song in range(3):
            writer.write(TrainingSong(3 * place + song, code, 2))
            for number, excerpt in enumerate(sorted((folder / "composed").rglob("*.wav")), 1):
                excerpt.rename(folder / "sounds" / instrument / f"{song + 1:02}_{number}.wav")


def test_its_commands_lead_from_a_folder_of_sounds_to_a_file_for_phones(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    write_sounds(tmp_path)
    write_published_checkpoint("mn04", tmp_path)
    soundfile.write("song.wav", *soundfile.read("sounds/cello/01_1.wav"))
    done = []
    for program, name, *arguments in commands():
        assert program == "irmas"
        status = cli([name, *arguments, *SMALLER.get(name, [])])
        printed = capsys.readouterr()
        assert status == 0, f"{name}: {printed.err}"
        done.append((name, printed.out))
    assert [name for name, _ in done] == [
        "check", "convert", "train", "evaluate", "predict", "export-tflite", "check-export", "predict"
    ]  # fmt: skip
    with open("sounds.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 18 and len({row["group"] for row in rows}) == 9
    with zipfile.ZipFile("eight.tflite") as archive:
        assert archive.read("labels.txt").decode() == "acoustic guitar\ncello\nflute\n"
        assert json.loads(archive.read("irmas_tf.json"))["licence"] == "Recorded by us, any use."
