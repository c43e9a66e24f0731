"""A folder of static files that names instruments in a browser: the page, a model, LiteRT.js."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from irmas_tf import __version__
from irmas_tf.browser import litert
from irmas_tf.browser.page_headers import headers_file
from irmas_tf.deploy.places import ExportError, require_writable
from irmas_tf.inference.named_models import DEFAULT_MODEL, file_of
from irmas_tf.inference.window_model import ModelError
from irmas_tf.process.held_temporary import temporary_folder
from irmas_tf.streaming import StreamingError, read_model_facts

SOURCES = Path(__file__).resolve().parent / "page"
PAGE_FILE, WORKER_FILE = "page.json", "service_worker.js"
_SOURCE_SUFFIXES = (".html", ".css", ".js", ".json", ".svg", ".png", ".webmanifest")
_SERVICE_WORKER_MARK = "<!-- service-worker -->"
_SERVICE_WORKER_META = f'<meta name="service-worker" content="{WORKER_FILE}">'
_WORKER_VERSION, _WORKER_FILES = "'@VERSION@'", "{/* path: integrity */}"
_DYNAMIC = (
    "the model has dynamic weights, whose answers differ by up to .02 between browsers and from irmas predict: export"
    " it with --quantization=none or float16"
)


@dataclasses.dataclass(frozen=True)
class Page:
    """A page that was written.

    Attributes:
        folder: where it is.
        version: of its content: the same files, the same version.
        sizes: bytes of each file, by its path in the folder.
        model: path of the model in the folder.
        warnings: what is to be said about it.
    """

    folder: Path
    version: str
    sizes: Mapping[str, int]
    model: str
    warnings: tuple[str, ...] = ()

    def visit_bytes(self) -> int:
        """Return what a first visit fetches: all but the module for other browsers, and what only servers read."""
        other = f"litert/{litert.VARIANTS[1]}"
        return sum(size for path, size in self.sizes.items() if not path.startswith(other) and path != "_headers")

    def text(self) -> str:
        """Return it for a terminal."""
        rows = [
            f"model    {self.model}, {self.sizes[self.model] / 1e6:.2f} MB",
            f"visit    {self.visit_bytes() / 1e6:.2f} MB the first time, none after that",
            f"version  {self.version}",
            *(f"warning: {warning}" for warning in self.warnings),
            f"exported: {self.folder}",
        ]
        return "\n".join(rows) + "\n"


@contextlib.contextmanager
def model_file(model: str) -> Iterator[Path]:
    """Yield the .tflite file of a model: a file, a name, or a run, which is exported with float32 weights.

    Args:
        model: path or name; empty is the model that comes with the package.

    Raises:
        ModelError, ExportError and other errors of an export: there is none.
    """
    named = file_of(model or DEFAULT_MODEL)
    path = named or Path(model).expanduser()
    if not path.is_dir():
        yield path
        return
    from irmas_tf.process.optional_packages import require

    require("tensorflow", "exporting a run")
    from irmas_tf.deploy.acceptance import showing_failures
    from irmas_tf.deploy.export_run import export_tflite

    with temporary_folder() as folder:
        target = folder / f"{path.resolve().name}.tflite"
        with showing_failures():
            export_tflite(str(path), str(target))  # float16 takes the page nearly twice as long
        yield target


def check_place(out: str, overwrite: bool) -> Path:
    """Return the folder to write, before the work.

    Raises:
        ExportError: something else than an exported page is there, or nothing can be written.
    """
    target = Path(out).expanduser()
    if target.exists() and not target.is_dir():
        raise ExportError(f"--out={out}: is a file; name a folder")
    if target.is_dir() and any(target.iterdir()):
        if not (target / PAGE_FILE).is_file():
            raise ExportError(f"--out={out}: holds other files; name a new folder")
        if not overwrite:
            raise ExportError(f"--out={out}: holds a page already; give --overwrite, or another name")
    require_writable(out, target.parent)
    return target


def read_facts(model: Path) -> dict[str, Any]:
    """Return what a model says about itself; a file without facts is refused.

    Raises:
        ModelError: it was not exported by irmas_tf, or is damaged.
    """
    try:
        return read_model_facts(model)
    except StreamingError as error:
        raise ModelError(str(error)) from error


def write_page(model: Path, package: Path, folder: Path) -> Page:
    """Write a page into a folder, which is made.

    Args:
        model: .tflite file that irmas_tf exported.
        package: of LiteRT.js (`litert.get_package`).
        folder: new or empty.

    Raises:
        ModelError: the model cannot be used.
        OSError: a file cannot be read or written.
    """
    facts = read_facts(model)
    warnings = (_DYNAMIC,) if facts.get("quantization") == "dynamic" else ()
    files = _sources()
    files.update({f"litert/{name}": content for name, content in litert.litert_files(package).items()})
    place = f"model/{_plain_name(model.stem)}.tflite"
    files[place] = model.read_bytes()
    files["index.html"] = files["index.html"].replace(_SERVICE_WORKER_MARK.encode(), _SERVICE_WORKER_META.encode())
    worker = files.pop(WORKER_FILE).decode()
    version = _version({**files, WORKER_FILE: worker.encode()})
    about = {
        "version": version,
        "model": place,
        "name": facts.get("name", ""),
        "irmas_tf": __version__,
        "litert.js": litert.VERSION,
        "warnings": list(warnings),
    }
    files[PAGE_FILE] = (json.dumps(about, indent=2) + "\n").encode()
    integrity = {path: _integrity(content) for path, content in sorted(files.items())}
    filled = worker.replace(_WORKER_VERSION, f"'{version}'").replace(_WORKER_FILES, json.dumps(integrity, indent=2))
    files[WORKER_FILE] = filled.encode()
    files["_headers"] = headers_file().encode()
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return Page(folder, version, {path: len(content) for path, content in files.items()}, place, warnings)


def _sources() -> dict[str, bytes]:
    """Return the page's own files by their path."""
    paths = sorted(path for path in SOURCES.rglob("*") if path.is_file() and path.suffix in _SOURCE_SUFFIXES)
    return {path.relative_to(SOURCES).as_posix(): path.read_bytes() for path in paths}


def _plain_name(name: str) -> str:
    """Return a name that needs no escaping in an address."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "model"


def _version(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(path.encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


def _integrity(content: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}"
