"""Writing a corpus: songs are rendered by worker processes and appear as complete files only.

A song depends on the corpus seed and its own index alone, so any number of workers, in any order, and any number of
interruptions give the same bytes.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import io
import math
import multiprocessing
import multiprocessing.connection
import os
import random
import signal
import struct
import threading
import wave
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from irmas_tf.corpus.composition import compose_song, compose_test_song, draw_labels
from irmas_tf.corpus.plan import EXCERPTS_PER_SONG, TestSong, TrainingSong
from irmas_tf.corpus.rendering import Rendered, draw_chain, render_test_song, render_training_song, with_backing
from irmas_tf.corpus.studio import SAMPLE_RATE_HZ
from irmas_tf.process.atomic_files import atomic_path
from irmas_tf.process.cpu import keep_freed_memory
from irmas_tf.randomization.ingredients import Randomization
from irmas_tf.timbres.notes import Ensemble
from irmas_tf.timbres.sampler import Sampler
from irmas_tf.timbres.sf2 import SoundFont
from irmas_tf.timbres.sources import Sounds

# Shorter songs are quicker to compose; test clips need the room.
_TRAINING_SONG_SECONDS, _TEST_SONG_SECONDS = 36.0, 90.0
_WAV_HEADER_BYTES = 44
# Tones kept by one process: least, most, and what all processes share.
_CACHE_BYTES = (128 << 20, 384 << 20, 1024 << 20)
_NOTHING = Randomization()


@dataclasses.dataclass
class Tally:
    """What was done, for the summary; adds up."""

    rendered: int = 0
    kept: int = 0
    bytes: int = 0
    training: Counter[str] = dataclasses.field(default_factory=Counter)
    testing: Counter[str] = dataclasses.field(default_factory=Counter)
    genres: Counter[str] = dataclasses.field(default_factory=Counter)
    drums: int = 0
    solos: int = 0
    clips: int = 0

    def add(self, other: Tally) -> None:
        """Add another tally to this one."""
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


def write_wav(path: Path, audio: np.ndarray) -> int:
    """Write int16 [frames, channels] as 16-bit PCM WAV, complete or not at all; return the file's size in bytes.

    The header is the canonical 44 bytes, so that a file's size tells whether it is whole.
    """
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(audio.shape[1])
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(audio.astype("<i2", copy=False).tobytes())
    _write(path, content.getvalue())
    return len(content.getvalue())


def _write(path: Path, data: bytes) -> None:
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def is_whole(path: Path) -> bool:
    """Return whether a WAV file is there with all the data its header promises."""
    try:
        with open(path, "rb") as stream:
            header = stream.read(_WAV_HEADER_BYTES)
            size = os.fstat(stream.fileno()).st_size
    except OSError:
        return False
    return (
        len(header) == _WAV_HEADER_BYTES and header[:4] == b"RIFF" and struct.unpack("<I", header[4:8])[0] + 8 == size
    )


class CorpusWriter:
    """Renders and writes single songs of a corpus.

    Args:
        out: data directory.
        seed: corpus seed.
        sounds: what plays: sources, or one SoundFont file.
        cache_bytes: memory for tones.
        randomization: ingredients of randomisation.
    """

    def __init__(
        self,
        out: Path,
        seed: int,
        sounds: Sounds | Path,
        cache_bytes: int = _CACHE_BYTES[0],
        randomization: Randomization = _NOTHING,
    ) -> None:
        self.out, self.seed, self.randomization = out, seed, randomization
        self.ensemble: Ensemble = (
            sounds.open(SAMPLE_RATE_HZ, cache_bytes)
            if isinstance(sounds, Sounds)
            else Sampler(SoundFont(sounds), SAMPLE_RATE_HZ, cache_bytes)
        )

    def write(self, song: TrainingSong | TestSong) -> Tally:
        """Write the files of a song that are not there yet."""
        return self._write_training(song) if isinstance(song, TrainingSong) else self._write_test(song)

    def _write_training(self, plan: TrainingSong) -> Tally:
        song = compose_song(plan.code, plan.seed(self.seed), _TRAINING_SONG_SECONDS)
        chain = draw_chain(self.randomization, song)
        song = with_backing(song, chain)
        paths = [self.out / plan.path(self.seed, n, song.genre, song.drums) for n in range(plan.count)]
        tally = Tally(drums=song.drums, solos=len(song.parts) == 1)
        tally.training[plan.code] += plan.count
        tally.genres[song.genre] += 1
        # All excerpts of a song are always rendered together: they share one loudness.
        self._save(paths, tally, lambda: render_training_song(self.ensemble, song, EXCERPTS_PER_SONG, chain))
        return tally

    def _write_test(self, plan: TestSong) -> Tally:
        seed = plan.seed(self.seed)
        codes = draw_labels(random.Random(f"labels {seed}"), plan.first_code(self.seed))
        paths = [self.out / plan.path(self.seed, n) for n in range(plan.count)]
        tally = Tally(clips=plan.count)

        def render() -> list[Rendered]:
            song = compose_test_song(codes, seed, _TEST_SONG_SECONDS)
            chain = draw_chain(self.randomization, song)
            song = with_backing(song, chain, only_unlabelled=True)
            clips = render_test_song(self.ensemble, song, plan.clips, chain)
            # Labels go first: a clip that is there always has them.
            for path, clip in zip(paths, clips, strict=False):
                _write(path.with_suffix(".txt"), "".join(f"{code}\t\n" for code in clip.codes).encode())
            return clips

        self._save(paths, tally, render)
        for path in paths:
            tally.testing.update(path.with_suffix(".txt").read_text().split())
        return tally

    def _save(self, paths: list[Path], tally: Tally, render: Callable[[], list[Rendered]]) -> None:
        def whole(path: Path) -> bool:
            labelled = "TestingData" not in path.parent.parent.name or path.with_suffix(".txt").is_file()
            return labelled and is_whole(path)

        missing = [not whole(path) for path in paths]
        if any(missing):
            for path, wanted, piece in zip(paths, missing, render(), strict=False):
                if wanted:
                    tally.bytes += write_wav(path, piece.audio)
        tally.rendered += sum(missing)
        tally.kept += len(paths) - sum(missing)


_writer: CorpusWriter | None = None


def _end_with_parent() -> None:
    # A pool's workers do not notice that their parent was killed, and would wait for work for ever.
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _start_worker(out: Path, seed: int, sounds: Sounds | Path, cache_bytes: int, randomization: Randomization) -> None:
    global _writer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C
    keep_freed_memory()  # a tenth of the time
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _writer = CorpusWriter(out, seed, sounds, cache_bytes, randomization)


def _work(song: TrainingSong | TestSong) -> Tally:
    assert _writer is not None
    return _writer.write(song)


def write_songs(
    songs: Iterator[TrainingSong | TestSong],
    out: Path,
    seed: int,
    sounds: Sounds | Path,
    workers: int,
    randomization: Randomization = _NOTHING,
) -> Iterator[Tally]:
    """Write songs in parallel and yield a tally per song, in the order they are finished.

    Args:
        songs: what to write; read as the work goes on, never all at once.
        out: data directory; its class folders exist.
        seed: corpus seed.
        sounds: what plays: sources, or one SoundFont file.
        workers: processes; 1 works in this one.
        randomization: ingredients of randomisation.
    """
    least, most, together = _CACHE_BYTES
    cache_bytes = min(max(together // workers, least), most)
    if workers == 1:
        writer = CorpusWriter(out, seed, sounds, cache_bytes, randomization)
        yield from map(writer.write, songs)
        return
    # Spawned, not forked: forking a process that runs TensorFlow's threads can hang.
    context = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(
        workers, context, _start_worker, (out, seed, sounds, cache_bytes, randomization)
    )
    try:
        pending: set[concurrent.futures.Future[Tally]] = set()
        more = True
        while more or pending:
            while more and len(pending) < 4 * workers:
                song = next(songs, None)
                more = song is not None
                if song is not None:
                    pending.add(pool.submit(_work, song))
            done, pending = concurrent.futures.wait(pending, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def estimated_bytes(excerpts: int, clips: int) -> int:
    """Return about how much space a corpus takes (test clips by their mean length)."""
    return math.ceil(excerpts * 3.0 * SAMPLE_RATE_HZ * 4 + clips * 16.3 * SAMPLE_RATE_HZ * 4)
