"""The structure holds: imports point downwards, files stay small, and heavy or unsafe things stay out."""

from __future__ import annotations

import ast
import functools
import graphlib
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "irmas_tf"

# A room is a top-level module or folder of irmas_tf. It imports only rooms of lower levels, and itself.
LEVELS = {
    0: (
        "",
        "labels",
        "registry",
        "settings",
        "spec_text",
        "morlet_bank",
        "backbone_names",
        "branch_config",
        "stage_config",
        "audio_config",
        "augment_config",
        "config",
        "thresholds_file",
        "versions",
        "run_dir",
        "commands",
        "cpu",
        "streaming",
    ),
    1: ("dsp",),
    2: ("layers", "data", "metrics", "quiet_tensorflow"),
    3: ("models",),
    4: ("training", "evaluation", "serving"),
    5: (
        "flag_config",
        "flagfile",
        "train",
        "evaluate",
        "predict",
        "embed",
        "probe",
        "demo",
        "export_inputs",
        "export_run",
        "export_saved_model",
        "export_tflite",
        "check_export",
        "serving_client",
        "client",
        "beam",
    ),
}
LEVEL = {room: level for level, rooms in LEVELS.items() for room in rooms}
# Within these levels modules may build on one another, as long as there is no cycle.
LAYERED_INSIDE = {0, 5}
# The training loop scores its validation split with the evaluation's own code.
ALLOWED_SIDEWAYS = {("training", "evaluation")}
FORBIDDEN_DOWNWARDS = {("serving", "data")}  # and training, which is on its level

ABSL_FILES = {"flag_config.py", "train.py", "evaluate.py", "predict.py"}
BINARIES = {"train.py": 80, "evaluate.py": 80, "predict.py": 80}
# Not in every installation; imported where they are used.
OPTIONAL = {
    "tensorflow_io",
    "tensorflow_hub",
    "pretty_midi",
    "librosa",
    "torch",
    "soxr",
    "tensorflow_serving",
    "grpc",
    "pyarrow",
}
VAGUE_NAMES = {"utils", "util", "common", "misc", "helpers", "tools", "shared"}
# What --help and a bare import must not pay for.
HEAVY = {"tensorflow", "keras", "tensorflow_io", "tensorflow_hub", "scipy", "sklearn", "matplotlib", "librosa", "torch"}
LIGHT_FILES = {f"{room}.py" for level in (0, 5) for room in LEVELS[level] if room} | {"__init__.py"}


class Import(NamedTuple):
    module: str
    line: int
    at_top: bool


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    """Return the path below the root, for messages and ids."""
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """Return the room of irmas_tf.data.irmas ("data") or irmas_tf ("")."""
    return [*module.split("."), ""][1]


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def imports_of(path: Path) -> tuple[Import, ...]:
    """Return the modules that a file imports, relative ones made absolute; TYPE_CHECKING blocks count too."""
    tree = tree_of(path)
    package = module_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    found = []

    def visit(node: ast.AST, at_top: bool) -> None:
        for child in ast.iter_child_nodes(node):
            inner = at_top and not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            if isinstance(child, ast.Import):
                found.extend(Import(alias.name, child.lineno, at_top) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = package[: len(package) - child.level + 1] if child.level else []
                module = ".".join([*base, *(child.module or "").split(".")]).strip(".")
                for alias in child.names:
                    dotted = f"{module}.{alias.name}"
                    is_module = (ROOT / (dotted.replace(".", "/") + ".py")).exists() or (
                        ROOT / dotted.replace(".", "/")
                    ).is_dir()
                    found.append(Import(dotted if is_module else module, child.lineno, at_top))
            visit(child, inner)

    visit(tree, True)
    return tuple(found)


SOURCES = python_files("irmas_tf")

# Parsed while pytest collects. Later other tests' threads may still be alive, and in CPython 3.11 a parser whose thread
# is interrupted by another thread's (a traceback's carets do) ends in "AST constructor recursion depth mismatch".
for source_path in SOURCES:
    tree_of(source_path)


def by_name(path: Path) -> str:
    return name_of(path)


def test_the_import_reader_sees_what_it_should(tmp_path, monkeypatch):
    source = (
        "import os, absl.flags\nfrom irmas_tf import config\nfrom ..dsp import mel\nfrom .irmas import index_training\n"
        "def f():\n    import tensorflow\ntry:\n    import fcntl\nexcept ImportError:\n    pass\n"
    )
    path = tmp_path / "irmas_tf" / "data" / "x.py"
    path.parent.mkdir(parents=True)
    path.write_text(source)
    (tmp_path / "irmas_tf" / "config.py").touch()
    (tmp_path / "irmas_tf" / "dsp").mkdir()
    (tmp_path / "irmas_tf" / "dsp" / "mel.py").touch()
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    assert [(i.module, i.at_top) for i in imports_of(path)] == [
        ("os", True),
        ("absl.flags", True),
        ("irmas_tf.config", True),
        ("irmas_tf.dsp.mel", True),
        ("irmas_tf.data.irmas", True),
        ("tensorflow", False),
        ("fcntl", True),
    ]


@pytest.mark.parametrize("path", SOURCES, ids=by_name)
def test_imports_point_downwards(path):
    room = room_of(module_of(path))
    assert room in LEVEL, f"{room} has no level: give it one in {Path(__file__).name}"
    for item in imports_of(path):
        if item.module.split(".")[0] != "irmas_tf":
            continue
        target = room_of(item.module)
        place = f"{name_of(path)}:{item.line} imports {item.module}"
        assert target in LEVEL, place
        assert (room, target) not in FORBIDDEN_DOWNWARDS, place
        if target == room or (room, target) in ALLOWED_SIDEWAYS:
            continue
        if LEVEL[target] == LEVEL[room]:
            assert LEVEL[room] in LAYERED_INSIDE, f"{place}: both are on level {LEVEL[room]}"
        assert LEVEL[target] <= LEVEL[room], f"{place}: level {LEVEL[room]} imports level {LEVEL[target]}"


def test_no_module_imports_itself_through_others():
    graph = {
        module_of(path): {item.module for item in imports_of(path) if item.module.startswith("irmas_tf.")}
        for path in SOURCES
    }
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError with the cycle


@pytest.mark.parametrize("path", SOURCES, ids=by_name)
def test_modules_import_only_what_their_level_may(path):
    room = room_of(module_of(path))
    for item in imports_of(path):
        top = item.module.split(".")[0]
        place = f"{name_of(path)}:{item.line} imports {item.module}"
        if top == "absl":
            assert path.parent == PACKAGE and path.name in ABSL_FILES, place
        if top in {"tensorflow", "tensorflow_io", "tensorflow_hub", "keras"}:
            assert LEVEL[room] != 0, f"{place}: level 0 knows no TensorFlow"
        if top == "keras":
            assert LEVEL[room] >= 2, f"{place}: dsp is pure functions"
        if top in OPTIONAL:
            assert not item.at_top, (
                f"{place} at the top of the module; optional packages are imported where they are used"
            )
        if path.parent == PACKAGE and path.name in LIGHT_FILES:
            assert not (item.at_top and top in HEAVY), f"{place} at the top of the module, so --help would pay for it"


@pytest.mark.parametrize("path", python_files("irmas_tf", "tests", "benchmarks", "export"), ids=by_name)
def test_files_stay_small_and_have_telling_names(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    limit = BINARIES.get(path.name, 400) if path.parent == PACKAGE else 60 if path.parts[-2] == "export" else 400
    assert lines <= limit, f"{name_of(path)} has {lines} lines, more than {limit}"
    assert path.stem not in VAGUE_NAMES


@pytest.mark.parametrize("path", SOURCES, ids=by_name)
def test_nothing_reads_data_that_can_run_code(path):
    for item in imports_of(path):
        assert item.module.split(".")[0] not in {"pickle", "cPickle", "dill", "shelve", "marshal"}, name_of(path)
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            place = f"{name_of(path)}:{node.lineno} calls {called}"
            assert called not in {"eval", "exec", "os.system", "yaml.load"}, place
            for keyword in node.keywords:
                if keyword.arg in {"allow_pickle", "shell"}:
                    assert getattr(keyword.value, "value", True) is False, place
                if keyword.arg in {"weights_only", "safe_mode"}:
                    assert getattr(keyword.value, "value", False) is True, place


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name != "__init__.py"], ids=by_name)
def test_every_module_has_tests_in_the_same_place(path):
    mirror = ROOT / "tests" / path.relative_to(PACKAGE).parent / f"test_{path.name}"
    if path.parent == PACKAGE and path.name in BINARIES:
        return  # test_cli_help and the tests of the code they call
    assert mirror.exists(), f"{name_of(path)} has no {name_of(mirror)}"


@pytest.mark.parametrize("path", SOURCES, ids=by_name)
def test_every_module_describes_itself_and_defers_annotations(path):
    tree = tree_of(path)
    if not tree.body:
        return  # an empty __init__.py
    assert ast.get_docstring(tree), f"{name_of(path)} has no docstring"
    futures = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    assert any(a.name == "annotations" for n in futures for a in n.names), f"{name_of(path)}: from __future__ ..."
