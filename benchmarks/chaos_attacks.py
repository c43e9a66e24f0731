"""Disk full, kill -9, two at once, places that cannot be written: the attempts on commands, and how each is judged."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.chaos_commands import Work
from benchmarks.chaos_process import Child, End, Room, run
from benchmarks.chaos_readers import HALF, files_in, fingerprints

MINE = "mine.txt"  # a file of the user's beside what the command writes
DISK_BYTES = 256 << 20
COLUMNS = ("lost", "half", "tracebacks", "foreign code", "outside", "leftovers", "unsaid", "not finished")


@dataclasses.dataclass
class Outcome:
    """What an attempt found.

    Attributes:
        kind, work: of the attack; of the command.
        counts: by `COLUMNS`. lost: files that were there before and are gone or changed; half: files under a final
            name that are not whole, folders that are a mix; unsaid: an exit status that is not the truth, or a failure
            without a line that begins with ``error:``; not finished: the same command afterwards failed, or its files
            are not those of an undisturbed run.
        notes: a line on each.
    """

    kind: str
    work: str
    counts: dict[str, int] = dataclasses.field(default_factory=lambda: dict.fromkeys(COLUMNS, 0))
    notes: list[str] = dataclasses.field(default_factory=list)

    def blame(self, column: str, note: str) -> None:
        self.counts[column] += 1
        self.notes.append(f"{column}: {note}")


@dataclasses.dataclass(frozen=True)
class Rehearsal:
    """A command, undisturbed.

    Attributes:
        before: folder with what is there before.
        old, new: fingerprints of the place before and after.
        seconds, events, bytes: how long it takes, how often it touches files, how much it writes.
    """

    work: Work
    before: Path
    old: dict[str, str]
    new: dict[str, str]
    seconds: float
    events: int
    bytes: int


class Watch:
    """Counts what happens to files below some folders, as the kernel tells it (inotify)."""

    _WANTED = 0x2 | 0x8 | 0x80 | 0x100 | 0x200  # modified, closed after writing, renamed to, made, deleted
    _IS_FOLDER = 0x40000000

    def __init__(self, *folders: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self._paths: dict[int, Path] = {}
        self.events = 0
        self.last = ""  # name of the file that was touched last
        for folder in folders:
            self._add(folder)

    def _add(self, folder: Path) -> None:
        number = self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), self._WANTED)
        if number >= 0:
            self._paths[number] = folder
            try:
                inner = [Path(entry) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
            except OSError:
                return
            for path in inner:
                self._add(path)

    def count(self) -> int:
        """Return the number of events so far."""
        while True:
            try:
                data = os.read(self._descriptor, 65536)
            except BlockingIOError:
                return self.events
            place = 0
            while place < len(data):
                number, mask, _, length = struct.unpack_from("iIII", data, place)
                name = data[place + 16 : place + 16 + length].rstrip(b"\0")
                place += 16 + length
                self.events += 1
                self.last = os.fsdecode(name)
                if mask & self._IS_FOLDER and mask & (0x100 | 0x80) and number in self._paths:
                    self._add(self._paths[number] / os.fsdecode(name))

    def close(self) -> None:
        os.close(self._descriptor)


# ---- rooms ----


def can_mount() -> bool:
    """Return whether small disks can be made here: Linux, root, and mount permitted."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("mount"):
        return False
    import tempfile

    folder = tempfile.mkdtemp()
    try:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "chaos", folder], capture_output=True).returncode:
            return False
        return subprocess.run(["umount", folder], capture_output=True).returncode == 0
    finally:
        os.rmdir(folder)


def mount(room: Room) -> None:
    room.disk.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "chaos", str(room.disk)], check=True, capture_output=True
    )


def clear(room: Room) -> None:
    """Remove a room and its disk."""
    if os.path.ismount(room.disk):
        subprocess.run(["umount", "-l", str(room.disk)], check=True, capture_output=True)
    shutil.rmtree(room.path, ignore_errors=True)


def furnish(room: Room, rehearsal: Rehearsal) -> None:
    """Lay out what is there before an attempt."""
    room.make()
    shutil.copytree(rehearsal.before, room.place, dirs_exist_ok=True)


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of change of every file below a folder."""
    return {name: ((stat := os.lstat(path)).st_size, stat.st_mtime_ns) for name, path in files_in(folder)}


def rehearse(work: Work, inputs: Path, room: Room, before: Path) -> Rehearsal:
    """Do it undisturbed: what was there before, then the command itself."""
    room.make()
    (room.place / MINE).write_text("not yours\n")
    for source, target in work.start:
        shutil.copytree(inputs / source, room.place / target)
    if work.old:
        _require(run(work.line(work.old, room, inputs), room, before=work.hook(inputs)), work)
    shutil.copytree(room.place, before)
    old = fingerprints(room.place, room.path)
    watch = Watch(room.place, room.temporary, room.cache)
    end = run(work.line(work.arguments, room, inputs), room, before=work.hook(inputs))
    _require(end, work)
    events = watch.count()
    watch.close()
    new = fingerprints(room.place, room.path)
    if HALF in new.values() or new == old:
        raise SystemExit(f"{work.name}: an undisturbed run leaves {[name for name in new if new[name] == HALF]}")
    size = sum(-(-path.stat().st_size // 4096) * 4096 for name, path in files_in(room.place) if path.is_file())
    return Rehearsal(work, before, old, new, end.seconds, events, size)


def _require(end: End, work: Work) -> None:
    if end.status or end.is_crash:
        raise SystemExit(f"{work.name}: fails undisturbed: {end.status} {end.err[-2000:]}")


# ---- attacks: each disturbs a command in a furnished room, and returns how it ended ----


def disk_full(rehearsal: Rehearsal, inputs: Path, room: Room, rng: random.Random, outcome: Outcome) -> list[End]:
    """Leave a drawn number of bytes on the disk and run, or fill it to the brim at a drawn touch of a file.

    There is room again when the command has ended.
    """
    work, filler = rehearsal.work, room.disk / "filler"
    is_late = rng.random() < 0.4
    left = (
        rng.randrange(0, 3 * 4096) if is_late or rng.random() < 0.2 else rng.randrange(0, rehearsal.bytes * 5 // 4 + 1)
    )
    if not is_late:
        fill(filler, left)
        end = run(work.line(work.arguments, room, inputs), room, before=work.hook(inputs))
    else:
        at_event = rng.randint(1, max(1, rehearsal.events))
        child, watch = start_and_wait(work, inputs, room, lambda events, seconds: events >= at_event)
        fill(filler, left)
        end = child.wait()
        watch.close()
    filler.unlink()
    outcome.notes.append(f"({left} bytes left{', late' if is_late else ''})")
    return [end]


def fill(filler: Path, left: int) -> None:
    """Write a file that leaves so many bytes of its disk."""
    stat = os.statvfs(filler.parent)
    with open(filler, "wb") as file, contextlib.suppress(OSError):  # somebody else took the last of it
        if (most := stat.f_bavail * stat.f_frsize - left) > 0:
            os.posix_fallocate(file.fileno(), 0, most)


def start_and_wait(
    work: Work, inputs: Path, room: Room, is_time: Callable[[int, float], bool], *watched: Path
) -> tuple[Child, Watch]:
    """Start a command and return when it is time, by touches of files and seconds, or when it has ended.

    Args:
        watched: folders whose files count; by default all that the command writes to.
    """
    watch, start = Watch(*(watched or (room.place, room.temporary, room.cache))), time.monotonic()
    child = Child(work.line(work.arguments, room, inputs), room, before=work.hook(inputs))
    while not child.poll() and not is_time(watch.count(), time.monotonic() - start):
        time.sleep(0.0002)
    return child, watch


def killed(rehearsal: Rehearsal, inputs: Path, room: Room, rng: random.Random, outcome: Outcome) -> list[End]:
    """Kill it at a drawn touch of a file, exactly then or milliseconds later; a quarter of the time at any moment."""
    at_event = rng.randint(1, max(1, rehearsal.events)) if rng.random() < 0.75 else None
    delay = rng.choice((0.0, 0.0, rng.uniform(0, 0.004)))
    moment = rng.uniform(0, rehearsal.seconds)
    child, watch = start_and_wait(
        rehearsal.work, inputs, room, lambda events, seconds: events >= at_event if at_event else seconds >= moment
    )
    time.sleep(delay)
    child.kill()
    end = child.wait()
    outcome.notes.append(f"(event {watch.events} of {rehearsal.events}, wanted {at_event}, {moment:.2f} s)")
    watch.close()
    return [end]


def two_at_once(rehearsal: Rehearsal, inputs: Path, room: Room, rng: random.Random, outcome: Outcome) -> list[End]:
    """Start it twice, in half of the attempts the second time as it was before."""
    work = rehearsal.work
    second = work.old if work.old and not work.grows and rng.random() < 0.5 else work.arguments
    first = Child(work.line(work.arguments, room, inputs), room, 0, work.hook(inputs))
    time.sleep(rng.choice((0.0, rng.uniform(0, rehearsal.seconds))))
    other = Child(work.line(second, room, inputs), room, 1, work.hook(inputs))
    ends = [first.wait(), other.wait()]
    if all(end.status for end in ends):
        outcome.blame("unsaid", f"both failed: {last_line(ends[0])} / {last_line(ends[1])}")
    return ends


def read_only(rehearsal: Rehearsal, inputs: Path, room: Room, rng: random.Random, outcome: Outcome) -> list[End]:
    """The disk becomes read-only, or a file lies where the folder must be."""
    work = rehearsal.work
    if os.path.ismount(room.disk) and rng.random() < 0.6:
        subprocess.run(["mount", "-o", "remount,ro", str(room.disk)], check=True, capture_output=True)
        end = run(work.line(work.arguments, room, inputs), room, before=work.hook(inputs))
        subprocess.run(["mount", "-o", "remount,rw", str(room.disk)], check=True, capture_output=True)
    else:
        line = work.line(work.arguments, room, inputs)
        below = [argument.replace(str(room.place), str(room.place / MINE / "below")) for argument in line]
        end = run(below, room, before=work.hook(inputs))
    if end.status == 0:
        outcome.blame("unsaid", "exit status 0, though nothing could be written")
    return [end]


ATTACKS: dict[str, Callable[..., list[End]]] = {
    "disk full": disk_full,
    "kill -9": killed,
    "two at once": two_at_once,
    "read-only": read_only,
}
NEEDS_DISK = {"disk full", "read-only"}


# ---- judging ----


def last_line(end: End) -> str:
    return next((line for line in reversed(end.err.splitlines()) if line.strip()), "")[:300]


def attempt(kind: str, rehearsal: Rehearsal, inputs: Path, room: Room, rng: random.Random) -> Outcome:
    """Make an attempt and judge it; the room is removed."""
    work, outcome = rehearsal.work, Outcome(kind, rehearsal.work.name)
    try:
        if kind in NEEDS_DISK and can_mount():
            mount(room)
        furnish(room, rehearsal)
        inputs_before = snapshot(inputs)
        ends = ATTACKS[kind](rehearsal, inputs, room, rng, outcome)
        was_killed = any(end.status == -9 for end in ends)
        judge_ends(ends, room, outcome)
        judge_place(rehearsal, room, outcome, all(end.status == 0 for end in ends), was_killed)
        again = run(work.line(work.arguments, room, inputs), room, before=work.hook(inputs))
        _judge_again(again, rehearsal, room, outcome)
        judge_surroundings(inputs, inputs_before, room, outcome)
    finally:
        clear(room)
    return outcome


def judge_ends(ends: list[End], room: Room, outcome: Outcome) -> None:
    for end in ends:
        if end.is_crash:
            outcome.blame("tracebacks", f"status {end.status}: {end.err[-1500:]}")
        elif outcome.work.startswith("check") and end.status == 1 and end.out:
            continue  # the table of what it has found
        elif end.status > 0 and not any(line.startswith(("error: ", "interrupted")) for line in end.err.splitlines()):
            outcome.blame("unsaid", f"status {end.status} without a line of error: {last_line(end)}")
    if room.marker.exists():
        outcome.blame("foreign code", "it ran")


def judge_place(rehearsal: Rehearsal, room: Room, outcome: Outcome, is_done: bool, was_killed: bool) -> None:
    """Blame what is neither as before nor as after an undisturbed run."""
    work, old, new = rehearsal.work, rehearsal.old, rehearsal.new
    now = fingerprints(room.place, room.path)
    for name, was in old.items():
        if name not in now and not name.endswith("/") and (name in new or not (is_done or work.grows)):
            outcome.blame("lost", f"{name} is gone")
        elif name == MINE and now[name] != was:
            outcome.blame("lost", f"{name} is changed")
    for name, says in now.items():
        known = {side[name] for side in (old, new) if name in side}
        if not known:
            is_kept = work.grows or any(part in name for part in work.kept)
            if not was_killed and not is_kept:
                outcome.blame("leftovers", f"{name}, after an end that was not a kill")
        elif says == HALF or (says not in known and not work.grows):
            outcome.blame("half", f"{name} is {says}")
        elif is_done and says not in known and "tensorboard" not in name:
            outcome.blame("half", f"{name} is not that of an undisturbed run")
    for path in room.place.rglob("identity.json"):
        model = path.with_name("model.keras")
        named = [entry["model_sha256"] for entry in json.loads(path.read_text())["models"]]
        if model.exists() and hashlib.sha256(model.read_bytes()).hexdigest() not in named:
            outcome.blame("half", f"{path.parent.name}: identity.json does not name the model beside it")
    for folder in work.whole:
        inside = {name: says for name, says in now.items() if name.startswith(f"{folder}/")}
        sides = [{name: says for name, says in side.items() if name.startswith(f"{folder}/")} for side in (old, new)]
        if inside not in sides and not (was_killed and not inside):
            outcome.blame("half", f"{folder} is neither the old nor the new one, but a mix")
        elif not inside and sides[0]:
            outcome.blame("lost", f"{folder} is gone")


def _judge_again(again: End, rehearsal: Rehearsal, room: Room, outcome: Outcome) -> None:
    judge_ends([again], room, outcome)
    work, now, new = rehearsal.work, fingerprints(room.place, room.path), rehearsal.new
    is_kept = again.status and not work.old and "is there already" in again.err and now == new
    if again.status and not is_kept:
        outcome.blame("not finished", f"again: status {again.status}: {last_line(again)}")
        return
    judge_place(rehearsal, room, outcome, is_done=True, was_killed=False)
    different = [name for name in new if now.get(name) != new[name]]
    if different:
        outcome.blame("not finished", f"again: other files than those of an undisturbed run: {different[:4]}")
    if more := [name for name in now if name not in new]:
        outcome.blame("leftovers", f"still there after the next start: {more[:4]}")
    # TensorFlow's go when the process ends; Keras leaves a folder if it cannot save or unpack a model.
    held = [path.name for path in room.temporary.iterdir() if not path.name.startswith(("__autograph", "tmp"))]
    if held:
        outcome.blame("leftovers", f"in the folder for temporary files: {held[:4]}")


def judge_surroundings(inputs: Path, before: dict[str, tuple[int, int]], room: Room, outcome: Outcome) -> None:
    after = snapshot(inputs)
    if changed := [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]:
        outcome.blame("outside", f"what it only reads has changed: {changed[:3]}")
    for name in ("home", "cwd"):
        if found := [path.name for path in (room.path / name).iterdir()]:
            outcome.blame("outside", f"{name} holds {found[:3]}")
