"""A small copy of OpenMIC-2018 in the format of the archive, of composed sound.

Formats: README and scripts of github.com/cosmir/openmic-2018; columns of the metadata as in mirdata's test files.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import soundfile

from irmas_tf.own_data.openmic_classes import CLASSES

RATE_HZ = 8000
METADATA_COLUMNS = (
    "track_id,album_id,album_title,album_url,artist_id,artist_name,artist_url,artist_website,license_image_file,"
    "license_image_file_large,license_parent_id,license_title,license_url,tags,track_bit_rate,track_comments,"
    "track_composer,track_copyright_c,track_copyright_p,track_date_created,track_date_recorded,track_disc_number,"
    "track_duration,track_explicit,track_explicit_notes,track_favorites,track_file,track_genres,track_image_file,"
    "track_information,track_instrumental,track_interest,track_language_code,track_listens,track_lyricist,"
    "track_number,track_publisher,track_title,track_url,sample_key,start_time"
)
GENRES = "\"[{'genre_id': '76', 'genre_title': 'Rock ''n'' Roll, and so on', 'genre_url': 'http://x/'}]\""
CLIPS, TESTS = 60, 20
KEYS = tuple(f"{number // 20:03d}{100 + number:03d}_{3840 * (1 + number % 7)}" for number in range(CLIPS))
"""All clips; the last `TESTS` are for tests."""


def known_labels(number: int) -> dict[str, float]:
    """Return class -> relevance of what is known of a clip: two classes, three of every fifth clip."""
    labels = {CLASSES[number % 20]: 0.5 + 0.5 * (0.4 + 0.1 * (number % 7))}
    labels[CLASSES[(number * 3 + 5) % 20]] = 0.17104999999999998 if number % 4 else 0.0
    if number % 5 == 0:
        labels[CLASSES[(number + 7) % 20]] = 0.5 + 0.5 * (number % 2)
    return labels


def artist_of(number: int) -> int:
    """Return the number of a clip's artist: two clips in a row have one."""
    return 4 + number // 2


def write_openmic(folder: Path, seconds: float = 0.5) -> Path:
    """Write the copy to ``folder/openmic-2018``, as the archive unpacks, and return ``folder``."""
    root = folder / "openmic-2018"
    (root / "partitions").mkdir(parents=True)
    values, known = 0.5 * np.ones([CLIPS, 20]), np.zeros([CLIPS, 20], bool)
    table, metadata = ["sample_key,instrument,relevance,num_responses"], [METADATA_COLUMNS]
    columns = METADATA_COLUMNS.split(",")
    for number, key in enumerate(KEYS):
        for code, relevance in sorted(known_labels(number).items()):
            values[number, CLASSES.index(code)], known[number, CLASSES.index(code)] = relevance, True
            table.append(f"{key},{code},{relevance!r},3")
        row = dict.fromkeys(columns, "")
        licence = "Attribution-NonCommercial 3.0 International" if number % 2 else "Attribution"
        row |= {"track_id": str(int(key.split("_")[0])), "artist_id": str(artist_of(number)), "license_title": licence}
        row |= {"artist_name": f'"Band {artist_of(number)}, The"', "track_genres": GENRES, "sample_key": key}
        metadata.append(",".join({**row, "start_time": str(int(key.split("_")[1]) / 1000)}.values()))
    # The keys are objects there, since they came from a table of pandas.
    np.savez(
        root / "openmic-2018.npz",
        X=np.zeros([CLIPS, 10, 128], int),
        Y_true=values,
        Y_mask=known,
        sample_key=np.array(KEYS, object),
    )
    (root / "openmic-2018-aggregated-labels.csv").write_text("\n".join(table) + "\n")
    (root / "openmic-2018-metadata.csv").write_text("\n".join(metadata) + "\n")
    (root / "class-map.json").write_text(json.dumps({code: k for k, code in enumerate(CLASSES)}))
    (root / "acknowledgement.md").write_text("Thanks.\n")
    for part, keys in (("train", KEYS[:-TESTS]), ("test", KEYS[-TESTS:])):
        (root / "partitions" / f"split01_{part}.csv").write_text("".join(f"{key}\n" for key in keys))
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    rng = np.random.default_rng(0)
    for number, key in enumerate(KEYS):
        heard = [CLASSES.index(code) for code, relevance in known_labels(number).items() if relevance >= 0.5]
        sound = sum(0.3 * np.sin(2 * np.pi * 150 * 2 ** (k / 5) * times) for k in heard)
        path = root / "audio" / key[:3] / f"{key}.ogg"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.5 * sound + 0.02 * rng.standard_normal(len(times)), RATE_HZ, format="OGG")
    return folder
