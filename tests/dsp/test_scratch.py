from __future__ import annotations

import threading

import numpy as np

from irmas_tf.dsp.scratch import scratch


def test_the_same_name_is_the_same_memory_and_two_names_are_not():
    first = scratch("test.a", 100, np.float32)
    first[:] = 1.0
    other = scratch("test.b", 100, np.float32)
    other[:] = 2.0
    again = scratch("test.a", (10, 5), np.float32)
    assert again.shape == (10, 5) and again.dtype == np.float32
    assert np.shares_memory(first, again) and not np.shares_memory(first, other)
    assert (again == 1.0).all()


def test_grows_when_it_must():
    assert len(scratch("test.grow", 10, np.int16)) == 10
    assert len(scratch("test.grow", 10_000, np.int16)) == 10_000
    assert scratch("test.grow", 3, np.float64).dtype == np.float64


def test_threads_do_not_share():
    mine = scratch("test.threads", 10, np.float32)
    theirs = []
    thread = threading.Thread(target=lambda: theirs.append(scratch("test.threads", 10, np.float32)))
    thread.start()
    thread.join()
    assert not np.shares_memory(mine, theirs[0])


def test_huge_arrays_are_not_held():
    first = scratch("test.huge", 1 << 27, np.uint8)
    assert not np.shares_memory(first, scratch("test.huge", 1 << 27, np.uint8))
