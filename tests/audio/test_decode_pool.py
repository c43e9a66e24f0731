from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.decode_pool import DecodePool, make_decoder, shared_pool


def test_results_come_in_order_whatever_the_items_take():
    def slow_first(item: int) -> int:
        time.sleep(0.02 if item % 3 == 0 else 0.0)
        return item * item

    assert list(DecodePool(4).map(slow_first, range(30))) == [i * i for i in range(30)]


def test_lookahead_bounds_what_is_under_way():
    started: list[int] = []
    results = DecodePool(2).map(started.append, range(100), lookahead=5)
    next(results)
    time.sleep(0.05)
    assert len(started) <= 6
    results.close()
    time.sleep(0.05)
    assert len(started) <= 6  # the rest is not done for nobody


def test_an_exception_comes_at_its_turn():
    def fail_at_three(item: int) -> int:
        if item == 3:
            raise KeyError(item)
        return item

    results = DecodePool(3).map(fail_at_three, range(10))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(KeyError):
        next(results)
    with pytest.raises(KeyError):
        DecodePool(3).run(fail_at_three, range(10))


def test_run_waits_for_everything():
    done: list[int] = []
    lock = threading.Lock()

    def work(item: int) -> None:
        time.sleep(0.001)
        with lock:
            done.append(item)

    DecodePool(2).run(work, range(50))
    assert sorted(done) == list(range(50))


def test_pools_are_shared_by_size():
    assert shared_pool(2) is shared_pool(2) and shared_pool(2).threads == 2
    assert shared_pool(0).threads >= 1


@pytest.mark.parametrize("name", ["auto", "soundfile"])
def test_decoders(tmp_path, name):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(44100), 44100)
    assert make_decoder(name, 22050)(str(path)).shape == (22050,)


def test_an_unknown_decoder_is_refused():
    with pytest.raises(ValueError, match="unknown decoder 'ffmpeg'; known: auto"):
        make_decoder("ffmpeg", 22050)
