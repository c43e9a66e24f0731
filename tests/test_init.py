"""The face of the package: every name it offers, in any order, and nothing heavy before it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import irmas_tf
from tests.helpers import ROOT


def python(code: str) -> str:
    """Run code in a fresh Python and return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_import_loads_nothing_heavy():
    loaded = python(
        "import sys; before = set(sys.modules); import irmas_tf; dir(irmas_tf); irmas_tf.__version__;"
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    assert loaded == "irmas_tf"


def test_every_name_resolves_and_nothing_else():
    for name in irmas_tf.__all__:
        assert getattr(irmas_tf, name) is not None and name in dir(irmas_tf)
    assert irmas_tf.load.__module__ == "irmas_tf.inference.classifier"
    assert irmas_tf.MorletScalogram is irmas_tf.MorletScalogram
    assert set(irmas_tf._PLACES) | {"evaluate", "__version__"} == set(irmas_tf.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'lode'"):
        _ = irmas_tf.lode


FIGURES = "irmas_tf.evaluate([0, 1, 1], [[.9, .1], [.2, .8], [.7, .3]], [1, 2, 3])['accuracy']['value']"


@pytest.mark.slow
def test_evaluate_is_a_function_and_a_command_in_any_order():
    """After anyone has imported the command's module, it is the package's attribute."""
    orders = [
        "import irmas_tf",
        "import irmas_tf; import irmas_tf.evaluate",
        "from irmas_tf.evaluate import cli; import irmas_tf",
        "from irmas_tf import evaluate; import irmas_tf; assert irmas_tf.evaluate is evaluate",
    ]
    code = (
        f"import sys; {{}}; print(round({FIGURES}, 3), 'tensorflow' in sys.modules);"
        "from irmas_tf.evaluate import cli; import irmas_tf.evaluate as module; assert module.cli is cli"
    )
    # Each in a process of its own, forked from one that has imported what takes time and is not ours.
    program = f"""
import os, sklearn.metrics
for code in {[code.format(order) for order in orders]!r}:
    if not (child := os.fork()):
        exec(code)
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, code
"""
    assert python(program).splitlines() == ["0.667 False"] * len(orders)


def test_evaluate_is_still_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "irmas_tf.evaluate", "--help"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0 and "--scores" in done.stdout and done.stderr == ""
    assert irmas_tf.evaluate.cli(["--scores=/no/such.csv"]) == 2
    assert irmas_tf.evaluate(np.eye(2), np.eye(2))["task"] == "multi_label"
