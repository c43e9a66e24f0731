"""The files that lie behind a .tflite file's model, as a zip archive: labels, names, and the facts about it.

Nothing here needs TensorFlow, so that the facts of a file can be written where it is only used.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from irmas_tf.streaming import CHECKSUM, FACTS_FILE

FORMAT = 1
"""Of the facts; raised when a field changes its meaning."""
AGGREGATION = "mean over windows; the last window is aligned to the clip's end, a short clip padded with zeros"
LABELS_FILE, NAMES_FILE, EMBEDDING_FILE = "labels.txt", "labels_en.txt", "embedding.txt"


def associated_files(facts: Mapping[str, Any], embedding_width: int = 0) -> dict[str, str]:
    """Return {name: content} of the files inside a .tflite file.

    They are codes and names of the classes, a line each; names of the embedding's numbers, because MediaPipe's lists of
    allowed and denied categories want names of every output; and the facts.

    Args:
        facts: as for `embed`.
        embedding_width: how many numbers it has; 0 without one.
    """
    places = "".join(f"e{place}\n" for place in range(embedding_width))
    return {
        LABELS_FILE: "".join(f"{code}\n" for code in facts["labels"]),
        NAMES_FILE: "".join(f"{name}\n" for name in facts["label_names"]),
        **({EMBEDDING_FILE: places} if places else {}),
        FACTS_FILE: json.dumps(dict(facts), indent=2, ensure_ascii=False) + "\n",
    }


def with_associated_files(model: bytes, facts: Mapping[str, Any], embedding_width: int = 0) -> bytes:
    """Return a .tflite file: the model, then an archive of the files about it; the facts get the model's checksum.

    Args:
        model: the file so far.
        facts, embedding_width: as for `associated_files`.
    """
    facts = {**facts, CHECKSUM: hashlib.sha256(model).hexdigest()}
    stream = io.BytesIO(model)
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "a") as archive:
        for name, text in associated_files(facts, embedding_width).items():
            # A fixed date: the same run gives the same file.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return stream.getvalue()


def without_associated_files(content: bytes) -> bytes:
    """Return the model of a .tflite file, without the archive behind it.

    Raises:
        ValueError: there is none.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return content[: min(info.header_offset for info in archive.infolist())]
    except zipfile.BadZipFile as error:
        raise ValueError(f"no archive lies behind the model ({error})") from error
