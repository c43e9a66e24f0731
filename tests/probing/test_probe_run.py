from __future__ import annotations

import keras
import numpy as np
import pytest
import soundfile

from irmas_tf.beginnings.who_saw import trained_names, unseen_excerpts, write_seen
from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.data import DataConfig
from irmas_tf.config.labels import get_label_scheme
from irmas_tf.config.run_config import Config, ModelConfig
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.irmas_dataset import Irmas
from irmas_tf.datasets.splits import Split, save_split
from irmas_tf.inference.embedding import EmbeddingNetwork
from irmas_tf.inference.run_model import RunModel
from irmas_tf.models.factory import build_model
from irmas_tf.probing import probe_run
from irmas_tf.runs.run_dir import RunDir
from tests.helpers import tiny_run

SCHEME = get_label_scheme("irmas")
CODES = ("cel", "gel", "voi")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Three classes of six songs, two excerpts a song: a constant of a class's own level in noise."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for number, code in enumerate(CODES):
        target = folder / "IRMAS-TrainingData" / code
        target.mkdir(parents=True)
        for song in range(6):
            for excerpt in (1, 2):
                samples = 0.3 * (number - 1) + 0.1 * rng.standard_normal(4000).clip(-4, 4)
                soundfile.write(target / f"[{code}][cla]{10 * number + song:04d}__{excerpt}.wav", samples, 8000)
    return folder


@pytest.fixture
def embedder():
    waveform = keras.Input((None,))
    mean = keras.ops.mean(waveform, axis=1, keepdims=True)
    model = keras.Model(waveform, keras.layers.Concatenate()([mean, mean * mean]))
    audio = AudioConfig(sample_rate_hz=8000, window_seconds=0.25, window_hop_seconds=0.25)
    return EmbeddingNetwork(model, audio, {"backbone": "toy"})


def probe(embedder, data_dir, tmp_path, folds=3, **options):
    options = {"cache_dir": str(tmp_path), "folds": folds, "regularization": 10.0, "seed": 0, **options}
    return probe_run.probe_data(embedder, Irmas(DataConfig()), str(data_dir), **options)


def test_levels_are_told_apart_and_the_summary_says_so(embedder, data_dir, tmp_path):
    summary = probe_run.summarize(probe(embedder, data_dir, tmp_path), SCHEME)
    assert summary["accuracy"]["value"] == 1.0
    assert (summary["excerpts"], summary["songs"], summary["folds"]) == (36, 18, 3)
    assert summary["majority_baseline"] == pytest.approx(1 / 3)
    assert summary["per_class_f1"]["gel"] == 1.0
    table = probe_run.summary_table(summary, SCHEME)
    assert "accuracy  1.000" in table and "36 excerpts of 18 songs" in table


def test_a_place_for_embeddings_that_takes_none_is_refused_before_the_work(embedder, data_dir, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(probe_run, "embed_files", lambda *args, **kwargs: pytest.fail("began to work"))
    with pytest.raises(ConfigError, match=r"--cache_dir=.*: is a file; name a folder"):
        probe(embedder, data_dir, tmp_path / "file")


def test_a_learning_curve_is_summarized_and_written(embedder, data_dir, tmp_path):
    assert probe_run.summarize(probe(embedder, data_dir, tmp_path), SCHEME)["learning_curve"] == []
    summary = probe_run.summarize(probe(embedder, data_dir, tmp_path, learning_curve=True), SCHEME)
    assert [point["songs"] for point in summary["learning_curve"]] == [3, 3, 6, 12]
    assert summary["learning_curve"][-1] == {"songs": 12, "excerpts": 24, "accuracy": 1.0}
    table = probe_run.summary_table(summary, SCHEME)
    assert table.endswith("     12        24     1.000\n")


@pytest.fixture
def calls(monkeypatch):
    """Return a list that grows with every computation of embeddings."""
    calls, original = [], probe_run.embed_files
    monkeypatch.setattr(probe_run, "embed_files", lambda *args, **kwargs: calls.append(1) or original(*args, **kwargs))
    return calls


def test_embeddings_are_computed_once_and_again_when_a_file_changes(embedder, data_dir, tmp_path, calls):
    first = probe(embedder, data_dir, tmp_path)
    again = probe(embedder, data_dir, tmp_path)
    np.testing.assert_array_equal(first.predicted, again.predicted)
    assert len(calls) == 1
    path = next((data_dir / "IRMAS-TrainingData" / "cel").iterdir())
    soundfile.write(path, np.zeros(3000), 8000)
    probe(embedder, data_dir, tmp_path)
    assert len(calls) == 2


def test_damaged_embeddings_in_the_cache_are_computed_anew(embedder, data_dir, tmp_path, calls):
    wanted = probe(embedder, data_dir, tmp_path)
    (cached,) = tmp_path.glob("*.npz")
    cached.write_bytes(cached.read_bytes()[:-50])
    np.testing.assert_array_equal(probe(embedder, data_dir, tmp_path).predicted, wanted.predicted)
    assert len(calls) == 2


@pytest.mark.slow
def test_embeddings_of_another_model_in_the_same_run_folder_are_not_taken(data_dir, tmp_path, calls):
    branch = "mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000"
    config = Config(
        audio=AudioConfig(sample_rate_hz=8000, window_seconds=0.25, window_hop_seconds=0.25),
        model=ModelConfig(branches=(branch,), stage_channels=(8,), stem_stride=2, head_units=12),
    )
    run = RunDir.create(tmp_path / "run", config)
    save_split(run.split_path, Split(("elsewhere/1.wav",), ("elsewhere/2.wav",), 0, "song", 0.5))
    for seed, expected in ((0, 1), (1, 2), (1, 2)):
        keras.utils.set_random_seed(seed)
        if len(calls) < expected:
            build_model(config).save(run.model_path)
        probe(RunModel.open(run), data_dir, tmp_path / "cache")
        assert len(calls) == expected


def test_embeddings_of_another_version_are_not_taken(embedder, data_dir, tmp_path, calls, monkeypatch):
    probe(embedder, data_dir, tmp_path)
    monkeypatch.setattr(probe_run, "__version__", "99")
    probe(embedder, data_dir, tmp_path)
    assert len(calls) == 2


def test_too_many_folds_are_refused(embedder, data_dir, tmp_path):
    with pytest.raises(ConfigError, match="--folds=7"):
        probe(embedder, data_dir, tmp_path, folds=7)


def test_unreadable_excerpts_are_refused(embedder, data_dir, tmp_path):
    broken = data_dir / "IRMAS-TrainingData" / "voi" / "[voi][cla]0099__1.wav"
    broken.write_bytes(b"RIFF")
    try:
        with pytest.raises(ConfigError, match="1 of 37 excerpts cannot be read"):
            probe(embedder, data_dir, tmp_path)
    finally:
        broken.unlink()


# ---- who saw which songs -------------------------------------------------------------------------------------------


class Learnt:
    """A network that has learnt some songs by heart: it knows their class, and of others nothing."""

    audio = AudioConfig(sample_rate_hz=8000, window_seconds=0.5, window_hop_seconds=0.5)
    outputs = ("embedding",)

    def __init__(self, run, known):
        self.run, self.config, self.source = run, run.load_config(), {"run": "learnt", "model_sha256": "0"}
        self.known = known

    def values(self, windows, output):
        return np.stack([self.known.get(window[:100].tobytes(), np.zeros(3, np.float32)) for window in windows])


@pytest.fixture
def learnt(data_dir, tmp_path):
    """A run that trained on the first four songs of each class (two of them by one excerpt only), and its network."""
    run = RunDir.create(tmp_path / "run", tiny_run.make_config())
    excerpts = Irmas(DataConfig()).training(data_dir)
    song = [int(excerpt.name.rpartition("]")[2][:4]) % 10 for excerpt in excerpts]
    known, train = {}, []
    for excerpt, number in zip(excerpts, song, strict=True):
        samples = soundfile.read(excerpt.path, dtype="float32")[0]
        if number < 2 or (number < 4 and excerpt.name.endswith("1.wav")):
            train.append(excerpt.name)
        if number < 4:
            known[samples[:100].tobytes()] = np.eye(3, dtype=np.float32)[CODES.index(excerpt.code)]
    rest = tuple(excerpt.name for excerpt in excerpts if excerpt.name not in train)
    save_split(run.split_path, Split(tuple(train), rest, 0, "excerpt", 0.5))
    return Learnt(run, known)


def test_a_run_is_probed_on_songs_that_it_has_not_learnt(learnt, data_dir, tmp_path):
    result = probe(learnt, data_dir, tmp_path, folds=2)
    assert len(result.labels) == 12 and len(np.unique(result.groups)) == 6, "two songs of each class, both excerpts"
    assert result.songs_of.startswith("the validation side of run run")
    summary = probe_run.summarize(result, SCHEME)
    assert summary["accuracy"]["value"] < 0.5, "what it knows by heart would have 1.0"
    assert "songs: the validation side" in probe_run.summary_table(summary, SCHEME)


def test_songs_that_the_run_before_had_learnt_are_left_out(learnt, data_dir, tmp_path):
    excerpts = Irmas(DataConfig()).training(data_dir)
    earlier = RunDir.create(tmp_path / "earlier", tiny_run.make_config())
    fifth = tuple(e.name for e in excerpts if int(e.name.rpartition("]")[2][:4]) % 10 == 4)
    save_split(earlier.split_path, Split(fifth, ("x/1.wav",), 0, "song", 0.5))
    write_seen(learnt.run, earlier)
    assert len(unseen_excerpts(learnt.run, excerpts)) == 6 and set(fifth) <= trained_names(learnt.run)
    with pytest.raises(ConfigError, match=r"cel \(cello\) has only 1 song in the validation side.*add songs"):
        probe(learnt, data_dir, tmp_path, folds=2)


def test_embeddings_of_all_songs_in_the_cache_do_not_bring_learnt_ones_back(learnt, data_dir, tmp_path):
    wanted = probe(learnt, data_dir, tmp_path / "empty", folds=2)
    (split := learnt.run.split_path).rename(tmp_path / "kept")
    save_split(split, Split(("x/1.wav",), ("x/2.wav",), 0, "song", 0.5))
    assert len(probe(learnt, data_dir, tmp_path / "full", folds=2).labels) == 36
    split.unlink()
    (tmp_path / "kept").rename(split)
    result = probe(learnt, data_dir, tmp_path / "full", folds=2)
    assert result.songs_of == wanted.songs_of and len(result.labels) == 12
    np.testing.assert_array_equal(result.predicted, wanted.predicted)


def test_a_run_that_has_learnt_all_songs_is_refused(learnt, data_dir, tmp_path):
    names = [excerpt.name for excerpt in Irmas(DataConfig()).training(data_dir)]
    first = tuple(name for name in names if name.endswith("1.wav"))
    save_split(learnt.run.split_path, Split(first, tuple(set(names) - set(first)), 0, "excerpt", 0.5))
    with pytest.raises(ConfigError, match="has learnt from all songs of this data"):
        probe(learnt, data_dir, tmp_path)


def test_an_export_that_does_not_say_what_it_learnt_from_is_refused(embedder, data_dir, tmp_path):
    embedder.source |= {"model_sha256": "0", "labels": ["cel", "oud"]}
    with pytest.raises(ConfigError, match="give --run_dir"):
        probe(embedder, data_dir, tmp_path)
    embedder.source["labels"] = ["oud", "ney"]
    assert "trained on other classes" in probe(embedder, data_dir, tmp_path).songs_of


def test_data_that_the_run_never_saw_is_taken_whole(learnt, data_dir, tmp_path):
    save_split(learnt.run.split_path, Split(("x/1.wav",), ("x/2.wav",), 0, "song", 0.5))
    result = probe(learnt, data_dir, tmp_path)
    assert len(result.labels) == 36 and "names none of them" in result.songs_of
