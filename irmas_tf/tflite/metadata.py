"""TFLite metadata: what MediaPipe's AudioClassifier and Android Studio read in a .tflite file.

The metadata is a FlatBuffer of its own (schema ``metadata_schema.fbs`` of TensorFlow Lite Support, file identifier
M001) in a buffer of the model, and the files that it names, among them the labels, are a zip archive after the model's
end. It is built field by field, because the packages that know the schema either have no wheels for current Pythons
(tflite-support) or no writer for audio (mediapipe).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
from tensorflow.lite.python import schema_py_generated as schema

from irmas_tf.inference.window_model import EMBEDDING, LOGITS, PROBABILITIES
from irmas_tf.streaming import FACTS_FILE
from irmas_tf.tflite.associated_files import (
    EMBEDDING_FILE,
    LABELS_FILE,
    NAMES_FILE,
    with_associated_files,
)
from irmas_tf.tflite.facts import INPUT
from irmas_tf.tflite.flatbuffer import add_buffer, min_runtime_version, outputs_by_name, pack, unpack

METADATA_BUFFER = b"TFLITE_METADATA"
_DESCRIPTIONS = {
    PROBABILITIES: "Probability of every class, in the order of the labels.",
    LOGITS: "What the probabilities were computed from, in the order of the labels.",
    EMBEDDING: "What the network knows of the window before it decides.",
}
_OTHER = "A further output, for who knows it by name."

_IDENTIFIER = b"M001"
_MIN_PARSER_VERSION = "1.3.0"  # the first that knows audio
_UNKNOWN, _TENSOR_AXIS_LABELS = 0, 2  # AssociatedFileType
_FEATURE_PROPERTIES, _AUDIO_PROPERTIES = 1, 4  # ContentProperties


def embed(content: bytes, facts: Mapping[str, Any]) -> bytes:
    """Return a .tflite file with its metadata.

    The facts inside get ``outputs``, {name: width} in the file's order, and ``min_runtime_version``, the TensorFlow
    whose runtime is the first that knows all operations.

    Args:
        content: a .tflite file without metadata.
        facts: of `irmas_tf.deploy.metadata.describe`, and ``quantization``.
    """
    model = unpack(content)
    tensors = model.subgraphs[0].tensors
    widths = {name: int(tensors[place].shape[-1]) for name, place in outputs_by_name(model).items()}
    facts = {**facts, "outputs": widths, "min_runtime_version": min_runtime_version(model)}
    entry = schema.MetadataT()
    entry.name = METADATA_BUFFER
    entry.buffer = add_buffer(model, metadata_buffer(facts, tuple(widths)))
    model.metadata = [*(model.metadata or []), entry]
    model.description = facts["description"].encode()
    return with_associated_files(pack(model), facts, widths.get(EMBEDDING, 0))


def metadata_buffer(facts: Mapping[str, Any], outputs: Sequence[str] = (PROBABILITIES,)) -> bytes:
    """Return the metadata FlatBuffer.

    Args:
        facts: as for `embed`.
        outputs: names of the file's outputs, in its order.
    """
    builder = flatbuffers.Builder(1024)

    def text(value: str) -> int:
        return int(builder.CreateString(value))

    def table(fields: Mapping[int, int], scalars: Mapping[int, tuple[str, int]] | None = None) -> int:
        """Return the place of a table with fields {number: place} and {number: (type, value)}."""
        numbers = [*fields, *(scalars or {})]
        builder.StartObject(max(numbers) + 1)
        for number, place in fields.items():
            builder.PrependUOffsetTRelativeSlot(number, place, 0)
        for number, (kind, value) in (scalars or {}).items():
            getattr(builder, f"Prepend{kind}Slot")(number, value, 0)
        return int(builder.EndObject())

    def vector(places: Sequence[int]) -> int:
        builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            builder.PrependUOffsetTRelative(place)
        return int(builder.EndVector())

    def file(name: str, description: str, kind: int, locale: str = "") -> int:
        fields = {0: text(name), 1: text(description)} | ({3: text(locale)} if locale else {})
        return table(fields, {2: ("Int8", kind)})

    def content(kind: int, properties: int) -> int:
        return table({1: properties}, {0: ("Uint8", kind)})

    rate, channels, samples = facts["sample_rate_hz"], facts["channels"], facts["window_samples"]
    audio = table({}, {0: ("Uint32", rate), 1: ("Uint32", channels)})
    waveform = table(
        {
            0: text(INPUT),
            1: text(f"{samples} samples ({samples / rate:g} s) of mono audio at {rate} Hz, full scale 1.0."),
            3: content(_AUDIO_PROPERTIES, audio),
        }
    )
    builder.StartObject(1)  # FeatureProperties: a table without fields
    features = int(builder.EndObject())
    of_classes = [
        file(LABELS_FILE, "Codes of the classes.", _TENSOR_AXIS_LABELS),
        file(NAMES_FILE, "Names of the classes.", _TENSOR_AXIS_LABELS, "en"),
    ]
    of_embedding = [file(EMBEDDING_FILE, "Its numbers.", _TENSOR_AXIS_LABELS)] if EMBEDDING in outputs else []
    heads = [
        table(
            {
                0: text(name),
                1: text(_DESCRIPTIONS.get(name, _OTHER)),
                3: content(_FEATURE_PROPERTIES, features),
                6: vector(of_embedding if name == EMBEDDING else of_classes if name in _DESCRIPTIONS else []),
            }
        )
        for name in outputs
    ]
    subgraph = table({2: vector([waveform]), 3: vector(heads)})
    model = table(
        {
            0: text(facts["name"]),
            1: text(facts["description"]),
            2: text(f"{facts['irmas_tf']} {facts['config_hash']} {facts.get('quantization', '')}".strip()),
            3: vector([subgraph]),
            4: text("irmas_tf"),
            5: text(facts["licence"]),
            6: vector([file(FACTS_FILE, "All that is known about the model.", _UNKNOWN)]),
            7: text(_MIN_PARSER_VERSION),
        }
    )
    builder.Finish(model, file_identifier=_IDENTIFIER)
    return bytes(builder.Output())
