"""Places of exports; what is refused of them in whole commands is in tests/test_refusals.py."""

from __future__ import annotations

import pytest

from irmas_tf.deploy.places import ExportError, require_free, require_room, require_writable


def test_a_place_is_free_or_refused_and_nothing_is_left_of_the_look(tmp_path):
    target = tmp_path / "new" / "a.tflite"
    require_free(str(target), target, overwrite=False)
    assert list(tmp_path.iterdir()) == []
    target.parent.mkdir()
    target.touch()
    with pytest.raises(ExportError, match=r"a\.tflite: is already there; give --overwrite"):
        require_free(str(target), target, overwrite=False)
    require_free(str(target), target, overwrite=True)
    with pytest.raises(ExportError, match="new: is a folder; name a file"):
        require_free(str(target.parent), target.parent, overwrite=True)
    with pytest.raises(ExportError, match=r"--out=x: nothing can be written to the folder .* \(Not a directory\)"):
        require_writable("x", target / "below")


def test_a_disk_too_small_for_the_weights_is_told_before_they_are_converted(tmp_path):
    require_room("x", tmp_path / "below", 1000)
    with pytest.raises(ExportError, match=r"--out=x: needs about 1152921504.6 GB and its disk has .* free;"):
        require_room("x", tmp_path / "below", 2**60)
