from __future__ import annotations

import dataclasses
import json
import re
import shutil
import zipfile

import pytest

import irmas_tf
from irmas_tf import upgrade_run
from irmas_tf.deploy.export_inputs import open_finished_run
from irmas_tf.deploy.metadata import describe
from irmas_tf.inference.lite_run import open_run
from irmas_tf.inference.run_data import look_before_scoring
from irmas_tf.inference.run_model import RunModel
from irmas_tf.runs import identity
from irmas_tf.runs.identity import check_model, check_split, publish_model
from irmas_tf.runs.run_dir import RunDir, RunDirError
from irmas_tf.runs.thresholds import Thresholds, ThresholdsError
from tests.helpers.tiny_run import make_config, make_multi_label_run


@pytest.fixture
def run(tmp_path):
    return make_multi_label_run(tmp_path / "run", 0.25)


def other_config(**audio):
    config = make_config()
    return dataclasses.replace(config, audio=dataclasses.replace(config.audio, **audio))


def publish_copy(run, config, at, thresholds=None, note=b""):
    """Publish a model with the weights of a run, told apart by a comment of its archive, in another folder."""

    def save(path):
        with zipfile.ZipFile(run.model_path) as source, zipfile.ZipFile(path, "w") as archive:
            archive.comment = note
            for item in source.infolist():
                archive.writestr(item, source.read(item))

    at = at if isinstance(at, RunDir) else RunDir.create(at, config)
    publish_model(at, config, save, thresholds)
    return at


OPENERS = {
    "predict": lambda run: open_run(run),
    "load": lambda run: irmas_tf.load(run),
    "evaluate": lambda run: look_before_scoring(run, "", "validation"),
    "export": lambda run: open_finished_run(run),
    "model": lambda run: RunModel.open(run).model,
}


@pytest.mark.parametrize("opened", OPENERS)
def test_a_model_of_another_rate_and_window_is_refused_with_both_facts(run, tmp_path, opened):
    foreign = publish_copy(run, other_config(sample_rate_hz=32000, window_seconds=1.0), tmp_path / "other")
    shutil.copy(foreign.model_path, run.model_path)
    with pytest.raises(
        RunDirError, match=r"sample_rate_hz 32000 in model.keras, 8000 in config.json; window_samples 32"
    ):
        OPENERS[opened](str(run.path))


def test_another_front_end_and_other_classes_are_told(run, tmp_path):
    config = make_config()
    model = dataclasses.replace(
        config.model, branches=("mel:frame_length=512:hop_length=128:num_bins=16:max_frequency_hz=4000",)
    )
    foreign = publish_copy(run, dataclasses.replace(config, model=model), tmp_path / "other")
    shutil.copy(foreign.model_path, run.model_path)
    with pytest.raises(RunDirError, match=r"task single_label in .*multi_label in config.json; branches mel"):
        check_model(run, run.load_config())


def test_other_weights_of_the_same_network_are_refused(run, tmp_path):
    foreign = publish_copy(run, run.load_config(), tmp_path / "other", note=b"another training")
    shutil.copy(foreign.model_path, run.model_path)
    with pytest.raises(RunDirError, match="the same classes and inputs, and is another file"):
        open_run(run.path)


def test_the_same_weights_give_the_same_file_whenever_they_are_saved(run, tmp_path):
    def save(path):
        with zipfile.ZipFile(run.model_path) as source, zipfile.ZipFile(path, "w") as archive:
            for name in source.namelist():
                content = source.read(name)
                if name == "metadata.json":
                    content = json.dumps({**json.loads(content), "date_saved": "2020-01-01@00:00:00"}).encode()
                if name == "config.json":  # as of an object at another place in memory
                    content, count = re.subn(rb'"shared_object_id": ', b"\\g<0>1405", content)
                    assert count
                archive.writestr(name, content)  # with the time of now

    config = run.load_config()
    again = RunDir.create(tmp_path / "again", config)
    publish_model(again, config, save)
    assert again.model_path.read_bytes() == run.model_path.read_bytes()
    # Of an archive with a fourth entry Keras unpacks all to the disk at every load.
    assert zipfile.ZipFile(run.model_path).namelist() == ["metadata.json", "config.json", "model.weights.h5"]


def test_facts_are_found_where_they_stood_before(run, tmp_path):
    with zipfile.ZipFile(run.model_path) as source:
        kept = {name: source.read(name) for name in source.namelist()}
    facts = json.loads(kept["metadata.json"]).pop("irmas_tf")
    kept["metadata.json"] = b"{}"
    with zipfile.ZipFile(run.model_path, "w") as archive:
        for name, content in {**kept, "irmas_tf.json": json.dumps({**facts, "sample_rate_hz": 32000}).encode()}.items():
            archive.writestr(name, content)
    with pytest.raises(RunDirError, match=r"sample_rate_hz 32000 in model\.keras"):
        open_run(run)


def test_a_copied_run_is_a_run(run, tmp_path, capsys):
    shutil.copytree(run.path, tmp_path / "copy")
    check_model(RunDir(tmp_path / "copy"), run.load_config())
    assert RunModel.open(tmp_path / "copy").thresholds[0] == 0.25 and not capsys.readouterr().err


@pytest.mark.parametrize("stop_at", ["thresholds.json", "identity.json", "model.keras"])
def test_a_kill_between_two_files_leaves_the_model_with_what_belongs_to_it(run, monkeypatch, stop_at):
    """A new best model is published, and the process ends right before one of its files gets its name."""
    before = run.model_path.read_bytes()
    real = identity.atomic_path.__globals__["os"].replace

    def replace(source, target):
        if str(target).endswith(stop_at):
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr("irmas_tf.process.atomic_files.os.replace", replace)
    better = Thresholds(dict.fromkeys(run.load_config().labels.codes, 0.75), 0.5, "a later epoch")
    with pytest.raises(KeyboardInterrupt):
        publish_copy(run, run.load_config(), run, better, b"later epoch")
    monkeypatch.undo()
    assert run.model_path.read_bytes() == before
    check_model(run, run.load_config())
    assert RunModel.open(run).thresholds[0] == 0.25
    publish_copy(run, run.load_config(), run, better, b"later epoch")
    check_model(run, run.load_config())
    assert RunModel.open(run).thresholds[0] == 0.75 and run.model_path.read_bytes() != before


def test_thresholds_of_another_model_are_refused(run, tmp_path):
    other = publish_copy(
        run,
        run.load_config(),
        tmp_path / "other",
        Thresholds.load(run.thresholds_path, run.load_config().labels.codes),
        b"x",
    )
    shutil.copy(other.thresholds_path, run.thresholds_path)
    with pytest.raises(ThresholdsError, match=r"is of another model than the model.keras beside it"):
        _ = RunModel.open(run).thresholds
    with pytest.raises(ThresholdsError, match="another model"):
        describe(run, run.load_config())


def test_a_split_that_the_model_was_not_trained_with_is_refused(run):
    config = run.load_config()
    run.split_path.write_text("{}")
    publish_copy(run, config, run)
    check_split(run)
    run.split_path.write_text('{"format": 1}')
    with pytest.raises(RunDirError, match=r"split.json: is not the split that model.keras was trained with"):
        check_split(run)


def as_before(run):
    """Make a run look as earlier versions wrote it."""
    run.identity_path.unlink()
    content = json.loads(run.thresholds_path.read_text())
    del content["model_sha256"]
    run.thresholds_path.write_text(json.dumps(content))
    with zipfile.ZipFile(run.model_path) as source:
        kept = {item.filename: source.read(item) for item in source.infolist()}
    kept["metadata.json"] = json.dumps({"keras_version": json.loads(kept["metadata.json"])["keras_version"]}).encode()
    with zipfile.ZipFile(run.model_path, "w") as archive:
        for item, data in kept.items():
            archive.writestr(item, data)


def test_a_run_of_an_earlier_version_is_read_with_one_warning_and_upgraded(run, capsys):
    as_before(run)
    for _ in range(2):
        open_run(run.path)
    assert capsys.readouterr().err.count("warning") == 1
    assert upgrade_run.cli([f"--run_dir={run.path}"]) == 0
    assert "name each other now" in capsys.readouterr().out
    identity._warned.clear()
    assert RunModel.open(run).thresholds[0] == 0.25
    open_run(run.path)
    assert not capsys.readouterr().err
    files = {path: path.read_bytes() for path in run.path.iterdir() if path.is_file()}
    assert upgrade_run.cli([f"--run_dir={run.path}"]) == 0 and "already" in capsys.readouterr().out
    assert files == {path: path.read_bytes() for path in run.path.iterdir() if path.is_file()}


def test_a_run_that_cannot_be_written_is_not_upgraded(run, monkeypatch, capsys):
    as_before(run)
    before = run.thresholds_path.read_bytes()
    monkeypatch.setattr(identity, "why_no_folder", lambda path: "nothing can be written there (Read-only file system)")
    assert upgrade_run.cli([f"--run_dir={run.path}"]) == 2
    assert (
        capsys.readouterr().err
        == f"error: --run_dir={run.path}: nothing can be written there (Read-only file system)\n"
    )
    assert run.thresholds_path.read_bytes() == before and not run.identity_path.exists()


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([{"name": "branch0_mel", "sample_rate_hz": 32000}], "sample_rate_hz 32000 in the model's layers, 8000 in"),
        ([{"name": "logits", "units": 5}, {"name": "branch0_a"}, {"name": "branch1_b"}], "5 classes .* 2 branches in"),
        (
            [{"name": "branch0_morlet_scalogram", "sample_rate_hz": 8000}],
            "branch0 is branch0_morlet_scalogram in the model, mel in config.json",
        ),
        (
            [{"name": "branch0_mel_spectrogram", "frame_length": 512, "hop_length": 64, "num_bins": 16}],
            "2 in branch0_mel of the model, .*; ",
        ),
    ],
)
def test_without_facts_the_layers_tell(run, layers, words):
    as_before(run)
    with zipfile.ZipFile(run.model_path, "w") as archive:
        archive.writestr("config.json", json.dumps({"config": {"layers": [{"config": layer} for layer in layers]}}))
    with pytest.raises(RunDirError, match=words):
        check_model(run, run.load_config())
    assert upgrade_run.cli([f"--run_dir={run.path}"]) == 2 and not run.identity_path.exists()


@pytest.mark.parametrize(
    "content", ["", "[]", '{"format": 1}', '{"format": 1, "models": [{}]}', '{"format": 9}', "[" * 65]
)
def test_a_damaged_identity_is_a_line(run, content):
    run.identity_path.write_text(content)
    with pytest.raises(RunDirError, match=r"identity.json: is damaged"):
        check_model(run, run.load_config())


def test_figures_travel_only_with_their_model(run):
    folder = run.evaluation_dir("validation")
    folder.mkdir(parents=True)
    facts = describe(run, run.load_config())
    for named, kept in ((facts["model_sha256"], {"accuracy": 0.5}), ("0" * 64, None), (None, None)):
        (folder / "metrics.json").write_text(json.dumps({"accuracy": 0.5, "model_sha256": named}))
        assert describe(run, run.load_config())["metrics"] == kept
