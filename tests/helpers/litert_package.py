"""LiteRT.js for tests: the published package where the environment has it, and a stand-in with the same names."""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import tarfile
from pathlib import Path

import pytest

from irmas_tf.browser import litert

STAND_IN_CODE = b'import { createWasmLib } from "@litertjs/wasm-utils";\nlet a;\n//# sourceMappingURL=index.js.map\n'


def published_package() -> Path:
    """Return the published package, which `make` puts into the environment; skip the test where it is not."""
    path = Path(sys.prefix, "cache", "litert.js", litert.NAME)
    if not path.is_file():
        pytest.skip(f"LiteRT.js is not in {path.parent}; make fetches it with the test packages")
    return path


def stand_in_package(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a package that holds next to nothing, and take its checksum for that of the published one."""
    contents = {"dist/index.js": STAND_IN_CODE}
    for variant in litert.VARIANTS:
        contents |= {f"wasm/{variant}.js": b"var ModuleFactory;\n", f"wasm/{variant}.wasm": b"\0asm" + bytes(100)}
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    monkeypatch.setattr(litert, "INTEGRITY", f"sha512-{digest}")
    return path


def model_with_facts(path: Path, content: bytes = b"TFL3 not run here", **changes: object) -> Path:
    """Write a .tflite file that says of itself what `tests.helpers.lite_run.lite_facts` does."""
    import json
    import zipfile

    from tests.helpers.lite_run import lite_facts

    path.write_bytes(content)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("irmas_tf.json", json.dumps(lite_facts(**changes)))
    return path
