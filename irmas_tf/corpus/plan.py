"""What a rendered corpus holds: which songs, how many excerpts of each, and the files' names in the official layout.

The plan is a pure function of the numbers asked for. A larger corpus of the same seed begins with a smaller one's
files, so a corpus can be extended, and nothing has to be kept in memory however large it is.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator

from irmas_tf.config.labels import IRMAS_CODES

EXCERPTS_PER_SONG = 3  # as in IRMAS
# Above every official song number: the official release's known duplicates are recognised by number elsewhere.
FIRST_SONG_NUMBER = 5001
TRAINING_FOLDER = "IRMAS-TrainingData"
TESTING_FOLDER = "IRMAS-TestingData-Part1/Part1"
_TITLE_WORDS = (
    ("amber", "blue", "broken", "crystal", "distant", "early", "empty", "golden", "gentle", "hidden", "hollow",
     "little", "lonely", "lucky", "midnight", "northern", "old", "quiet", "restless", "silver", "slow",
     "southern", "sweet", "wild"),
    ("avenue", "bird", "bridge", "canyon", "city", "dance", "dream", "fields", "garden", "harbour", "hill",
     "lantern", "letter", "moon", "morning", "ocean", "rain", "river", "road", "shadow", "sky",
     "train", "valley", "winter"),
)  # fmt: skip


class CorpusError(ValueError):
    """The output folder cannot be used; the message names it and the remedy."""


@dataclasses.dataclass(frozen=True)
class TrainingSong:
    """A song of one class: ``count`` of its `EXCERPTS_PER_SONG` excerpts are wanted."""

    index: int
    code: str
    count: int

    @property
    def number(self) -> int:
        """Global song number, as written in file names."""
        return FIRST_SONG_NUMBER + self.index

    def seed(self, corpus_seed: int) -> str:
        """Return the seed text of the song."""
        return f"{corpus_seed}/{self.index}"

    def path(self, corpus_seed: int, excerpt: int, genre: str, drums: bool) -> str:
        """Return the path of an excerpt (counted from 0) under the data directory.

        Names vary as the official ones do: with a drum tag and a counter before it, with the tag alone, or without.
        """
        rng = random.Random(f"name {self.seed(corpus_seed)}")
        style = rng.random()
        tag = "[dru]" if drums else "[nod]"
        prefix = ""
        if style < 0.45:
            prefix = f"{rng.randint(1, 300) + excerpt:03d}__"
        elif style > 0.8:
            tag = "[---]" if style > 0.98 else ""
        name = f"{prefix}[{self.code}]{tag}[{genre}]{self.number:04d}__{excerpt + 1}.wav"
        return f"{TRAINING_FOLDER}/{self.code}/{name}"


@dataclasses.dataclass(frozen=True)
class TestSong:
    """A song with several predominant instruments: ``count`` of its ``clips`` clips are wanted."""

    __test__ = False  # not a test case, whatever its name suggests to pytest

    index: int
    count: int

    @property
    def clips(self) -> int:
        """Clips rendered of the song; one to three, so that songs differ in size."""
        return (2, 1, 3, 1)[self.index % 4]

    def seed(self, corpus_seed: int) -> str:
        """Return the seed text of the song."""
        return f"{corpus_seed}/test/{self.index}"

    def first_code(self, corpus_seed: int) -> str | None:
        """Return a class that must be heard, for the first songs, so that small corpora have every class; else None."""
        order = random.Random(f"order {corpus_seed}").sample(IRMAS_CODES, len(IRMAS_CODES))
        return order[self.index] if self.index < len(order) else None

    def path(self, corpus_seed: int, clip: int) -> str:
        """Return the path of a clip (counted from 0) under the data directory; labels stand beside it in ``.txt``."""
        rng = random.Random(f"title {self.seed(corpus_seed)}")
        title = " ".join(rng.choice(words) for words in _TITLE_WORDS)
        return f"{TESTING_FOLDER}/{self.index + 1:02d} - {title}-{clip + 1}.wav"


def training_songs(excerpts: int) -> Iterator[TrainingSong]:
    """Yield the songs that hold ``excerpts`` excerpts, classes taking turns, so that they differ by a song at most."""
    index = 0
    while excerpts > 0:
        count = min(EXCERPTS_PER_SONG, excerpts)
        yield TrainingSong(index, IRMAS_CODES[index % len(IRMAS_CODES)], count)
        excerpts -= count
        index += 1


def test_songs(clips: int) -> Iterator[TestSong]:
    """Yield the songs that hold ``clips`` test clips."""
    index = 0
    while clips > 0:
        count = min(TestSong(index, 0).clips, clips)
        yield TestSong(index, count)
        clips -= count
        index += 1


test_songs.__test__ = False  # type: ignore[attr-defined]
