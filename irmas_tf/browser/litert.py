"""LiteRT.js: one pinned package of npm, fetched once into the cache folder, of which a page gets the parts it needs.

Its 9 MB of WebAssembly are neither in the repository nor in the wheel: they would be six times all the rest, and only
who exports a page needs them. A package put there by hand, or named, does as well: it is known by its checksum.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import tarfile
from pathlib import Path

from irmas_tf.downloads.http_download import DownloadError, download_file
from irmas_tf.downloads.web_address import shown_url
from irmas_tf.process.cache_folder import cache_folder
from irmas_tf.process.locks import exclusive

VERSION = "2.5.3"
NAME = f"litertjs-core-{VERSION}.tgz"
"""As ``npm pack @litertjs/core@VERSION`` calls it."""
INTEGRITY = "sha512-PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ=="
"""Its checksum, in the form of npm's lock files."""
_MOST_BYTES = 64 << 20  # of a package of 9 MB
REGISTRY = "https://registry.npmjs.org"
REGISTRY_VARIABLES = ("npm_config_registry", "NPM_CONFIG_REGISTRY")

# With relaxed SIMD, and for browsers without it; the page takes one of them.
VARIANTS = ("litert_wasm_internal", "litert_wasm_compat_internal")
_IMPORT = 'from "@litertjs/wasm-utils"'
_LOADER = 'from "../engine/litert_loader.js"'
_ABOUT = f"""LiteRT.js, npm package @litertjs/core {VERSION}, of Google LLC, under the Apache License 2.0
(https://www.apache.org/licenses/LICENSE-2.0).
Source: https://github.com/google-ai-edge/LiteRT/tree/main/litert/js/packages/core

core.js is its dist/index.js with one change: it imports ../engine/litert_loader.js in place of @litertjs/wasm-utils.
The .wasm files are compressed with gzip, otherwise as published.
"""


class LiteRtError(ValueError):
    """The package cannot be used; the message names it and the remedy."""


def package_path() -> Path:
    """Return where the package is kept."""
    return cache_folder("litert.js") / NAME


def registry() -> str:
    """Return the address of npm's registry: where npm's own setting points, or the public one."""
    named = next((value for name in REGISTRY_VARIABLES if (value := os.environ.get(name, "").strip())), REGISTRY)
    return named.rstrip("/")


def get_package(by_hand: str = "", *, progress: bool = True, retries: int = 8) -> Path:
    """Return the package, fetched if it is not there yet.

    Args:
        by_hand: a file that is used in place of it; empty: none.
        progress: show a bar on stderr.
        retries: failures in a row before giving up.

    Raises:
        LiteRtError: it is not the pinned package.
        DownloadError: it could not be fetched; the message says where to put it by hand.
    """
    path = Path(by_hand).expanduser() if by_hand else package_path()
    if by_hand or path.is_file():
        _verify(path, f"--litert_js={by_hand}" if by_hand else str(path))
        return path
    url = f"{registry()}/@litertjs/core/-/core-{VERSION}.tgz"
    remedy = (
        f"without a network, run `npm pack @litertjs/core@{VERSION}` where there is one and give the file:"
        f" --litert_js={NAME}"
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(
            f"{path.parent}: cannot be made ({error.strerror}); set IRMAS_TF_CACHE to a folder that can be written"
        ) from error
    fetched = path.with_name(f"{path.name}.fetched")
    with exclusive(path.parent, DownloadError(f"{path.parent}: another download runs there; wait for it")):
        if not path.is_file():
            try:
                download_file(url, fetched, by_hand=remedy, progress=progress, retries=retries, most_bytes=_MOST_BYTES)
            except DownloadError as error:
                text = str(error)
                raise DownloadError(text if remedy in text else f"{text}; {remedy}") from error
            try:
                _verify(fetched, shown_url(url))
                os.replace(fetched, path)
            finally:
                fetched.unlink(missing_ok=True)
    return path


def _verify(path: Path, name: str) -> None:
    try:
        digest = hashlib.sha512(path.read_bytes(), usedforsecurity=True).digest()
    except OSError as error:
        raise LiteRtError(f"{name}: cannot be read ({error.strerror})") from error
    if f"sha512-{base64.b64encode(digest).decode()}" != INTEGRITY:
        raise LiteRtError(
            f"{name}: is not @litertjs/core {VERSION} as published (its SHA-512 differs); remove it, and run the"
            f" command again, or get it with `npm pack @litertjs/core@{VERSION}`"
        )


def litert_files(package: Path) -> dict[str, bytes]:
    """Return the files of a page's ``litert`` folder: name -> content, the same for the same package.

    Args:
        package: verified (`get_package`).
    """
    with tarfile.open(package) as archive:

        def content(name: str) -> bytes:
            member = archive.extractfile(f"package/{name}")
            if member is None:
                raise LiteRtError(f"{package}: holds no {name}")
            return member.read()

        code = content("dist/index.js").decode()
        if _IMPORT not in code:
            raise LiteRtError(f"{package}: imports other packages than {VERSION} does")
        lines = [line for line in code.replace(_IMPORT, _LOADER).splitlines() if "sourceMappingURL" not in line]
        files = {"core.js": ("\n".join(lines) + "\n").encode(), "ABOUT.txt": _ABOUT.encode()}
        for variant in VARIANTS:
            files[f"{variant}.js"] = content(f"wasm/{variant}.js")
            # No time inside: the same bytes at every export.
            files[f"{variant}.wasm.gz"] = gzip.compress(content(f"wasm/{variant}.wasm"), 9, mtime=0)
    return files


if __name__ == "__main__":
    # For the Makefile: tests fetch nothing, and skip what needs the package where it is not.
    print(get_package(progress=False))
