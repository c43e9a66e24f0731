"""The modules in docs/extending.md, written where Python can import them: what the page says is what the tests run."""

from __future__ import annotations

import re
from pathlib import Path

from tests.helpers import ROOT

PAGE = ROOT / "docs" / "extending.md"
_MODULE = re.compile(r"^```python\n(# (\w+)\.py\n.*?)^```$", re.MULTILINE | re.DOTALL)


def write_documented(folder: Path, *names: str) -> Path:
    """Write modules of the page into a folder and return it.

    Raises:
        KeyError: the page has no module of that name.
    """
    modules = {name: code for code, name in _MODULE.findall(PAGE.read_text(encoding="utf-8"))}
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.py").write_text(modules[name], encoding="utf-8")
    return folder
