from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.walk import Failure
from irmas_tf.audio.windows import window_starts
from irmas_tf.inference import clip_windows as module
from irmas_tf.inference.clip_means import ClipMean, clip_means
from tests.helpers.tiny_run import make_config


class CountingModel:
    """Stands in for a model: three values that follow from a window's first and last sample."""

    def __init__(self) -> None:
        self.audio = make_config().audio
        self.batches: list[int] = []

    def values(self, windows: np.ndarray, output: str = "") -> np.ndarray:
        self.batches.append(len(windows))
        return np.stack([np.cos(k * windows[:, 0] + windows[:, -1]) for k in range(3)], axis=1)


def _expected(samples: np.ndarray) -> np.ndarray:
    reference = CountingModel()
    size = reference.audio.window_samples
    padded = np.pad(samples, (0, max(0, size - len(samples))))
    starts = window_starts(len(samples), size, reference.audio.window_hop_samples)
    return reference.values(np.stack([padded[s : s + size] for s in starts])).mean(axis=0)


@pytest.fixture
def clips(tmp_path: Path) -> list[tuple[str, np.ndarray]]:
    """12 files of 1 sample to 10 s at the model's rate."""
    rng = np.random.default_rng(0)
    made = []
    for index, length in enumerate([1, 1999, 2000, 2001, 5500, 80000, 3, 4000, 2000, 2000, 12345, 2500]):
        samples = rng.uniform(-1, 1, length).astype(np.float32)
        soundfile.write(tmp_path / f"{index}.wav", samples, 8000, "FLOAT")
        made.append((str(tmp_path / f"{index}.wav"), samples))
    return made


@pytest.mark.parametrize("batch_size", [1, 5, 64])
@pytest.mark.parametrize("threads", [1, 3])
def test_results_are_window_means_in_input_order(
    clips: list[tuple[str, np.ndarray]], batch_size: int, threads: int
) -> None:
    model = CountingModel()
    answers = list(clip_means(model, [p for p, _ in clips], batch_size=batch_size, decode_threads=threads))
    assert [a.path for a in answers] == [p for p, _ in clips]
    for answer, (_, samples) in zip(answers, clips, strict=True):
        assert isinstance(answer, ClipMean)
        np.testing.assert_allclose(answer.mean, _expected(samples), atol=1e-6)
        assert answer.duration_seconds == len(samples) / 8000
    assert all(n == batch_size for n in model.batches[:-1]), "windows of several files must share batches"


def test_failures_keep_their_place_and_cost_nobody_an_answer(
    clips: list[tuple[str, np.ndarray]], tmp_path: Path
) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no audio at all")
    good = clips[4][0]
    bad, missing = str(tmp_path / "bad.wav"), str(tmp_path / "missing.wav")
    given = [bad, good, Failure("folder", "may not be read"), missing, good, bad]
    results = list(clip_means(CountingModel(), given, batch_size=4))
    assert [type(r) for r in results] == [Failure, ClipMean, Failure, Failure, ClipMean, Failure]
    assert [r.path for r in results] == [bad, good, "folder", missing, good, bad]
    assert not results[0].reason.startswith(bad), "the file is named once, by the caller"


def test_an_error_in_mid_file_is_a_failure(tmp_path: Path) -> None:
    samples = np.zeros(200_000, np.float32)
    samples[190_000] = np.nan
    soundfile.write(tmp_path / "nan.wav", samples, 8000, "FLOAT")
    (result,) = clip_means(CountingModel(), [str(tmp_path / "nan.wav")])
    assert isinstance(result, Failure) and "NaN" in result.reason


def test_an_unforeseen_error_is_a_failure(clips: list[tuple[str, np.ndarray]], monkeypatch: pytest.MonkeyPatch) -> None:
    original = module.decode.iter_blocks

    def strange(path: str, *args: object, **options: object) -> Iterator[np.ndarray]:
        if path == clips[0][0]:
            raise RuntimeError("odd")
        return original(path, *args, **options)

    monkeypatch.setattr(module.decode, "iter_blocks", strange)
    first, second = clip_means(CountingModel(), [clips[0][0], clips[1][0]])
    assert first == Failure(clips[0][0], "RuntimeError: odd")
    assert isinstance(second, ClipMean)


def test_an_answer_that_is_not_finite_is_a_failure(clips: list[tuple[str, np.ndarray]]) -> None:
    model = CountingModel()
    model.values = lambda windows, output: np.full([len(windows), 3], np.nan)  # type: ignore[method-assign]
    (result,) = clip_means(model, [clips[0][0]])
    assert isinstance(result, Failure) and "not a number" in result.reason


@pytest.mark.slow
def test_answers_come_before_all_inputs_are_known(clips: list[tuple[str, np.ndarray]]) -> None:
    asked = 0

    def endless() -> Iterator[str]:
        nonlocal asked
        for path, _ in itertools.cycle(clips):
            asked += 1
            yield path

    results = clip_means(CountingModel(), endless(), batch_size=8, decode_threads=2)
    for _ in range(100):
        next(results)
    assert asked < 100 + 80, "the catalogue must not be read far ahead"
    results.close()


def test_endless_failures_behind_a_waiting_clip_do_not_pile_up(clips: list[tuple[str, np.ndarray]]) -> None:
    failures = (Failure(str(i), "gone") for i in itertools.count())
    results = clip_means(CountingModel(), itertools.chain([clips[0][0]], failures), batch_size=8)
    assert isinstance(next(results), ClipMean)
    results.close()


def test_leaving_early_stops_the_threads(clips: list[tuple[str, np.ndarray]]) -> None:
    long_clip = clips[5][0]
    before = threading.active_count()
    results = clip_means(CountingModel(), [long_clip] * 50, batch_size=2, decode_threads=3)
    next(results)
    start = time.monotonic()
    results.close()
    assert time.monotonic() - start < 5
    assert threading.active_count() == before


@pytest.mark.slow
def test_windows_in_flight_are_bounded(clips: list[tuple[str, np.ndarray]], monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that never gets to run must stall the decoders, not fill the memory."""
    produced = 0
    original = module.iter_windows

    def counted(*args: object) -> Iterator[np.ndarray]:
        nonlocal produced
        for windows in original(*args):
            produced += windows.nbytes
            yield windows

    monkeypatch.setattr(module, "iter_windows", counted)
    monkeypatch.setattr(module, "CHUNK_BYTES", 16_000)
    monkeypatch.setattr(module, "IN_FLIGHT_BYTES", 200_000)
    model = CountingModel()
    gate = threading.Event()
    values = model.values
    model.values = lambda windows, output: gate.wait(20) and values(windows)  # type: ignore[method-assign]
    results = clip_means(model, [clips[5][0]] * 40, batch_size=2, decode_threads=4)
    consumer = threading.Thread(target=lambda: list(results))
    consumer.start()
    time.sleep(1.0)
    assert 0 < produced <= 2 * 200_000
    gate.set()
    consumer.join(30)
    assert not consumer.is_alive()
