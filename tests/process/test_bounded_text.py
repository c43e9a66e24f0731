from __future__ import annotations

import os
import threading

import pytest

from irmas_tf.process.bounded_text import BoundedTextError, check_columns, read_bounded


def test_files_are_read_up_to_a_size(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"12345")
    assert read_bounded(path, 5) == b"12345"
    with pytest.raises(BoundedTextError, match="has 5 bytes, 4 at most are read"):
        read_bounded(path, 4)
    with pytest.raises(FileNotFoundError):
        read_bounded(tmp_path / "none.csv")


def test_a_pipe_is_read_where_a_user_may_name_one_and_as_far_as_a_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(BoundedTextError, match="is a pipe or a device, not a file"):
        read_bounded(pipe)
    for most, content in ((5, b"12345"), (4, None)):
        writer = threading.Thread(target=pipe.write_bytes, args=(b"12345",))
        writer.start()
        if content:
            assert read_bounded(pipe, most, with_pipes=True) == content
        else:
            with pytest.raises(BoundedTextError, match="has more than 4 bytes"):
                read_bounded(pipe, most, with_pipes=True)
        writer.join()
    with pytest.raises(BoundedTextError, match="has more than 100 bytes"):
        read_bounded("/dev/zero", 100, with_pipes=True)


def test_tables_have_a_number_of_columns():
    check_columns(["a"] * 10_000)
    with pytest.raises(BoundedTextError, match="has 200000 columns, 10000 at most are read"):
        check_columns(["a"] * 200_000)
