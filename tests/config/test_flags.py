from __future__ import annotations

import dataclasses
import importlib

import pytest

from irmas_tf.config.commands import COMMANDS
from irmas_tf.config.flags import ALL, Command, config_from_flags, define_flags, parse_flags, reference, run_main
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError, Section, setting


@dataclasses.dataclass(frozen=True)
class Options(Section):
    run_dir: str = setting("", "Folder of the run.")
    top_k: int = setting(3, "Answers shown.", minimum=1)


TRAIN = Command("program", "Do it.", options=Options, config_fields=ALL, required=("run_dir",))
PREDICT = Command("program", "Do it.", options=Options, config_fields=("window_hop_seconds",), positional="FILES")


def parse(*argv, command=TRAIN):
    return parse_flags(command, ["--run_dir=r", *argv])


def test_without_flags_the_configuration_is_the_default():
    flags = parse()
    assert flags.config() == Config()
    assert flags.options == Options(run_dir="r")
    assert not flags.given("epochs")


def test_every_kind_of_flag_reaches_its_field():
    config = parse(
        "--epochs=3", "--learning_rate=1e-3", "--xla", "--nodeterministic", "--block=plain", "--stage_channels=8, 16",
        "--branches=mel:num_bins=64,log:frame_length=2048", "--data_dir=/a b", "--top_k=5",
    ).config()  # fmt: skip
    assert config.training.epochs == 3
    assert config.training.learning_rate == 1e-3
    assert config.training.xla is True
    assert config.training.deterministic is False
    assert config.model.block == "plain"
    assert config.model.stage_channels == (8, 16)
    assert config.model.branches == ("mel:num_bins=64", "log:frame_length=2048")
    assert config.data.data_dir == "/a b"


def test_later_flags_override_earlier_ones_also_across_flagfiles(tmp_path):
    path = tmp_path / "a.flags"
    path.write_text("--epochs=5\n--stage_channels=8\n--batch_size=4\n")
    config = parse(
        "--epochs=1", "--stage_channels=1,2,3", f"--flagfile={path}", "--batch_size=2", "--batch_size=6"
    ).config()
    assert (config.training.epochs, config.training.batch_size) == (5, 6)
    assert config.model.stage_channels == (8,)


def test_only_given_flags_override_the_configuration_of_a_run():
    run = Config.from_dict({"training": {"epochs": 7}, "audio": {"window_hop_seconds": 0.5}})
    flags = parse_flags(PREDICT, ["--window_hop_seconds=1.5"])
    assert flags.given("window_hop_seconds")
    config = flags.config(run)
    assert config.training.epochs == 7
    assert config.audio.window_hop_seconds == 1.5
    assert parse_flags(PREDICT, []).config(run) == run


def test_parsing_twice_starts_afresh():
    assert parse("--epochs=3").config().training.epochs == 3
    assert parse().config() == Config()


def test_positional_arguments_mix_with_flags_where_they_are_taken():
    flags = parse_flags(PREDICT, ["a.wav", "--top_k=2", "b.wav", "--", "--c.wav"])
    assert flags.positional == ("a.wav", "b.wav", "--c.wav")
    assert flags.options.top_k == 2
    with pytest.raises(ConfigError, match="unexpected argument 'true': program takes only flags"):
        parse("--xla", "true")


@pytest.mark.parametrize(
    "argv, message",
    [
        (["--epochs=0"], "--epochs=0: must be at least 1"),
        (["--epochs=x"], "--epochs=x: must be a whole number, at least 1"),
        (["--epoch=3"], "unknown flag --epoch; did you mean --epochs?"),
        (["--xla=maybe"], "--xla=maybe: must be true or false"),
        (["--block=dense"], "--block=dense: must be one of plain, residual, separable"),
        (["--stage_channels=8,x"], "--stage_channels=8,x: must be a comma-separated list of whole numbers, at least 1"),
        (["--branches=mel:x=1"], "--branches=mel:x=1: 'x=1' is not KEY=VALUE"),
        (["--top_k=0"], "--top_k=0: must be at least 1"),
        (["--run_dir="], "--run_dir is required: Folder of the run."),
    ],
)
def test_errors_are_one_line_on_stderr_and_status_2(capsys, argv, message):
    status = run_main(lambda flags: flags.config() and None, TRAIN, ["--run_dir=r", *argv])
    captured = capsys.readouterr()
    assert status == 2
    assert captured.out == ""
    assert captured.err.startswith(f"error: {message}")
    assert captured.err.count("\n") == 1


def test_a_flag_of_another_command_is_told_apart_from_a_misspelt_one():
    with pytest.raises(ConfigError, match="--epochs is a configuration flag that program does not take"):
        parse_flags(PREDICT, ["--epochs=3"])


def test_the_status_is_that_of_the_command(capsys):
    assert run_main(lambda flags: 1, PREDICT, []) == 1
    assert run_main(lambda flags: None, PREDICT, []) == 0
    assert run_main(lambda flags: 1 / 0, PREDICT, ["--version"]) == 0
    assert capsys.readouterr().out.strip() == __import__("irmas_tf").__version__


@pytest.mark.parametrize("flag", ["--help", "-h", "--helpfull"])
def test_help_shows_every_flag_with_its_default_and_what_is_allowed(capsys, flag):
    assert run_main(lambda flags: 1 / 0, TRAIN, ["--epochs=nonsense", flag]) == 0
    text = capsys.readouterr().out
    flat = " ".join(text.split())
    for name in ALL:
        assert f"--{name}=" in text or f"--[no]{name}\n" in text, name
    assert "--run_dir=TEXT Folder of the run. [required]" in flat
    assert "[one of plain, residual, separable; default residual]" in flat
    assert "[at least 8000 and at most 192000; in Hz; default 22050]" in flat
    assert flat.index("Configuration: audio:") < flat.index("--sample_rate_hz=") < flat.index("Configuration: model:")
    assert "--flagfile=FILE" in flat


def test_help_after_a_double_dash_is_an_argument():
    seen = []
    run_main(lambda flags: seen.extend(flags.positional), PREDICT, ["--", "--help"])
    assert seen == ["--help"]


def test_flags_can_be_defined_without_a_command():
    values = define_flags(("epochs", "xla"))
    assert values(["program", "--epochs=4", "x"]) == ["program", "x"]
    assert config_from_flags(values).training.epochs == 4
    with pytest.raises(ValueError, match="no configuration field called 'epoch'"):
        define_flags(("epoch",))


def test_the_reference_is_current(repository):
    shipped = (repository / "configs" / "reference.flags").read_text(encoding="utf-8")
    assert shipped == reference(), "run: python -m irmas_tf.config.flags > configs/reference.flags"


def test_the_reference_gives_every_flag_once_at_its_default(tmp_path):
    text = reference()
    (tmp_path / "all.flags").write_text(text)
    assert parse(f"--flagfile={tmp_path}/all.flags").config() == Config()
    assert [line[2:].split("=")[0] for line in text.splitlines() if line.startswith("--")] == list(ALL)
    assert max(len(line) for line in text.splitlines() if line.startswith("#")) <= 120


@dataclasses.dataclass(frozen=True)
class Places:
    out: str = setting("", "File to write.", writes="file")
    folder: str = setting("", "Folder to write to.", writes="folder")


def test_places_to_write_to_are_tried_before_the_command(tmp_path, capsys):
    command = Command("irmas_tf.places", "Write.", options=Places)
    (tmp_path / "file").touch()
    for wrong in (f"--out={tmp_path}", f"--folder={tmp_path / 'file'}", f"--out={tmp_path / 'file' / 'below'}"):
        assert run_main(lambda flags: 1 / 0, command, [wrong]) == 2
        assert capsys.readouterr().err.startswith(f"error: {wrong}: ")
    good = [f"--out={tmp_path / 'file'}", f"--folder={tmp_path / 'new'}"]
    assert run_main(lambda flags: 0, command, good) == 0
    assert not (tmp_path / "new").exists()


def test_every_command_declares_what_it_writes():
    undeclared = []  # what they write would be found out to be impossible only after the work
    for entry in COMMANDS.values():
        command = getattr(importlib.import_module(entry.module), "COMMAND", None)
        fields = dataclasses.fields(command.options) if command and command.options else ()
        undeclared += [
            f"{entry.name} --{field.name}"
            for field in fields
            if field.name in ("out", "output", "activity", "write_manifest") and not field.metadata["writes"]
        ]
    assert not undeclared
