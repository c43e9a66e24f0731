"""The structure holds: imports point downwards, files stay small, heavy or unsafe things stay out.

Each test looks at all files and lists every fault it finds. Which room may import which is in pyproject.toml
([tool.importlinter]); style, docstrings and deferred annotations are ruff's.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import ROOT
from tests.helpers.source_trees import TREES

PACKAGE = ROOT / "irmas_tf"
# Rooms that --help and a bare import go through: nothing heavy at the top of a module, TensorFlow and Keras nowhere.
STREAMING = {"streaming", "streaming_sound", "streaming_samples", "streaming_wav"}
WITHOUT_TENSORFLOW = {"process", "config", "runs", *STREAMING}
HEAVY = {"tensorflow", "keras", "tensorflow_io", "tensorflow_hub", "scipy", "sklearn", "matplotlib", "librosa", "torch"}
# Not in every installation; imported where they are used.
OPTIONAL = {
    "tensorflow_io", "tensorflow_hub", "pretty_midi", "librosa", "torch", "soxr", "tensorflow_serving", "grpc",
    "pyarrow", "ai_edge_litert", "av", "mirdata",
}  # fmt: skip
VAGUE_NAMES = {"utils", "util", "common", "misc", "tools", "shared"}
MOST_LINES = 400
MOST_LINES_OF_A_ROOM = 3000
LARGE_ROOMS = {"corpus"}  # an optional wing that nothing imports but its command and the demo
# Names of earlier versions, which forward.
FORWARDING = {"data/check.py", "data/download.py", "data/soundfont.py", "models/convert.py"}
COMMANDS = {
    "train", "evaluate", "predict", "mirex", "embed", "probe", "demo", "check", "download", "soundfont", "convert",
    "configs", "export_saved_model", "export_onnx", "export_page", "export_tflite", "serve_page", "check_export",
    "model_list", "serving_kit", "upgrade_run",
}  # fmt: skip


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room_of(path: Path) -> str:
    """Return the folder of irmas_tf, or the module's name on the top level."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports_of(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Yield (top package, place, is at the top of the module) of every import."""

    def visit(node: ast.AST, at_top: bool) -> Iterator[tuple[str, str, bool]]:
        for child in ast.iter_child_nodes(node):
            inner = at_top and not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                continue
            names = []
            if isinstance(child, ast.Import):
                names = [alias.name for alias in child.names]
            elif isinstance(child, ast.ImportFrom) and child.module:
                names = [child.module]
            for name in names:
                yield name.split(".")[0], f"{name_of(path)}:{child.lineno} imports {name}", at_top
            yield from visit(child, inner)

    yield from visit(TREES[path], True)


@pytest.mark.slow
def test_imports_point_downwards_without_a_circle():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_import_reader_sees_what_it_should(tmp_path, monkeypatch):
    source = "import os, absl.flags\nfrom a.b import c\ndef f():\n    import tensorflow\n"
    source += "if TYPE_CHECKING:\n    import keras\n"
    path = PACKAGE / "data" / "x.py"
    monkeypatch.setitem(TREES, path, ast.parse(source))
    assert [(top, at_top) for top, _, at_top in imports_of(path)] == [
        ("os", True), ("absl", True), ("a", True), ("tensorflow", False),
    ]  # fmt: skip


@pytest.mark.slow
def test_heavy_and_optional_packages_are_imported_where_they_are_used():
    faults = []
    for path in TREES:
        on_top_level = path.parent == PACKAGE
        for top, place, at_top in imports_of(path):
            if top in OPTIONAL and at_top:
                faults.append(f"{place} at the top of the module; it is not in every installation")
            if top in HEAVY and at_top and (on_top_level or room_of(path) in WITHOUT_TENSORFLOW):
                faults.append(f"{place} at the top of the module, so --help would pay for it")
            if top == "keras" and room_of(path) == "dsp":
                faults.append(f"{place}: dsp is pure functions")
            if top == "absl" and name_of(path) != "irmas_tf/config/flags.py":
                faults.append(f"{place}: flags are irmas_tf.config.flags's")
    assert not faults, "\n".join(faults)


def test_rooms_and_files_stay_small_and_have_telling_names():
    faults, lines_of_room = [], Counter()
    for folder in ("irmas_tf", "tests", "benchmarks", "export"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if folder == "irmas_tf":
                lines_of_room[room_of(path)] += lines
            if lines > MOST_LINES:
                faults.append(f"{name_of(path)} has {lines} lines, more than {MOST_LINES}")
            if path.stem in VAGUE_NAMES:
                faults.append(f"{name_of(path)}: a name that says nothing")
    faults += [
        f"irmas_tf/{room} has {lines} lines, more than {MOST_LINES_OF_A_ROOM}"
        for room, lines in lines_of_room.items()
        if lines > MOST_LINES_OF_A_ROOM and room not in LARGE_ROOMS
    ]
    assert not faults, "\n".join(faults)


def test_the_top_level_holds_commands_only():
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    assert modules - {"__init__", "__main__"} == COMMANDS | STREAMING


def test_every_room_says_what_it_is():
    silent = [name_of(path) for path in TREES if path.name == "__init__.py" and not ast.get_docstring(TREES[path])]
    assert not silent


@pytest.mark.slow
def test_nothing_reads_data_that_can_run_code():
    faults = []
    for path, tree in TREES.items():
        for top, place, _ in imports_of(path):
            if top in {"pickle", "cPickle", "dill", "shelve", "marshal"}:
                faults.append(place)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            place = f"{name_of(path)}:{node.lineno} calls {called}"
            if called in {"eval", "exec", "os.system", "yaml.load"}:
                faults.append(place)
            for keyword in node.keywords:
                value = getattr(keyword.value, "value", None)
                if (keyword.arg in {"allow_pickle", "shell"} and value is not False) or (
                    keyword.arg in {"weights_only", "safe_mode"} and value is not True
                ):
                    faults.append(f"{place} with {keyword.arg}={ast.unparse(keyword.value)}")
    assert not faults, "\n".join(faults)


def test_every_module_has_tests_in_the_same_place():
    without = []
    for path in TREES:
        below = path.relative_to(PACKAGE)
        if path.name in ("__init__.py", "__main__.py") or below.as_posix() in FORWARDING:
            continue
        if not (ROOT / "tests" / below.parent / f"test_{below.name}").exists():
            without.append(name_of(path))
    assert not without
