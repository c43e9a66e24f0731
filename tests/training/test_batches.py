from __future__ import annotations

import dataclasses
import struct
import warnings

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from tensorflow.python.framework import config as framework_config  # the public API can only switch determinism on

from irmas_tf.audio.decode import AudioError, AudioWarning, decode_file
from irmas_tf.audio.windows import window_starts
from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.augment import AugmentConfig
from irmas_tf.config.run_config import Config, DataConfig, ModelConfig, TrainingConfig
from irmas_tf.training import batches as pipeline
from irmas_tf.training import decoded
from tests.helpers.one_hot import one_hot

RATE = 8000
MODEL = ModelConfig(
    branches=("mel:frame_length=256:hop_length=64:num_bins=32:max_frequency_hz=4000",), stage_channels=(8,)
)


def make_config(**changes) -> Config:
    """Return a small configuration; ``changes`` are fields of any section."""
    sections = {
        "data": DataConfig(cache="memory", loader_threads=2),
        "audio": AudioConfig(sample_rate_hz=RATE, window_seconds=0.5, window_hop_seconds=0.25),
        "augment": AugmentConfig(),
        "training": TrainingConfig(batch_size=4, seed=7),
    }
    for name, value in changes.items():
        section = next(s for s, c in sections.items() if name in {f.name for f in dataclasses.fields(c)})
        sections[section] = dataclasses.replace(sections[section], **{name: value})
    return Config(model=MODEL, **sections)


@pytest.fixture(autouse=True)
def _no_stores_left():
    pipeline.clear_stores()
    yield
    pipeline.clear_stores()


@pytest.fixture
def in_graph(monkeypatch):
    """Let graphs decode data sets of any size, not only those that are worth a graph."""
    monkeypatch.setattr(decoded, "_FEWEST_FILES", 1)


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> list[str]:
    """Thirteen stereo files of 1 s at 16 kHz; file k holds values around (k + 1) / 20 with a slow ramp."""
    folder = tmp_path_factory.mktemp("audio")
    found = []
    for k in range(13):
        ramp = np.linspace(0.0, 0.04, 16_000) + (k + 1) / 20
        path = folder / f"[cla]{k:02}.wav"
        soundfile.write(path, np.stack([ramp, ramp], axis=1), 16_000)
        found.append(str(path))
    return found


LABELS = one_hot([0] * 8 + [1] * 3 + [2] * 2, 3)


def collect(dataset: tf.data.Dataset) -> list[tuple[np.ndarray, ...]]:
    return [tuple(part.numpy() for part in batch) for batch in dataset]


def assert_same(
    first: list[tuple[np.ndarray, ...]], second: list[tuple[np.ndarray, ...]], tolerance: float = 0.0
) -> None:
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a[0], b[0], rtol=0, atol=tolerance)
        for x, y in zip(a[1:], b[1:], strict=True):
            np.testing.assert_array_equal(x, y)


def epoch_of(paths, config=None, **arguments) -> list[tuple[np.ndarray, ...]]:
    arguments = {"epoch": 0, **arguments}
    return collect(pipeline.training_dataset(paths, LABELS, config or make_config(), **arguments))


def test_shapes_types_and_cardinality_are_static(paths):
    dataset = pipeline.training_dataset(paths, LABELS, make_config(), epoch=0, start_batch=1)
    assert dataset.cardinality().numpy() == 2 == pipeline.steps_per_epoch(13, make_config()) - 1
    assert [(s.shape.as_list(), s.dtype) for s in dataset.element_spec] == [
        ([4, 4000], tf.float32), ([4, 3], tf.int8), ([4, 2], tf.int32),
    ]  # fmt: skip


def test_every_example_at_most_once_with_its_label(paths):
    batches = epoch_of(paths, make_config())
    seen = []
    for waveform, label, _ in batches:
        files = np.floor(waveform[:, 100:-100].min(axis=1) * 20 + 1e-3).astype(int) - 1
        np.testing.assert_array_equal(LABELS[files], label)
        seen += files.tolist()
    assert len(seen) == 12 == len(set(seen))


def test_the_same_seed_and_epoch_give_the_same_bits_and_others_do_not(paths):
    first = epoch_of(paths)
    assert_same(first, epoch_of(paths))
    for other in (epoch_of(paths, epoch=1), epoch_of(paths, make_config(seed=8))):
        assert not np.array_equal(first[0][0], other[0][0])
        assert not np.array_equal(first[0][2], other[0][2])


@pytest.mark.slow
@pytest.mark.usefixtures("in_graph")
@pytest.mark.parametrize("cache", ["none", "memory", "disk"])
def test_resuming_at_a_batch_is_exact(paths, tmp_path, cache):
    config = make_config(cache=cache, cache_dir=str(tmp_path))
    whole = epoch_of(paths, config, epoch=3)
    for start in range(4):
        assert_same(epoch_of(paths, config, epoch=3, start_batch=start), whole[start:])


ROUNDING = 1.1 / 32767  # the filter's sums differ by 1e-6, which now and then rounds an example's sample elsewhere


@pytest.mark.slow
@pytest.mark.usefixtures("in_graph")
@pytest.mark.parametrize("balance", ["none", "resample"])
def test_caches_and_threads_give_identical_batches_and_decoders_the_same(paths, tmp_path, balance):
    expected = epoch_of(paths, make_config(class_balance=balance))
    for changes, tolerance in (
        ({"cache": "none"}, 0.0),
        ({"cache": "disk"}, 0.0),
        ({"loader_threads": 1, "cache": "none"}, 0.0),
        ({"decoder": "soundfile"}, ROUNDING),
    ):
        config = make_config(class_balance=balance, cache_dir=str(tmp_path), **changes)
        assert_same(epoch_of(paths, config), expected, tolerance)


@pytest.fixture(scope="module")
def mixed_paths(paths, tmp_path_factory) -> list[str]:
    """The files in many forms: other rates, lengths, channels and formats."""
    folder, mixed = tmp_path_factory.mktemp("mixed"), []
    rng = np.random.default_rng(0)
    for k, path in enumerate(paths):
        samples, rate = soundfile.read(path)
        samples, rate = samples[: (16_000, 9_000, 2_000, 7)[k % 4]], (16_000, 44_100, 8_000)[k % 3]
        samples = samples[:, : 1 + k % 2] + 1e-3 * rng.standard_normal((len(samples), 1 + k % 2))
        subtype, suffix = (("PCM_16", "wav"), ("PCM_24", "wav"), ("PCM_16", "flac"), ("PCM_16", "wav"))[k % 4]
        mixed.append(str(folder / f"[cla]{k:02}.{suffix}"))
        soundfile.write(mixed[-1], samples, rate, subtype=subtype)
    cut = (folder / "[cla]12.wav").read_bytes()
    (folder / "[cla]12.wav").write_bytes(cut[:-5001])
    return mixed


@pytest.mark.slow
@pytest.mark.usefixtures("in_graph")
def test_files_of_all_kinds_keep_their_place_whoever_decodes_them(mixed_paths, monkeypatch):
    config, samples = make_config(cache="none"), 5000
    assert [int(layout is not None) for layout in pipeline.plain_layouts(mixed_paths, config)] == [1, 0, 0, 1] * 3 + [0]
    with pytest.warns(AudioWarning, match=r"\[cla\]12\.wav: .* can be decoded"):
        got = [epoch_of(mixed_paths, config, epoch=epoch, samples=samples) for epoch in range(2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with monkeypatch.context() as patch:
            patch.setattr(pipeline, "_MOST_OTHERS", 3)  # all by Python
            assert_same(epoch_of(mixed_paths, config, epoch=1, samples=samples), got[1], ROUNDING)
        assert_same(epoch_of(mixed_paths, config, epoch=1, samples=samples, start_batch=1), got[1][1:])


@pytest.mark.slow
@pytest.mark.usefixtures("in_graph")
def test_evaluation_of_files_of_all_kinds_is_the_same_whoever_decodes_them(mixed_paths):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a file is cut
        got, expected = (
            collect(pipeline.evaluation_dataset(mixed_paths, make_config(decoder=decoder), batch_size=5))
            for decoder in ("auto", "soundfile")
        )
    assert_same(got, expected, 1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("in_graph")
def test_two_steps_of_a_training_without_a_cache_are_the_same_again(paths):
    def trained() -> np.ndarray:
        weights = tf.Variable(np.linspace(-1, 1, 4000, dtype=np.float32))
        for waveform, labels, _ in pipeline.training_dataset(paths, LABELS, make_config(cache="none"), epoch=0).take(2):
            with tf.GradientTape() as tape:
                logits = tf.linalg.matvec(waveform, weights)
                loss = tf.reduce_mean(tf.square(logits - tf.cast(labels[:, 0], tf.float32)))
            weights.assign_sub(1e-3 * tape.gradient(loss, weights))
        return weights.numpy()

    np.testing.assert_array_equal(trained(), trained())


@pytest.mark.usefixtures("in_graph")
def test_determinism_mode_of_tensorflow_changes_nothing(paths):
    expected = epoch_of(paths, make_config(cache="none"))
    tf.config.experimental.enable_op_determinism()
    try:
        assert_same(epoch_of(paths, make_config(cache="none")), expected)
    finally:
        framework_config.disable_op_determinism()


def test_later_epochs_do_not_decode_again(paths, monkeypatch, tmp_path):
    for cache in ("memory", "disk"):
        config = make_config(cache=cache, cache_dir=str(tmp_path))
        epoch_of(paths, config)
        with monkeypatch.context() as patch:
            patch.setattr("irmas_tf.audio.decode._decode_pcm16", None)
            epoch_of(paths, config, epoch=1, start_batch=2)
            if cache == "disk":  # nor does another process
                pipeline.clear_stores()
                epoch_of(paths, config, epoch=1)


@pytest.mark.slow
def test_crops_cover_the_excerpt_evenly(paths):
    # The ramp tells where a window was cut from.
    starts = []
    config = make_config()
    for epoch in range(40):
        for waveform, _, _ in epoch_of(paths, config, epoch=epoch):
            rise = (waveform[:, 2000] * 20) % 1.0 / 20 / 0.04 * 8000
            starts += (rise - 2000).tolist()
    starts = np.array(starts)
    assert starts.min() > -60 and starts.max() < 4060
    counts = np.histogram(starts, 8, (0, 4000))[0]
    assert counts.min() > 0.6 * counts.mean() and counts.max() < 1.4 * counts.mean()


def test_windows_longer_than_the_excerpt_are_padded_at_the_end(paths):
    for waveform, _, _ in epoch_of(paths, make_config(window_seconds=1.5)):
        assert waveform.shape == (4, 12_000)
        assert not waveform[:, 8000:].any() and (waveform[:, 100:7900] > 0.04).all()


@pytest.mark.parametrize("window_seconds, again", [(0.95, 1000), (1.05, 600), (1.25, 0)])
def test_what_faster_playing_needs_is_read_on_from_the_beginning(paths, window_seconds, again):
    config = make_config(window_seconds=window_seconds)
    samples = max(9000, config.audio.window_samples)
    for waveform, _, _ in epoch_of(paths, config, samples=samples):
        assert waveform.shape == (4, samples) and (waveform[:, 100:7900] > 0.04).all()
        np.testing.assert_array_equal(waveform[:, 8000 : 8000 + again], waveform[:, :again])
        assert not waveform[:, 8000 + again :].any()


@pytest.mark.slow
def test_resampling_balances_classes(paths):
    config = make_config(class_balance="resample")
    labels = np.concatenate([label for epoch in range(10) for _, label, _ in epoch_of(paths, config, epoch=epoch)])
    assert labels.sum(axis=0).min() > 0.8 * len(labels) / 3


def test_wrong_arguments_are_refused(paths):
    with pytest.raises(ValueError, match="--batch_size=64: must be at most the 13 excerpts"):
        pipeline.training_dataset(paths, LABELS, make_config(batch_size=64), epoch=0)
    with pytest.raises(ValueError, match="start_batch=4: must be from 0 to the 3 batches"):
        pipeline.training_dataset(paths, LABELS, make_config(), epoch=0, start_batch=4)
    with pytest.raises(ValueError, match="a row for each file"):
        pipeline.training_dataset(paths, LABELS[:5], make_config(), epoch=0)
    with pytest.raises(ValueError, match="batch_size=0"):
        pipeline.evaluation_dataset(paths, make_config(), batch_size=0)


@pytest.mark.slow
@pytest.mark.usefixtures("in_graph")
def test_a_bad_file_is_named(paths, tmp_path, monkeypatch):
    bad = tmp_path / "[gac] bad.wav"
    bad.write_bytes(b"not audio")
    files = [*paths[:-1], str(bad)]
    with pytest.raises(AudioError, match=r"\[gac\] bad\.wav: is not audio"):
        epoch_of(files)
    for most, error in ((128, AudioError), (0, tf.errors.InvalidArgumentError)):
        monkeypatch.setattr(pipeline, "_MOST_OTHERS", most)
        with pytest.raises(error, match=r"\[gac\] bad\.wav: is not audio"):
            for epoch in range(3):  # each drops one file
                epoch_of(files, make_config(cache="none"), epoch=epoch)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[gac\] bad\.wav: is not audio"):
        collect(pipeline.evaluation_dataset(files, make_config(), batch_size=4))


@pytest.mark.slow
@pytest.mark.parametrize("keep", [False, True])
def test_evaluation_gives_every_window_in_order_and_unchanged(tmp_path, keep):
    rng = np.random.default_rng(0)
    files, expected, clips = [], [], []
    for k, seconds in enumerate((2.3, 0.2, 0.5, 1.0, 0.51)):
        path = tmp_path / f"{k}.flac"
        soundfile.write(path, rng.uniform(-0.5, 0.5, int(seconds * RATE)), RATE)
        files.append(str(path))
        clip = np.pad(decode_file(path, RATE), (0, 4000))
        for start in window_starts(int(seconds * RATE), 4000, 2000):
            expected.append(clip[start : start + 4000])
            clips.append(k)
    for _ in range(2):
        got = collect(pipeline.evaluation_dataset(files, make_config(), batch_size=3, keep=keep))
        assert [len(index) for _, index in got] == [3] * (len(clips) // 3) + [len(clips) % 3] * (len(clips) % 3 > 0)
        np.testing.assert_array_equal(np.concatenate([index for _, index in got]), clips)
        tolerance = 2e-5 if keep else 0.0  # a kept clip has 16-bit samples
        np.testing.assert_allclose(np.concatenate([w for w, _ in got]), expected, atol=tolerance)


@pytest.mark.parametrize("keep, longest", [(False, 1 << 24), (False, 10_000), (True, 1 << 24)])
def test_windows_of_a_clip_come_in_pieces_that_memory_has_room_for(tmp_path, monkeypatch, keep, longest):
    monkeypatch.setattr(pipeline, "_WHOLE_CLIP_SAMPLES", longest)
    files = [str(tmp_path / f"{k}.wav") for k in range(3)]
    for file, samples in zip(files, (15_000, 100, 60_000), strict=True):
        soundfile.write(file, np.random.default_rng(samples).uniform(-0.5, 0.5, samples), RATE)
    pieces = [(clip, some.copy()) for clip, some in pipeline._clip_windows(files, make_config(), 3, keep)]
    assert all(1 <= len(some) <= 3 for _, some in pieces)
    order = [clip for clip, _ in pieces]
    assert order == sorted(order)
    for clip, file in enumerate(files):
        samples = decode_file(file, RATE)
        starts = window_starts(len(samples), 4000, 2000)
        windows = np.concatenate([some for k, some in pieces if k == clip])
        padded = np.pad(samples, (0, 4000))
        np.testing.assert_allclose(windows, [padded[start : start + 4000] for start in starts], atol=2e-5 * keep)


def test_long_clips_are_streamed(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 60_000), RATE)
    short = collect(pipeline.evaluation_dataset([str(path)], make_config(), batch_size=5))
    monkeypatch.setattr(pipeline, "_WHOLE_CLIP_SAMPLES", 10_000)
    monkeypatch.setattr(pipeline, "make_decoder", lambda name, rate: None)
    assert_same(collect(pipeline.evaluation_dataset([str(path)], make_config(), batch_size=5)), short)


def test_a_clip_of_one_sample_and_no_clips(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(
        b"RIFF" + struct.pack("<I", 38) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
        + b"data" + struct.pack("<Ih", 2, 16384)
    )  # fmt: skip
    ((waveform, index),) = collect(pipeline.evaluation_dataset([str(path)], make_config(), batch_size=4))
    assert index.tolist() == [0] and waveform[0, 0] == 0.5 and not waveform[0, 1:].any()
    assert collect(pipeline.evaluation_dataset([], make_config(), batch_size=4)) == []


def test_stores_are_shared_and_only_a_few_are_kept(paths):
    config = make_config()
    assert pipeline.open_store(paths, config) is pipeline.open_store(list(paths), config)
    assert pipeline.open_store(paths, make_config(cache="none")) is None
    first = pipeline.open_store(paths[:2], config)
    for count in range(3, 8):
        pipeline.open_store(paths[:count], config)
    assert pipeline.open_store(paths[:2], config) is not first


@pytest.mark.usefixtures("in_graph")
def test_the_tuner_is_off_for_what_is_made_and_what_is_made_of_it(paths):
    """Its thread sleeps for up to a minute at a time, and the end of an epoch had to wait for it."""
    config = make_config()
    training = pipeline.training_dataset(paths, LABELS, config, epoch=0)
    evaluation = pipeline.evaluation_dataset(paths, config, batch_size=2)
    zipped = tf.data.Dataset.zip((training, tf.data.Dataset.range(3))).map(lambda example, number: number)
    for dataset in (training, evaluation, zipped):
        assert dataset.options().autotune.enabled is False
