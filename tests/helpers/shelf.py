"""A filesystem of Beam's that is not the local one: shelf://NAME/... is a folder, given in SHELF_FOLDER.

It stands for gs://, s3:// and the like, whose paths nothing but Beam can open.
"""

from __future__ import annotations

import os
from typing import Any

from apache_beam.io.filesystem import CompressionTypes, FileMetadata, FileSystem
from apache_beam.io.localfilesystem import LocalFileSystem

PREFIX = "shelf://"


class ShelfFileSystem(FileSystem):
    """Everything is done by the local filesystem, with paths translated."""

    def __init__(self, pipeline_options: Any) -> None:
        super().__init__(pipeline_options)
        self._local = LocalFileSystem(pipeline_options)

    @classmethod
    def scheme(cls) -> str:
        return "shelf"

    def _inner(self, path: str) -> str:
        assert path.startswith(PREFIX), path
        return f"{os.environ['SHELF_FOLDER']}/{path.removeprefix(PREFIX)}"

    def _outer(self, path: str) -> str:
        return PREFIX + os.path.relpath(path, os.environ["SHELF_FOLDER"])

    def join(self, basepath: str, *paths: str) -> str:
        return "/".join([basepath.rstrip("/"), *(path.strip("/") for path in paths)])

    def split(self, path: str) -> tuple[str, str]:
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path: str) -> None:
        self._local.mkdirs(self._inner(path))

    def has_dirs(self) -> bool:
        return True

    def _list(self, dir_or_prefix: str) -> Any:
        for file in self._local._list(self._inner(dir_or_prefix)):
            yield FileMetadata(self._outer(file.path), file.size_in_bytes)

    def create(self, path: str, mime_type: str = "", compression_type: str = CompressionTypes.AUTO) -> Any:
        return self._local.create(self._inner(path), mime_type, compression_type)

    def open(self, path: str, mime_type: str = "", compression_type: str = CompressionTypes.AUTO) -> Any:
        return self._local.open(self._inner(path), mime_type, compression_type)

    def copy(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        self._local.copy(
            *([self._inner(one) for one in names] for names in (source_file_names, destination_file_names))
        )

    def rename(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        inner = ([self._inner(one) for one in names] for names in (source_file_names, destination_file_names))
        self._local.rename(*inner)

    def exists(self, path: str) -> bool:
        return self._local.exists(self._inner(path))

    def size(self, path: str) -> int:
        return self._local.size(self._inner(path))

    def last_updated(self, path: str) -> float:
        return self._local.last_updated(self._inner(path))

    def checksum(self, path: str) -> str:
        return self._local.checksum(self._inner(path))

    def metadata(self, path: str) -> FileMetadata:
        found = self._local.metadata(self._inner(path))
        return FileMetadata(path, found.size_in_bytes)

    def delete(self, paths: list[str]) -> None:
        self._local.delete([self._inner(path) for path in paths])
