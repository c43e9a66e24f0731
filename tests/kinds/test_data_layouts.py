"""Hints at what a place holds."""

from __future__ import annotations

import pytest

from irmas_tf.kinds.data_layouts import layout_of


@pytest.mark.parametrize(
    "names, layout",
    [
        ((), ""),
        (("a/x.wav", "b/y.opus"), "folder"),
        (("a/x.wav", "b/y.txt"), ""),
        (("IRMAS-TestingData-Part1/x.wav",), "irmas"),
        (("openmic-2018.npz", "a/x.wav", "b/y.wav"), "openmic"),
    ],
)
def test_folders(tmp_path, names, layout):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert layout_of(tmp_path) == layout


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_manifests(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_text('Labels;"path";x\n', encoding=encoding)
    assert layout_of(path) == "manifest"
    path.write_text("a,b\npath,labels\n", encoding=encoding)
    assert layout_of(path) == "" == layout_of(tmp_path / "absent")
