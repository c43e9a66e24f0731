"""The errors are those that the libraries raised on a disk of memory that was full, and on one that was read-only."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from irmas_tf.config.settings import ConfigError
from irmas_tf.process.full_disks import bytes_in_words, disk_error, free_bytes, in_words, naming_file


class OfTensorFlow(Exception):
    """Stands in for tf.errors.ResourceExhaustedError and its neighbours, which are no OSErrors."""


FULL = os.strerror(errno.ENOSPC)
H5PY = (
    "Can't synchronously write data (file write failed: time = Sun Nov 29 17:12:03 2026\n, filename = '/a/m.h5', file"
    f" descriptor = 3, errno = 28, error message = '{FULL}', buf = 0x5641f48a9670, total write size = 524288"
)
DEVICE = "__wrapped__SaveV2_dtypes_9_device_/job:localhost/replica:0/task:0/device:CPU:0"
SAVED = f"{{{{function_node {DEVICE}}}}} /a/sm/variables/part.tempstate123; {FULL} [Op:SaveV2]"


@pytest.mark.parametrize(
    "error, number, file",
    [
        (OSError(errno.ENOSPC, FULL), errno.ENOSPC, None),
        (OSError(errno.EROFS, "Read-only file system", "/a/b"), errno.EROFS, "/a/b"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/a/b"), errno.EDQUOT, "/a/b"),
        (OSError(errno.ENOSPC, H5PY), errno.ENOSPC, "/a/m.h5"),
        (RuntimeError(f"Can't decrement id ref count ({H5PY}"), errno.ENOSPC, "/a/m.h5"),
        (OfTensorFlow(SAVED), errno.ENOSPC, "/a/sm/variables/part.tempstate123"),
        (OfTensorFlow(f"/a/tb/e.v2; {FULL}\n\tFailed to flush 11 events to /a/tb/e.v2"), errno.ENOSPC, "/a/tb/e.v2"),
        (OfTensorFlow("/a/sm; Read-only file system"), errno.EROFS, "/a/sm"),
        (OfTensorFlow("/a/sm; File too large [Op:SaveV2]"), errno.EFBIG, "/a/sm"),
    ],
)
def test_what_libraries_raise_is_recognised_with_the_file_if_they_name_it(error, number, file):
    found = disk_error(error)
    assert (found.errno, found.filename) == (number, file)


def test_what_followed_from_the_error_is_seen_through():
    with pytest.raises(ValueError) as caught:
        try:
            raise OSError(errno.ENOSPC, FULL, "/a/b")
        finally:
            raise ValueError("Can't close the ZIP file while there is an open writing handle on it")
    assert disk_error(caught.value).filename == "/a/b"


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a bug"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", "/a/b"),
        OfTensorFlow("OOM when allocating tensor with shape[1024]"),
    ],
)
def test_other_errors_are_left_alone(error):
    assert disk_error(error) is None


def test_a_message_of_this_package_is_kept():
    with pytest.raises(ConfigError) as caught:
        try:
            raise OSError(errno.ENOSPC, FULL)
        except OSError as error:
            raise ConfigError("--cache_dir=c: the cache cannot be written") from error
    assert disk_error(caught.value) is None


def test_the_line_names_file_free_space_and_remedy(tmp_path):
    words = in_words(OSError(errno.ENOSPC, FULL, str(tmp_path / "no" / "m.tflite")))
    assert words.startswith(f"{tmp_path}/no/m.tflite: does not fit on its disk (")
    assert " free without it); free some space, or choose another place" in words


def test_a_name_that_only_unfinished_files_have_is_not_shown(tmp_path):
    words = in_words(OSError(errno.EROFS, "", str(tmp_path / "irmas" / ".tmp-0123-1" / "variables" / "part")))
    assert words == f"{tmp_path}/irmas: cannot be written, its disk is read-only; choose another place"


def test_in_the_folder_of_temporary_files_the_remedy_is_to_move_it(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for inside in ("tmpabc/sm/part", ".tmp-0123/sm/part"):
        assert f"TMPDIR name another folder for temporary files than {tmp_path}" in in_words(
            OSError(errno.ENOSPC, FULL, str(tmp_path / inside))
        )
    assert "TMPDIR" not in in_words(OSError(errno.ENOSPC, FULL, str(tmp_path / "mine.npz")))


def test_a_block_lends_its_files_name_to_what_names_none(tmp_path):
    target, temporary = tmp_path / "m.npz", tmp_path / ".tmp-0123"
    for error, name in (
        (OSError(errno.ENOSPC, FULL), target),
        (OfTensorFlow(f"{temporary}/variables/part; {FULL}"), target),
        (OSError(errno.ENOSPC, FULL, "/elsewhere/x"), Path("/elsewhere/x")),
    ):
        with pytest.raises(OSError, match="No space") as caught, naming_file(target):
            raise error
        assert Path(caught.value.filename) == name
    with pytest.raises(ZeroDivisionError), naming_file(target):
        raise ZeroDivisionError


def test_free_space_is_that_of_the_nearest_folder(tmp_path):
    assert free_bytes(tmp_path / "no" / "such") > 0


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of file sizes")
def test_a_limit_of_file_sizes_is_told_as_a_full_disk_is(tmp_path):
    code = f"import numpy as np; np.savez({str(tmp_path / 'a.npz')!r}, a=np.zeros(100000))"
    program = f"from irmas_tf.process.exit_codes import run_command\nrun_command(lambda: exec({code!r}))"
    limited = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))\n{program}"
    done = subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True)
    assert "is larger than files may be there (ulimit -f" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "count, text", [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (3.5e9, "3.5 GB"), (2e13, "20000.0 GB")]
)
def test_bytes_in_words(count, text):
    assert bytes_in_words(count) == text
