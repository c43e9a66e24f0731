"""What is installed: the right packages, commands that exist, pins that agree with the ranges."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import os
import re
import subprocess
import sys

import pytest
import setuptools
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import irmas_tf
from irmas_tf.config.commands import COMMANDS
from irmas_tf.runtimes.runtime import RUNTIMES
from tests.helpers import ROOT
from tests.helpers.source_trees import TREES


@pytest.fixture(scope="module")
def arguments():
    """Return what setup.py passes to setup()."""
    seen = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(setuptools, "setup", lambda **kwargs: seen.update(kwargs))
        exec(compile((ROOT / "setup.py").read_text(encoding="utf-8"), str(ROOT / "setup.py"), "exec"), {
            "__file__": str(ROOT / "setup.py"), "__name__": "__main__",
        })  # fmt: skip
    return seen


PYTHONS = ("3.10", "3.11", "3.12", "3.13")  # that README.md promises and the Makefile takes
FILES = ("default.txt", "test.txt", "bench.txt", "lint.txt", "io.txt", "oldest.txt")
OLD_TENSORFLOW = ("io.txt", "oldest.txt")  # which has no wheels for the last of the Pythons


def requirements(name: str, python: str = "{}.{}".format(*sys.version_info)) -> list[Requirement]:
    """Return what a file asks for on a version of Python."""
    lines = (line.split(" #")[0].strip() for line in (ROOT / "requirements" / name).read_text().splitlines())
    found = [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]
    asked = {"python_version": python, "python_full_version": f"{python}.0"}
    return [one for one in found if one.marker is None or one.marker.evaluate(asked)]


def test_only_the_package_is_installed(arguments):
    assert "irmas_tf" in arguments["packages"]
    assert {name.split(".")[0] for name in arguments["packages"]} == {"irmas_tf"}
    folders = {path.parent for path in (ROOT / "irmas_tf").rglob("*.py")}
    assert set(arguments["packages"]) == {".".join(folder.relative_to(ROOT).parts) for folder in folders}


def test_an_editable_installation_is_a_path_that_wins_over_a_checkout_in_the_current_directory(arguments, tmp_path):
    assert arguments["package_dir"] == {"": "."}  # for which setuptools writes a .pth file with the checkout's path
    (tmp_path / "irmas_tf" / "docs").mkdir(parents=True)
    code = f"import sys; sys.path.append({str(ROOT)!r}); import irmas_tf; print(irmas_tf.__version__)"
    run = subprocess.run([sys.executable, "-S", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == irmas_tf.__version__


def test_the_version_is_that_of_the_package(arguments):
    assert arguments["version"] == irmas_tf.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", irmas_tf.__version__)


def test_every_console_script_names_a_function(arguments):
    scripts = arguments["entry_points"]["console_scripts"]
    names = {line.split("=")[0].strip() for line in scripts}
    assert names == {"irmas", *(f"irmas-{command}" for command in COMMANDS)}
    for line in scripts:
        module, _, function = line.split("=")[1].strip().partition(":")
        assert callable(getattr(importlib.import_module(module), function)), line


@pytest.mark.parametrize("name", FILES)
def test_pins_are_within_the_ranges_of_setup(arguments, name):
    # tensorflow-io has an environment of its own, with the TensorFlow that it loads on.
    extras = {key: lines for key, lines in arguments["extras_require"].items() if key != "io" or name == "io.txt"}
    ranges = [Requirement(line) for line in arguments["install_requires"]]
    ranges += [Requirement(line) for lines in extras.values() for line in lines]
    for pin in requirements(name):
        for specifier in pin.specifier:
            if specifier.operator == "==":
                for wanted in ranges:
                    if wanted.name == pin.name:
                        assert wanted.specifier.contains(specifier.version), f"{pin} is outside {wanted}"


def test_the_promised_pythons_are_those_that_make_takes(arguments):
    bounds = ", ".join(PYTHONS[0].split(".")), ", ".join(PYTHONS[-1].split("."))
    assert f"({bounds[0]}) <= sys.version_info[:2] <= ({bounds[1]})" in (ROOT / "Makefile").read_text()
    promised = SpecifierSet(arguments["python_requires"])
    minors = [f"3.{minor}" for minor in range(20) if promised.contains(f"3.{minor}.0")]
    assert tuple(minors) == PYTHONS
    classifiers = [line for line in arguments["classifiers"] if line.startswith("Programming Language :: Python :: 3.")]
    assert classifiers == [f"Programming Language :: Python :: {python}" for python in PYTHONS]
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_oldest_set_is_the_lower_end_of_every_range(arguments):
    pins = {pin.name: pin for pin in requirements("oldest.txt", "3.10")}
    extras = arguments["extras_require"]
    for line in [*arguments["install_requires"], *extras["train"]]:
        wanted = Requirement(line)
        if lower := next((s.version for s in wanted.specifier if s.operator == ">="), None):
            pinned = next(s.version for s in pins[wanted.name].specifier)
            assert pinned.startswith(lower), f"{wanted} begins before {pins[wanted.name]}, which is tested"


@pytest.mark.parametrize(
    "name, python", [(n, p) for n in FILES for p in PYTHONS if n not in OLD_TENSORFLOW or p != PYTHONS[-1]]
)
def test_what_is_pinned_exists_for_every_promised_python(name, python):
    for pin in requirements(name, python):
        try:
            installed = importlib.metadata.distribution(pin.name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if any(s.operator == "==" and s.version == installed.version for s in pin.specifier):
            supported = SpecifierSet(installed.metadata["Requires-Python"] or "")
            assert supported.contains(f"{python}.0"), f"{pin} needs Python {supported}"


@pytest.mark.parametrize("name", FILES)
def test_every_promised_python_gets_the_same_packages_once(name):
    names = [sorted(pin.name for pin in requirements(name, python)) for python in PYTHONS]
    assert names[0] == sorted(set(names[0]))
    assert all(other == names[0] for other in names)


def test_what_brings_tensorboard_brings_what_it_imports(arguments):
    lists = [arguments["install_requires"], *arguments["extras_require"].values()]
    lists += [[str(pin) for pin in requirements(name)] for name in FILES]
    users = [[Requirement(line) for line in lines] for lines in lists]
    users = [pins for pins in users if {pin.name for pin in pins} & {"tensorboard", "tensorflow-hub"}]
    assert len(users) >= 5  # the extras `train` and `hub`, the default set, that of tensorflow-io, and the oldest
    for pins in users:
        (setuptools_pin,) = (pin for pin in pins if pin.name == "setuptools")
        assert not setuptools_pin.specifier.contains("81.0.0"), "pkg_resources is gone in setuptools 81"


def test_every_range_that_the_default_environment_installs_has_a_pin(arguments):
    pinned = {pin.name for pin in requirements("default.txt")}
    extras = arguments["extras_require"]
    for line in [*arguments["install_requires"], *extras["train"], *extras["hub"], *extras["demo"]]:
        assert Requirement(line).name in pinned or Requirement(line).name == "flatbuffers", line  # TensorFlow's own
    names = {Requirement(line).name for lines in (*extras.values(), *[arguments["install_requires"]]) for line in lines}
    assert {"tensorflow", "tensorflow-io"} <= {pin.name for pin in requirements("io.txt")} <= names


@pytest.mark.slow
def test_the_packages_that_the_code_imports_are_declared(arguments):
    provided = {"absl": "absl-py", "sklearn": "scikit-learn", "tensorflow_io": "tensorflow-io"}
    provided |= {"tensorflow_hub": "tensorflow-hub", "tf_keras": "tf-keras", "google": "protobuf"}
    provided |= {"tensorflow_serving": "tensorflow-serving-api", "grpc": "grpcio", "apache_beam": "apache-beam"}
    provided |= {"ai_edge_litert": "ai-edge-litert", "markupsafe": "jinja2"}  # Jinja's own
    core = {Requirement(line).name for line in arguments["install_requires"]}
    optional = {Requirement(line).name for lines in arguments["extras_require"].values() for line in lines}
    # They do not bear each other; the command that compares runtimes says how each of them is installed.
    runtimes = {module for name in RUNTIMES.names() for _, module in RUNTIMES.get(name).packages}
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                modules = [node.module]
            for module in modules:
                top = module.split(".")[0]
                if top not in sys.stdlib_module_names and top != "irmas_tf" and top not in runtimes:
                    assert provided.get(top, top) in core | optional, f"{path.name} imports {top}"


def test_the_licence_and_its_notice_are_there():
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for name in ("IRMAS", "CC BY-NC-SA 3.0", "TimGM6mb.sf2", "YAMNet", "PANNs", "EfficientAT"):
        assert name in notice


def test_continuous_integration_runs_the_tests():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text(encoding="utf-8")
    assert "set -euo pipefail" in text
    assert text.split()[-6:] == ["make", "test", "make", "test-io", "make", "test-oldest"]
    subprocess.run(["bash", "-n", str(script)], check=True)


@pytest.mark.slow
def test_make_knows_how_to_make_every_target_that_it_lists():
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"demo", "test", "test-fast", "test-io", "test-oldest", "bench", "lint", "help"} <= set(targets)
    for target in targets:
        done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_the_core_leaves_the_training_framework_out_and_every_extra_that_needs_it_brings_it(arguments):
    core = {Requirement(line).name for line in arguments["install_requires"]}
    heavy = {"tensorflow", "keras", "tensorboard", "scipy", "scikit-learn", "matplotlib", "h5py"}
    assert not core & heavy
    for name in ("train", "io", "hub", "demo", "beam", "tflite", "test", "bench", "notebook"):
        assert heavy <= {Requirement(line).name for line in arguments["extras_require"][name]}, name
