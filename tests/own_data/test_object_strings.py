"""Texts of pickled arrays of objects; what else a pickle may hold is refused, and never run."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from irmas_tf.own_data.object_strings import texts_of_objects

KEYS = [f"{number:06d}_{7 * number}" for number in range(8000)]  # pickles have frames of 64 KiB


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_numpy_pickles_is_read(protocol):
    assert texts_of_objects(pickle.dumps(np.array(KEYS, object), protocol), len(KEYS)) == KEYS


def test_texts_of_python_2_are_read():
    # As Python 2 and its NumPy wrote it, protocol 2: module numpy.core.multiarray, strings of bytes.
    old = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03"
        b"(K\x01K\x02\x85cnumpy\ndtype\nq\x04U\x02O8K\x00K\x01\x87Rq\x05(K\x03U\x01|NNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK?tb\x89]q\x06(U\x0b000046_3840q\x07U\x031_2etb."
    )
    assert pickle.loads(old, encoding="latin1").tolist() == ["000046_3840", "1_2"]
    assert texts_of_objects(old, 2) == ["000046_3840", "1_2"]


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x, "a"], lambda x: np.array([x, "1_2"], object)])
def test_a_program_is_refused_and_not_run(protocol, wrap, tmp_path):
    pickled = pickle.dumps(wrap(Hostile(tmp_path / "made")), protocol)
    with pytest.raises(ValueError, match="nothing of it was run"):
        texts_of_objects(pickled, 2)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "values, count", [(["a", 3], 2), (["a", "a"], 2), (["a", "b"], 3), (["a", ["b"]], 2), ([None, "b"], 2)]
)
def test_what_is_no_array_of_different_texts_is_refused(values, count):
    array = np.empty(len(values), object)
    array[:] = values
    with pytest.raises(ValueError):
        texts_of_objects(pickle.dumps(array), count)


def test_every_cut_and_every_changed_byte_is_an_error_or_texts():
    pickled = pickle.dumps(np.array(["a_1", "b_2"], object), 4)
    for end in range(len(pickled)):
        with pytest.raises(ValueError):
            texts_of_objects(pickled[:end], 2)
    for at in range(len(pickled)):
        for value in (0, 40, 93, 255):
            try:
                assert len(texts_of_objects(pickled[:at] + bytes([value]) + pickled[at + 1 :], 2)) == 2
            except ValueError:
                continue
