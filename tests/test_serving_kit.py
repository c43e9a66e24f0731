from __future__ import annotations

from irmas_tf.config.shipped import serving_kit_dir
from irmas_tf.serving_kit import cli


def test_it_says_what_comes_next(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli(["--out=serving"]) == 0
    printed = capsys.readouterr().out
    assert f"irmas export-saved-model --run_dir=RUN --out={tmp_path}/models\n" in printed
    assert f"docker compose -f {tmp_path}/serving/docker-compose.yml up\n" in printed
    kit, copy = ({path.name for path in folder.iterdir()} for folder in (serving_kit_dir(), tmp_path / "serving"))
    assert kit == copy


def test_what_is_changed_is_not_written_over(tmp_path, capsys):
    (tmp_path / "models.config").write_text("mine")
    assert cli([f"--out={tmp_path}"]) == 2
    assert "models.config: is there and differs; give --overwrite" in capsys.readouterr().err
    assert cli([]) == 2
