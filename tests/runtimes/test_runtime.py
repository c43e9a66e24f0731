from __future__ import annotations

import sys

import pytest

from irmas_tf.runtimes.runtime import RUNTIMES, Runtime, Setup


@pytest.mark.parametrize("name", RUNTIMES.names())
def test_a_runtime_says_how_to_install_it_and_imports_nothing(name):
    before = set(sys.modules)
    runtime = RUNTIMES.get(name)
    assert runtime.title and runtime.setups and runtime.install.startswith(f"pip install {runtime.packages[0][0]}")
    assert len({setup.name for setup in runtime.setups}) == len(runtime.setups)
    assert not {module for _, module in runtime.packages} & (set(sys.modules) - before)


def test_what_is_installed_and_in_which_version():
    def runtime(*packages):
        return Runtime("X", packages, lambda file: None)

    assert runtime(("numpy", "numpy")).is_installed() and runtime(("numpy", "numpy")).version()
    absent = runtime(("no-such-thing", "no_such_thing"), ("numpy", "numpy"))
    assert not absent.is_installed() and absent.version() == ""
    assert absent.install == "pip install no-such-thing numpy" and absent.setups == (Setup(),)
