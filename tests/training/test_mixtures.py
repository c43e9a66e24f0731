from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.training import batches as pipeline
from irmas_tf.training import mixtures as mx

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 11, 400)
GROUPS = np.arange(400) // 3
PLAN = mx.plan_mixtures(LABELS, GROUPS, seed=3)


def test_every_excerpt_leads_one_mixture_and_the_plan_depends_on_its_arguments_only():
    assert [mixture.parts[0] for mixture in PLAN] == list(range(400))
    assert mx.plan_mixtures(LABELS, GROUPS, seed=3) == PLAN
    assert mx.plan_mixtures(LABELS, GROUPS, seed=4) != PLAN


def test_parts_are_of_different_songs_and_classes_at_levels_below_the_first():
    for mixture in PLAN:
        assert len({LABELS[p] for p in mixture.parts}) == len({GROUPS[p] for p in mixture.parts}) == len(mixture.parts)
        assert mixture.levels_db[0] == 0.0
        assert all(-mx.MAX_ATTENUATION_DB <= level <= 0.0 for level in mixture.levels_db)


def test_there_are_as_many_labels_as_in_the_official_test_set():
    counts = np.array([len(mixture.parts) for mixture in PLAN])
    assert counts.mean() == pytest.approx(4917 / 2874, abs=0.1)
    np.testing.assert_allclose(np.bincount(counts)[1:] / 400, mx.PART_SHARES, atol=0.07)


def test_labels_are_the_union_of_the_parts():
    union = mx.mixture_labels(PLAN, LABELS, 11)
    assert union.shape == (400, 11) and union.dtype == bool
    for row, mixture in zip(union, PLAN, strict=True):
        assert set(np.flatnonzero(row)) == {LABELS[p] for p in mixture.parts}


def test_excerpts_of_one_class_stay_alone():
    plan = mx.plan_mixtures(np.zeros(5, int), np.arange(5), seed=0)
    assert [mixture.parts for mixture in plan] == [(k,) for k in range(5)]


def test_a_plan_of_unequal_lengths_is_refused():
    with pytest.raises(ValueError, match="one length"):
        mx.plan_mixtures([0, 1], [0], seed=0)


def test_parts_have_the_level_that_was_asked_whatever_their_own():
    t = np.arange(8000) / 8000
    loud, quiet = (a * np.sin(2 * np.pi * f * t) for a, f in ((0.4, 500.0), (0.001, 1000.0)))
    mixed = mx.render_mixture([loud.astype(np.float32), quiet.astype(np.float32)], [0.0, -6.0])
    amplitude = np.abs(np.fft.rfft(mixed)) / 4000
    assert amplitude[500] == pytest.approx(0.4, rel=1e-4)
    assert amplitude[1000] == pytest.approx(0.4 * 10 ** (-6 / 20), rel=1e-4)


def test_a_mixture_beyond_full_scale_is_scaled_as_a_whole_and_one_part_is_left_alone():
    ones = np.ones(100, np.float32)
    np.testing.assert_allclose(mx.render_mixture([0.8 * ones, 0.1 * ones], [0.0, 0.0]), ones, rtol=1e-6)
    np.testing.assert_array_equal(mx.render_mixture([1.5 * ones], [0.0]), 1.5 * ones)


def test_silence_and_shorter_parts_are_no_trouble():
    tone, silence = np.full(10, 0.5, np.float32), np.zeros(20, np.float32)
    np.testing.assert_array_equal(mx.render_mixture([tone, silence], [0.0, 0.0])[:10], tone)
    np.testing.assert_array_equal(mx.render_mixture([silence, tone], [0.0, 0.0])[10:], np.zeros(10))
    assert np.isfinite(mx.render_mixture([silence, silence], [0.0, 0.0])).all()


@pytest.mark.parametrize("keep", [False, True])
def test_the_dataset_has_the_windows_of_what_is_rendered(tmp_path, tiny_audio, keep):
    config, paths, waveforms = tiny_audio
    plan = (mx.Mixture((0,), (0.0,)), mx.Mixture((1, 2), (0.0, -3.0)), mx.Mixture((2, 0, 1), (0.0, -1.0, -2.0)))
    pipeline.clear_stores()
    batches = list(mx.mixture_dataset(paths, plan, config, batch_size=2, keep=keep))
    windows = np.concatenate([w.numpy() for w, _ in batches])
    clips = np.concatenate([c.numpy() for _, c in batches])
    size, hop = config.audio.window_samples, config.audio.window_hop_samples
    for number, mixture in enumerate(plan):
        mixed = mx.render_mixture([waveforms[p] for p in mixture.parts], mixture.levels_db)
        expected = [mixed[start : start + size] for start in range(0, len(mixed) - size + 1, hop)]
        np.testing.assert_allclose(windows[clips == number], expected, atol=2e-4)


@pytest.fixture
def tiny_audio(tmp_path):
    from irmas_tf.config.audio import AudioConfig
    from irmas_tf.config.run_config import Config

    audio = AudioConfig(sample_rate_hz=8000, window_seconds=0.25, window_hop_seconds=0.25)
    waveforms = [np.random.default_rng(k).normal(0, 0.1, 4000).astype(np.float32) for k in range(3)]
    paths = []
    for k, waveform in enumerate(waveforms):
        paths.append(str(tmp_path / f"{k}.wav"))
        soundfile.write(paths[-1], waveform, 8000, subtype="FLOAT")
    return (
        Config.from_dict(
            {
                "audio": vars(audio),
                "model": {
                    "branches": ("mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000",),
                    "stage_channels": (8, 8),
                    "stem_stride": 2,
                },
            }
        ),
        paths,
        waveforms,
    )
