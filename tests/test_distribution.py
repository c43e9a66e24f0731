"""The source distribution holds the checkout, and the wheel made from it all that an installed package needs.

Built once, without a network, from a copy: setuptools leaves its own folders where it works.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.helpers import ROOT

FOLDERS = ("irmas_tf", "configs", "export", "docs", "benchmarks", "findings", "requirements", "tests", ".ci")
BUILD = "import sys, setuptools.build_meta as backend; getattr(backend, sys.argv[1])(sys.argv[2])"


def files_of(folder: Path) -> set[str]:
    """Return the files below a folder, as the distribution should hold them."""
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {path.as_posix() for path in files if "__pycache__" not in path.parts}


def build(kind: str, source: Path, out: Path) -> Path:
    done = subprocess.run(
        [sys.executable, "-c", BUILD, f"build_{kind}", str(out)],
        cwd=source,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (built,) = out.glob("*.tar.gz" if kind == "sdist" else "*.whl")
    return built


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the unpacked source distribution; the copy of the checkout that it was made from lies beside it."""
    folder = tmp_path_factory.mktemp("distribution")
    checkout = folder / "checkout"
    for name in FOLDERS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__", ".*cache"))
    for path in ROOT.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copy(path, checkout)
    with tarfile.open(build("sdist", checkout, folder / "dist")) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = folder.glob("irmas_tf-*")
    return unpacked


@pytest.fixture(scope="module")
def installed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(build("wheel", source, folder / "dist")) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.mark.slow
def test_the_source_distribution_is_the_checkout(source: Path) -> None:
    checkout = source.parent / "checkout"
    made = {"PKG-INFO", "setup.cfg", *(f"irmas_tf.egg-info/{name}" for name in files_of(source / "irmas_tf.egg-info"))}
    assert files_of(source) - made == {name for name in files_of(checkout) if not name.startswith("irmas_tf.egg-info/")}


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_what_ships_beside_it(source: Path, installed: Path) -> None:
    shipped = {f"shipped/configs/{name}" for name in files_of(source / "configs")}
    shipped |= {f"shipped/serving/{name}" for name in files_of(source / "export" / "serving")}
    assert len(shipped) > 15
    assert files_of(installed / "irmas_tf") == files_of(source / "irmas_tf") | shipped
    assert {"mn04_template.zip", "audioset_classes.csv"} <= files_of(installed / "irmas_tf" / "shipped")
    assert {path.name.split("-")[0] for path in installed.iterdir()} == {"irmas_tf"}


@pytest.mark.slow
def test_the_wheel_is_licensed_and_names_its_scripts(installed: Path) -> None:
    (facts,) = installed.glob("*.dist-info")
    assert {"LICENSE", "NOTICE"} <= {path.name for path in facts.rglob("*")}
    assert "irmas = irmas_tf.__main__:cli" in (facts / "entry_points.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_configurations_and_kit_are_found_by_the_installed_package_in_an_empty_folder(
    installed: Path, tmp_path: Path
) -> None:
    def python(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120,
            env={**os.environ, "PYTHONPATH": str(installed)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert python("-m", "irmas_tf", "configs", "three_branch") == (ROOT / "configs" / "three_branch.flags").read_text(
        encoding="utf-8"
    )
    python("-m", "irmas_tf", "serving-kit", "--out=serving")
    assert files_of(tmp_path / "serving") == files_of(ROOT / "export" / "serving")
    code = "from irmas_tf.train import COMMAND; from irmas_tf.config import flags; print(flags.__file__);"
    code += (
        "print(flags.parse_flags(COMMAND, ['--flagfile=demo', '--run_dir=r', '--data_dir=d']).config().training.epochs)"
    )
    assert python("-c", code).split() == [str(installed / "irmas_tf" / "config" / "flags.py"), "18"]
