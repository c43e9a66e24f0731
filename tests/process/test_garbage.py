"""The search for garbage goes on afterwards, unless it was off before."""

from __future__ import annotations

import gc

import pytest

from irmas_tf.process.garbage import no_collection


def test_it_is_paused_and_goes_on_also_after_an_error():
    with no_collection():
        assert not gc.isenabled()
    with pytest.raises(KeyError), no_collection():
        raise KeyError
    assert gc.isenabled()


def test_who_has_it_off_keeps_it_off():
    gc.disable()
    try:
        with no_collection(), no_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
