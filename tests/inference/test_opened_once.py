"""Every command opens its run once: config.json and model.keras are read a single time each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import soundfile

from irmas_tf import embed, evaluate, export_saved_model, predict, probe
from irmas_tf.config.data import DataConfig
from irmas_tf.datasets.irmas_dataset import Irmas
from irmas_tf.datasets.splits import make_split, save_split
from irmas_tf.runs.run_dir import RunDir
from tests.helpers import tiny_run


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes, 5 songs each, and two test clips."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for number, code in enumerate(("cel", "voi")):
        target = folder / "IRMAS-TrainingData" / code
        target.mkdir(parents=True)
        for song in range(5):
            samples = 0.1 ** (number + 1) * rng.standard_normal(4000).clip(-4, 4)
            soundfile.write(target / f"[{code}][nod][cla]{10 * number + song:04d}__1.wav", samples, 8000)
    tests = folder / "IRMAS-TestingData-Part1" / "Part1"
    tests.mkdir(parents=True)
    for number in range(2):
        soundfile.write(tests / f"{number} - song-1.wav", 0.1 * rng.standard_normal(3000).clip(-4, 4), 8000)
        (tests / f"{number} - song-1.txt").write_text("voi\t\n")
    return folder


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Count both loaders."""
    counts: Counter[str] = Counter()
    load_config, load_model = RunDir.load_config, keras.models.load_model

    def spied_config(run: RunDir):
        counts["config.json"] += 1
        return load_config(run)

    def spied_model(path, *args, **options):
        counts[Path(path).name] += 1
        return load_model(path, *args, **options)

    monkeypatch.setattr(RunDir, "load_config", spied_config)
    monkeypatch.setattr(keras.models, "load_model", spied_model)
    return counts


COMMANDS = {
    "predict": (predict, ["DATA", "--activity=OUT"], 0),
    "embed": (embed, ["DATA", "--output=OUT.npz"], 0),
    "probe": (probe, ["--data_dir=DATA", "--folds=2"], 0),
    "evaluate, one label": (evaluate, ["--data_dir=DATA", "--report_clips=2"], 0),
    "evaluate, test set": (evaluate, ["--data_dir=DATA", "--split=test"], 0),
    "evaluate, several labels": (evaluate, ["--data_dir=DATA", "--report_clips=1"], 0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_reads_each_file_of_its_run_once(
    name: str, data_dir: Path, tmp_path: Path, opens: Counter[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command, arguments, status = COMMANDS[name]
    make = tiny_run.make_multi_label_run if "several" in name else tiny_run.make_tiny_run
    run = make(tmp_path / "run", data_dir=str(data_dir))
    save_split(run.split_path, make_split(Irmas(DataConfig()).training(data_dir), validation_fraction=0.4))
    opens.clear()
    given = [a.replace("DATA", str(data_dir)).replace("OUT", str(tmp_path / "out")) for a in arguments]
    assert command.cli([f"--run_dir={run.path}", *given]) == status, capsys.readouterr().err
    # The probe looks at its data before TensorFlow, and so at the few lines of config.json.
    assert opens == {"config.json": 2 if name == "probe" else 1, "model.keras": 1}


@pytest.mark.slow
def test_an_export_reads_each_file_of_its_run_once(
    tmp_path: Path, opens: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    music = {"music": np.zeros(100, np.float32)}
    monkeypatch.setattr("irmas_tf.deploy.export_inputs.check_music", lambda rate_hz: music)
    run = tiny_run.make_tiny_run(tmp_path / "run")
    assert export_saved_model.cli([f"--run_dir={run.path}", f"--out={tmp_path / 'models'}"]) == 0
    assert opens == {"config.json": 1, "model.keras": 1}
