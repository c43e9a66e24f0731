"""FlatBuffers read field by field, and what MediaPipe's AudioClassifier reads of a .tflite file."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path

AUDIO_PROPERTIES, TENSOR_AXIS_LABELS = 4, 2  # of the schema: the kind of an input, and of a file


class Table:
    """A FlatBuffer table, read field by field: nothing in common with the code that wrote it."""

    def __init__(self, data: bytes, place: int) -> None:
        self.data, self.place = data, place

    def number(self, place: int, size: int, signed: bool = False) -> int:
        return int.from_bytes(self.data[place : place + size], "little", signed=signed)

    @classmethod
    def root(cls, data: bytes) -> Table:
        return cls(data, int.from_bytes(data[:4], "little"))

    def field(self, index: int) -> int:
        """Return the place of a field, 0 if it is not there."""
        vtable = self.place - self.number(self.place, 4, signed=True)
        if 4 + 2 * index >= self.number(vtable, 2):
            return 0
        offset = self.number(vtable + 4 + 2 * index, 2)
        return self.place + offset if offset else 0

    def target(self, place: int) -> int:
        return place + self.number(place, 4)

    def text(self, index: int) -> str:
        start = self.target(self.field(index))
        return self.data[start + 4 : start + 4 + self.number(start, 4)].decode()

    def table(self, index: int) -> Table:
        return Table(self.data, self.target(self.field(index)))

    def tables(self, index: int) -> list[Table]:
        start = self.target(self.field(index))
        return [Table(self.data, self.target(start + 4 + 4 * i)) for i in range(self.number(start, 4))]

    def scalar(self, index: int, size: int) -> int:
        place = self.field(index)
        return self.number(place, size) if place else 0


@dataclasses.dataclass(frozen=True)
class Head:
    """An output as MediaPipe's AudioClassifier sees it: its name, and a name and a shown name for each number."""

    name: str
    labels: tuple[str, ...]
    display_names: tuple[str, ...]


def mediapipe_heads(path: Path) -> tuple[int, int, tuple[Head, ...]]:
    """Return rate in Hz, channels, and the heads of a .tflite file, read by the published schema.

    As MediaPipe does it: the files of an output that label its axis, the first without a locale and the first with one,
    lie in the archive behind the model and have a name per line.

    Raises:
        AssertionError: something is not as MediaPipe wants it.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    content = path.read_bytes()
    model = schema.Model.GetRootAs(content, 0)
    entries = {model.Metadata(i).Name(): model.Metadata(i).Buffer() for i in range(model.MetadataLength())}
    data = model.Buffers(entries[b"TFLITE_METADATA"]).DataAsNumpy().tobytes()
    assert data[4:8] == b"M001", "it is no metadata"
    graph, outputs = model.Subgraphs(0), model.Subgraphs(0).OutputsLength()
    (described,) = Table.root(data).tables(3)
    (waveform,), heads = described.tables(2), described.tables(3)
    assert waveform.table(3).scalar(0, 1) == AUDIO_PROPERTIES and len(heads) == outputs
    audio = waveform.table(3).table(1)
    found = []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for place, head in enumerate(heads):
            files = [file for file in head.tables(6) if file.scalar(2, 1) == TENSOR_AXIS_LABELS]
            lists = {
                bool(file.field(3)): tuple(archive.read(file.text(0)).decode().removesuffix("\n").split("\n"))
                for file in reversed(files)
            }
            width = int(graph.Tensors(graph.Outputs(place)).ShapeAsNumpy()[-1])
            assert {len(names) for names in lists.values()} == {width}, "MediaPipe wants a label for each number"
            found.append(Head(head.text(0), lists[False], lists.get(True, ())))
    return audio.scalar(0, 4), audio.scalar(1, 4), tuple(found)
