"""Activity over time as files: CSV and JSON for programs, a label track for Audacity, a picture for people."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import numpy as np

from irmas_tf.audio import decode
from irmas_tf.audio.envelope import envelope_of
from irmas_tf.audio.walk import Failure
from irmas_tf.config.labels import LabelScheme
from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.activity import Activity, segments
from irmas_tf.inference.answers import Answer, join_codes
from irmas_tf.inference.notes import OF_SILENCE, SILENT, note_objects
from irmas_tf.kinds.table_columns import column_of
from irmas_tf.process.atomic_files import atomic_path
from irmas_tf.process.csv_cells import ESCAPE, CsvWriter
from irmas_tf.process.optional_packages import require
from irmas_tf.reports.answer_output import SAID_ALREADY

# Of format: how the name of its file ends.
ENDINGS = {"csv": ".activity.csv", "json": ".activity.json", "audacity": ".labels.txt", "png": ".activity.png"}
FORMATS = tuple(ENDINGS)
NAME_BYTES = 120
PICTURE_HZ = 8000  # an outline needs no more


class ActivityFiles:
    """Writes the activity of each answer into a folder, each file whole or not at all.

    ``csv``: a row per window: start_seconds, end_seconds, labels (active classes, see `join_codes`), a column of
    probabilities per class, and notes: "silent" for a silent window, the codes of the clip's other notes. ``json``: one
    object with times, probabilities and silence in columns, the levels, segments, and the clip's notes.
    ``audacity``: a label track (File > Import > Labels): start, end, name, separated by tabs. ``png``: see
    `activity_figure`.

    Windows overlap; for segments a moment belongs to the window whose centre is nearest (`Activity.edges`).

    Args:
        folder: made if absent.
        formats: some of `FORMATS`.
        scheme: the label scheme of the answers.
        levels: [classes] at or above which a class is active; None: the most probable class is.
        csv_formulas: one of `irmas_tf.process.csv_cells.FORMULAS`.

    Raises:
        ConfigError: no or an unknown format, or the folder cannot be made or written.
    """

    def __init__(
        self,
        folder: str | Path,
        formats: Sequence[str],
        scheme: LabelScheme,
        levels: np.ndarray | None,
        csv_formulas: str = ESCAPE,
    ) -> None:
        self.folder = Path(folder)
        self._formats = formats
        self._scheme = scheme
        self._levels = levels
        self._csv_formulas = csv_formulas
        check_formats(formats)
        if "png" in formats:
            require("matplotlib", "--activity_formats=png")
        check_folder(self.folder)

    def write(self, answer: Answer) -> list[Path]:
        """Write the files of an answer, which must hold its activity; return their paths.

        Raises:
            AudioError: the file, read once more for the picture, cannot be read now.
        """
        activity = answer.activity
        assert activity is not None
        paths = []
        for format in self._formats:
            path = self.folder / (safe_name(answer.path) + ENDINGS[format])
            with atomic_path(path) as temporary:
                if format == "png":
                    self._draw(answer, activity, temporary)
                else:
                    lines = {"csv": self._csv, "json": self._json, "audacity": self._audacity}[format](answer, activity)
                    with open(temporary, "w", encoding="utf-8", newline="") as file:
                        file.writelines(lines)
            paths.append(path)
        return paths

    def _csv(self, answer: Answer, activity: Activity) -> Iterator[str]:
        rows = _Rows(self._csv_formulas)
        codes = self._scheme.codes
        yield rows.line(["start_seconds", "end_seconds", "labels", *map(column_of, codes), "notes"])
        active = activity.active(self._levels)
        of_clip = [note.code for note in activity.notes if note.code not in OF_SILENCE]
        silence = activity.silence.tolist()
        for start, end, probabilities, flags, is_silent in zip(
            activity.starts, activity.ends, activity.probabilities, active, silence, strict=True
        ):
            labels = join_codes([code for code, yes in zip(codes, flags, strict=True) if yes], self._scheme)
            notes = " ".join([SILENT] * is_silent + of_clip)
            yield rows.line([f"{start:.6f}", f"{end:.6f}", labels, *(f"{p:.6f}" for p in probabilities), notes])

    def _json(self, answer: Answer, activity: Activity) -> Iterator[str]:
        codes = self._scheme.codes
        by_class = dict(zip(codes, np.asarray(activity.probabilities, np.float64).round(6).T.tolist(), strict=True))
        levels = None if self._levels is None else dict(zip(codes, self._levels.tolist(), strict=True))
        # ASCII, so that a file name that is not UTF-8 can be written, as in the answers.
        yield json.dumps({
            "file": answer.path,
            "duration_seconds": round(activity.duration_seconds, 6),
            "window_seconds": activity.window_seconds,
            "labels": list(answer.labels),
            "thresholds": levels,
            "start_seconds": activity.starts.round(6).tolist(),
            "end_seconds": activity.ends.round(6).tolist(),
            "probabilities": by_class,
            "segments": [
                {"start_seconds": round(s.start, 6), "end_seconds": round(s.end, 6), "label": codes[s.class_index]}
                for s in segments(activity, self._levels)
            ],
            "silent": activity.silence.tolist(),
            "notes": note_objects(activity.notes),
        }) + "\n"  # fmt: skip

    def _audacity(self, answer: Answer, activity: Activity) -> Iterator[str]:
        for piece in segments(activity, self._levels):
            yield f"{piece.start:.6f}\t{piece.end:.6f}\t{self._scheme.names[piece.class_index]}\n"

    def _draw(self, answer: Answer, activity: Activity, path: Path) -> None:
        # Here, because the other formats should not wait for matplotlib.
        from irmas_tf.reports.activity_picture import ENVELOPE_POINTS, activity_figure

        with _quietly():  # letters without a glyph in the font are no news either
            envelope = envelope_of(decode.iter_blocks(answer.path, PICTURE_HZ), PICTURE_HZ, ENVELOPE_POINTS)
            figure = activity_figure(activity, envelope, self._scheme, answer.labels, self._levels)
            figure.savefig(path, format="png")


def saved_activity(
    results: Generator[Answer | Failure, None, None], files: ActivityFiles
) -> Generator[Answer | Failure, None, None]:
    """Yield results when their activity is saved; a file that can no longer be read becomes a `Failure`."""
    with contextlib.closing(results):
        for result in results:
            if isinstance(result, Answer):
                try:
                    files.write(result)
                except decode.AudioError as error:
                    yield Failure(result.path, error.problem)
                    continue
            yield result


def check_formats(formats: Sequence[str]) -> None:
    """Refuse formats that do not exist.

    Raises:
        ConfigError: the message lists those that do.
    """
    if not formats or (unknown := set(formats) - set(FORMATS)):
        wrong = ",".join(sorted(unknown)) if formats else ""
        raise ConfigError(f"--activity_formats={wrong}: must be one or more of {', '.join(FORMATS)}")


def check_folder(folder: Path) -> None:
    """Make the folder, and find out whether it can be written, before any work rather than after it.

    Raises:
        ConfigError: the message names the folder and the remedy.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError as error:
        raise ConfigError(f"--activity={folder}: is a file, not a folder; name a folder") from error
    except OSError as error:
        raise ConfigError(f"--activity={folder}: cannot be written ({error.strerror}); name another folder") from error


def safe_name(path: str) -> str:
    """Return a name for what is written about a file: its own, without what could hurt, and a mark of its full path.

    Files of one name in different folders, and names that differ only in odd characters, keep apart, in one call and
    over several; the same file always gets the same name.
    """
    stem = os.path.splitext(os.path.basename(path))[0]
    kept = "".join(c if c.isalnum() or c in " ._-+()[]&," else "_" for c in stem).strip(" .")
    while len(kept.encode()) > NAME_BYTES:
        kept = kept[:-1]
    digest = hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()[:8]
    return f"{kept or 'clip'}-{digest}"


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Say nothing of a file's oddities: that was done when it was read for its answer."""
    token = SAID_ALREADY.set(True)
    try:
        yield
    finally:
        SAID_ALREADY.reset(token)


class _Rows:
    """Turns rows into lines of CSV."""

    def __init__(self, csv_formulas: str) -> None:
        self._line = ""
        self._writer = CsvWriter(self, csv_formulas)

    def write(self, text: str) -> None:
        self._line = text

    def line(self, row: Sequence[str]) -> str:
        self._writer.writerow(row)
        return self._line
