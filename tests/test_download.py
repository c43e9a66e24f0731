from __future__ import annotations

from pathlib import Path

import pytest

from irmas_tf.datasets import irmas_download
from irmas_tf.datasets.irmas_counts import ARCHIVES, BASE_URL
from irmas_tf.download import cli
from irmas_tf.downloads.http_download import DownloadError


@pytest.fixture
def fetched(monkeypatch):
    """Stand in for the downloads; return what they are asked for."""
    asked = []

    def download(out, parts, **options):
        asked.append((out, parts, options))
        return [irmas_download.PartResult(part, Path(out) / part, part == "test1") for part in parts]

    monkeypatch.setattr(irmas_download, "download", download)
    return asked


def test_it_says_the_licence_what_was_done_and_what_comes_next(fetched, capsys):
    assert cli(["--out", "data", "--parts", "train, test1", "--limit_hours=2"]) == 0
    ((out, parts, options),) = fetched
    assert (out, parts) == ("data", ("train", "test1"))
    assert options == {"base_url": BASE_URL, "keep_zips": False, "retries": 8, "limit_seconds": 7200.0}
    printed = capsys.readouterr().out
    assert printed.startswith("IRMAS") and "CC BY-NC-SA 3.0" in printed
    assert "train: unpacked: data/train\ntest1: already complete: data/test1\n" in printed
    assert printed.endswith(f"Next: irmas check --data_dir={Path.cwd() / 'data'}\n")


def test_all_parts_are_the_default(fetched):
    assert cli(["--out=data", "--keep_zips"]) == 0
    assert fetched[0][1] == tuple(ARCHIVES) and fetched[0][2]["keep_zips"]


@pytest.mark.parametrize(
    "error, status, line",
    [(DownloadError("no\nnet"), 1, "error: no net"), (KeyboardInterrupt(), 130, "it continues where it stopped")],
)
def test_what_ends_it_is_a_line_and_a_status(error, status, line, monkeypatch, capsys):
    def failing(*args, **options):
        raise error

    monkeypatch.setattr(irmas_download, "download", failing)
    assert cli(["--out=data"]) == status
    assert capsys.readouterr().err.endswith(f"{line}\n")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "--out is required"),
        (["--out=x", "--parts=test9"], "--parts=test9: must be one of train, test1, test2, test3"),
        (["--out=x", "--parts="], "--parts is empty"),
        (["mn05"], "mn05: can be fetched is one of openmic, mn04; without a name it is IRMAS"),
        (["openmic"], "--out is required: the folder to unpack openmic into"),
        (["openmic", "--out=x", "--parts=train"], "--parts: is for IRMAS; openmic is one archive"),
        (["mn04", "--out=x"], "--out: is for IRMAS; mn04 goes into the cache folder"),
        (["mn04", "--parts=train"], "--parts: is for IRMAS"),
        (["--out=x", "--retries=-1"], "--retries=-1: must be at least 0"),
    ],
)
def test_wrong_usage_is_a_line_and_status_2(arguments, message, fetched, capsys):
    assert cli(arguments) == 2
    assert message in capsys.readouterr().err
    assert not fetched
