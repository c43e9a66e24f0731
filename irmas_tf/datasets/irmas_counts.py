"""What the official IRMAS release holds: counts, archives and known duplicates, for comparison with a user's copy.

Source: Zenodo record 1290750 (https://zenodo.org/records/1290750), counted from the files and their checksums.
"""

from __future__ import annotations

import dataclasses

LICENCE_NOTICE = (
    "IRMAS (J. J. Bosch, F. Fuhrmann, P. Herrera; Music Technology Group, Universitat Pompeu Fabra) is licensed\n"
    "CC BY-NC-SA 3.0 (https://creativecommons.org/licenses/by-nc-sa/3.0/): non-commercial use, with attribution,\n"
    "shared alike. Models trained on it inherit this notice. Source: https://zenodo.org/records/1290750"
)

# Excerpts and distinct song numbers per class of IRMAS-TrainingData.
TRAINING_EXCERPTS: dict[str, int] = {
    "cel": 388, "cla": 505, "flu": 451, "gac": 637, "gel": 760, "org": 682,
    "pia": 721, "sax": 626, "tru": 577, "vio": 580, "voi": 778,
}  # fmt: skip
# The sum, 2,261, is also the number of distinct song numbers in the whole training set: a number never occurs under
# two classes, so numbers are global and one number is one song.
TRAINING_SONGS: dict[str, int] = {
    "cel": 135, "cla": 169, "flu": 153, "gac": 216, "gel": 256, "org": 230,
    "pia": 245, "sax": 209, "tru": 195, "vio": 193, "voi": 260,
}  # fmt: skip
TRAINING_TOTAL = 6705
TRAINING_SAMPLE_RATE_HZ = 44100
TRAINING_CHANNELS = 2
TRAINING_SUBTYPE = "PCM_16"
TRAINING_FRAMES = 132299

# Clips per part, and how many clips carry each label, of the three IRMAS-TestingData parts.
TESTING_CLIPS: dict[int, int] = {1: 807, 2: 1301, 3: 766}
TESTING_TOTAL = 2874
TESTING_SONGS = 208
TESTING_LABELS: dict[str, int] = {
    "cel": 111, "cla": 62, "flu": 163, "gac": 535, "gel": 942, "org": 361,
    "pia": 995, "sax": 326, "tru": 167, "vio": 211, "voi": 1044,
}  # fmt: skip
TESTING_MIN_SECONDS = 5.0
TESTING_MAX_SECONDS = 20.0

# Pairs of song numbers of the same class or of two classes whose excerpts are byte-identical in the official release,
# as class/song. Byte identity disappears when a copy is re-encoded (FLAC, MP3, resampled), the leak does not, so
# `irmas_tf.datasets.irmas.group_excerpts` joins these songs whatever the bytes say. Three pairs contradict each other:
# the same audio is called gac under one number and gel under the other.
KNOWN_DUPLICATE_SONGS: tuple[tuple[str, str], ...] = (
    ("gac/0670", "gac/0774"),
    ("gac/0672", "gel/0757"),
    ("gac/0673", "gel/0758"),
    ("gac/0674", "gel/0759"),
    ("gel/0675", "gel/0760"),
    ("gel/0708", "gel/0762"),
    ("gac/0709", "gac/0763"),
    ("gac/0711", "gac/0765"),
    ("gac/0712", "gac/0766"),
    ("gac/0713", "gac/0767"),
    ("gac/0714", "gac/0768"),
    ("gac/0715", "gac/0769"),
    ("gac/0716", "gac/0770"),
    ("gac/0717", "gac/0771"),
    ("gac/0718", "gac/0772"),
    ("gel/0856", "gel/0858"),
    ("voi/2311", "voi/2312"),
)

# Pairs of song numbers that are not byte-identical but hold overlapping cuts of one recording. Found by comparing all
# pairs of 5,349 excerpts at shifts of up to 2.5 s: 80-band log spectra, centred over time and over bands, correlate by
# .76 to .85 at one shift for these pairs, and by at most .63 for any other pair of songs. One pair crosses classes.
KNOWN_OVERLAPPING_SONGS: tuple[tuple[str, str], ...] = (
    ("cel/0103", "cel/0127"),
    ("cla/0211", "cla/0257"),
    ("gel/0748", "gel/0749"),
    ("org/1123", "org/1125"),
    ("org/1123", "pia/1340"),
    ("org/1161", "org/1163"),
    ("org/1180", "org/1184"),
    ("org/1198", "org/1203"),
    ("sax/1611", "sax/1721"),
    ("sax/1625", "sax/1712"),
    ("sax/1683", "sax/1690"),
    ("sax/1706", "sax/1767"),
)


@dataclasses.dataclass(frozen=True)
class Archive:
    """One zip file of the release.

    Attributes:
        part: short name ("train", "test1").
        zip_name: file name in the Zenodo record.
        md5: checksum of the zip, hexadecimal.
        folder: folder under the data directory that it is unpacked into.
    """

    part: str
    zip_name: str
    md5: str
    folder: str


ARCHIVES: dict[str, Archive] = {
    "train": Archive("train", "IRMAS-TrainingData.zip", "4fd9f5ed5a18d8e2687e6360b5f60afe", "IRMAS-TrainingData"),
    "test1": Archive(
        "test1", "IRMAS-TestingData-Part1.zip", "5a2e65520dcedada565dff2050bb2a56", "IRMAS-TestingData-Part1"
    ),
    "test2": Archive(
        "test2", "IRMAS-TestingData-Part2.zip", "afb0c8ea92f34ee653693106be95c895", "IRMAS-TestingData-Part2"
    ),
    "test3": Archive(
        "test3", "IRMAS-TestingData-Part3.zip", "9b3fb2d0c89cdc98037121c25bd5b556", "IRMAS-TestingData-Part3"
    ),
}
BASE_URL = "https://zenodo.org/records/1290750/files"
