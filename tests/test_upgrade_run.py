from __future__ import annotations

from irmas_tf import upgrade_run
from tests.helpers.tiny_run import make_config


def test_a_run_without_a_model_is_a_line(tmp_path, capsys):
    from irmas_tf.runs.run_dir import RunDir

    RunDir.create(tmp_path / "run", make_config())
    assert upgrade_run.cli([f"--run_dir={tmp_path / 'run'}"]) == 2
    assert "no model yet; train the run first" in capsys.readouterr().err
    assert upgrade_run.cli([f"--run_dir={tmp_path / 'none'}"]) == 2 and "no such folder" in capsys.readouterr().err
