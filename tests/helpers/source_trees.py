"""The package's modules, parsed once for all tests that look at their code."""

from __future__ import annotations

import ast

from tests.helpers import ROOT

# Parsed while pytest collects. Later other tests' threads may still be alive, and in CPython 3.11 a parser whose thread
# is interrupted by another thread's (a traceback's carets do) ends in "AST constructor recursion depth mismatch".
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "irmas_tf").rglob("*.py"))}
