from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from irmas_tf.config.run_config import SECTIONS, Config, DataConfig
from irmas_tf.reports.settings_section import settings_section
from irmas_tf.runs.run_dir import RunDir
from tests.helpers.tiny_run import make_config


def test_changed_settings_are_open_and_all_are_there() -> None:
    section = settings_section(make_config("<data>"))
    changed = {row[0]: row[1:] for row in section.blocks[0].rows}
    assert changed["--data_dir"] == ("<data>", "(empty)") and changed["--sample_rate_hz"] == ("8000", "22050")
    assert "--batch_size" not in changed
    every = {row[0] for row in section.folded[0].rows}
    assert every == {f"--{field.name}" for kind in SECTIONS.values() for field in dataclasses.fields(kind)}
    assert settings_section(Config()).blocks[0].rows == ()


def test_what_a_default_stands_for_is_no_change() -> None:
    window = dataclasses.replace(Config().audio, window_seconds=2.0, window_hop_seconds=0.0)
    assert window.window_hop_seconds == 1.0
    for hop, changed in ((1.0, {"--window_seconds"}), (0.5, {"--window_seconds", "--window_hop_seconds"})):
        config = dataclasses.replace(Config(), audio=dataclasses.replace(window, window_hop_seconds=hop))
        assert {row[0] for row in settings_section(config).blocks[0].rows} == changed


def test_origins_come_from_the_run_folder_and_may_be_damaged(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "run", make_config())
    run.pretrained_path.write_text(json.dumps([{"backbone": "mn04", "licence": "MIT"}]))
    made = dict(settings_section(make_config(), run).folded[1].rows)
    assert made["python"] == json.loads(run.versions_path.read_text())["python"] and "MIT" in made["pretrained"]
    run.versions_path.write_text("{")
    run.pretrained_path.unlink()
    assert len(settings_section(make_config(), run).folded) == 1


def test_of_many_classes_the_first_are_shown():
    classes = tuple(f"bell {k:03}" for k in range(300))
    section = settings_section(Config(data=DataConfig(dataset="folder", classes=classes)))
    for table in (section.blocks[0], section.folded[0]):
        row = next(row for row in table.rows if row[0] == "--classes")
        assert row[1] == "bell 000, bell 001, bell 002, bell 003 and 296 more"
