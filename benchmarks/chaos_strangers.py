"""What strangers send: files that a rule refuses, harmless as they are, and servers that lie.

Every one must be refused in a line, with nothing changed that was there, nothing foreign imported, and in bounded time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import random
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import chaos_liars
from benchmarks.chaos_attacks import MINE, Outcome, clear, judge_ends, judge_surroundings, last_line, snapshot
from benchmarks.chaos_commands import Work, loopback_archive
from benchmarks.chaos_liars import ANSWERS, ANYWHERE, FILES, LONGEST, METADATA, lying
from benchmarks.chaos_process import Room, run
from benchmarks.chaos_readers import fingerprints

CANARY = "chaos_canary"  # a module that writes a file if it is imported, and does nothing else
CANARY_SOURCE = """import os, pathlib

pathlib.Path(os.environ["CHAOS_MARKER"]).write_text("imported")


class Canary:
    pass
"""
_NAMED = f"c{CANARY}\nCanary\n)R".encode()  # a pickle that names the class, as any pickle of an object does
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
FILE_SECONDS = 60.0  # a reader may take 5 s; the machine may be busy with other attempts

Change = Callable[[Path, random.Random], None]


@dataclasses.dataclass(frozen=True)
class Stranger:
    """A file that must be refused.

    Attributes:
        work: the command's name in the table.
        name: of the file's fault.
        source: file or folder of the inputs that is copied and then changed; empty: nothing is.
        target: name of the copy, below {own}.
        arguments: of ``irmas``; {own} is the folder of the copy.
        change: makes it hostile.
    """

    work: str
    name: str
    source: str
    target: str
    arguments: tuple[str, ...]
    change: Change


def _write(name: str, content: bytes | str) -> Change:
    return lambda own, rng: (own / name).write_bytes(content.encode() if isinstance(content, str) else content) and None


def _cut(name: str) -> Change:
    def change(own: Path, rng: random.Random) -> None:
        content = (own / name).read_bytes()
        (own / name).write_bytes(content[: rng.randrange(1, len(content) - 1)])

    return change


def _json(name: str, alter: Callable[[Any], Any]) -> Change:
    def change(own: Path, rng: random.Random) -> None:
        (own / name).write_text(json.dumps(alter(json.loads((own / name).read_text()))))

    return change


def _set(value: Any, *keys: str) -> Callable[[Any], Any]:
    def alter(config: Any) -> Any:
        inner = config
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value
        return config

    return alter


def _keras(name: str, alter: Callable[[dict[str, bytes]], None]) -> Change:
    def change(own: Path, rng: random.Random) -> None:
        with zipfile.ZipFile(own / name) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
        alter(members)
        with zipfile.ZipFile(own / name, "w") as archive:
            for member, content in members.items():
                archive.writestr(member, content)

    return change


def _foreign_class(members: dict[str, bytes]) -> None:
    config = json.loads(members["config.json"])
    config["config"]["layers"][-1] |= {"module": CANARY, "class_name": "Canary", "registered_name": "Canary"}
    members["config.json"] = json.dumps(config).encode()


def _nan_weights(members: dict[str, bytes]) -> None:
    import h5py

    stream = io.BytesIO(members["model.weights.h5"])
    with h5py.File(stream, "r+") as file:
        arrays: list[Any] = []
        file.visititems(lambda name, item: arrays.append(item) if isinstance(item, h5py.Dataset) else None)
        chosen = max((array for array in arrays if array.dtype.kind == "f"), key=lambda array: array.size)
        chosen[...] = np.nan
    members["model.weights.h5"] = stream.getvalue()


def _npz_with_objects(name: str) -> Change:
    def change(own: Path, rng: random.Random) -> None:
        header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
        header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
        array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\x80\x02" + _NAMED + b"."
        with zipfile.ZipFile(own / name, "w") as archive:
            archive.writestr("a.npy", array)

    return change


def _torch(name: str, state: dict[str, np.ndarray], also: bytes = b"") -> Change:
    def change(own: Path, rng: random.Random) -> None:
        from tests.helpers import torch_files

        torch_files.write_zip(own / name, state, also=also)

    return change


def _table(header: str, row: str, count: int = 5) -> Change:
    return _write("scores.csv", f"{header}\n" + f"{row}\n" * count)


def strangers() -> list[Stranger]:
    """Return all of them."""
    clips, answers = "{inputs}/clips", ("--format=csv", "--output={place}/out.csv")
    of_run = ("predict", "--run_dir={own}/run", "--engine=tensorflow", *answers, clips)
    of_lite = ("predict", "--model={own}/model.tflite", *answers, clips)
    of_scores = ("evaluate", "--scores={own}/scores.csv", "--output={place}/figures")
    of_weights = ("convert", "--backbone=mn01", "--weights={own}/mn01.pt", "--out={place}/mn01.npz")
    of_backbone = ("embed", "--backbone=mn01", "--weights={own}/w.npz", "--output={place}/e.npz", clips)
    of_table = ("check", "--dataset=manifest", "--data_dir={own}/list.csv")
    numbers = {"a": np.ones((2, 2), np.float32)}
    config, model = "run/config.json", "run/model.keras"
    deep = "[" * 900 + "]" * 900
    cases: list[tuple[str, tuple[str, ...], str, str, dict[str, Change]]] = [
        ("predict, config.json", of_run, "run", "run", {
            "cut": _cut(config), "empty": _write(config, ""), "deep": _write(config, deep),
            "a list": _write(config, "[]"), "not UTF-8": _write(config, b'{"data": "\xff"}'),
            "a hop near zero": _json(config, _set(1e-300, "audio", "window_hop_seconds")),
            "NaN": _json(config, _set(float("nan"), "audio", "window_seconds")),
            "a rate of 1e12": _json(config, _set(10**12, "audio", "sample_rate_hz")),
            "an absurd FFT": _json(config, _set(["mel:frame_length=1073741824:hop_length=1"], "model", "branches")),
            "another rate": _json(config, _set(16000, "audio", "sample_rate_hz")),
            "an unknown setting": _json(config, _set(1, "model", "colour")),
        }),
        ("predict, model.keras", of_run, "run", "run", {
            "cut": _cut(model), "empty": _write(model, ""), "a web page": _write(model, "<html></html>"),
            "a class of its own": _keras(model, _foreign_class), "NaN": _keras(model, _nan_weights),
            "deep": _keras(model, lambda members: members.update({"config.json": deep.encode()})),
            "no weights": _keras(model, lambda members: members.pop("model.weights.h5") and None),
        }),
        ("predict, .tflite", of_lite, "run/model.tflite", "model.tflite", {
            "cut": _cut("model.tflite"), "empty": _write("model.tflite", ""),
            "a web page": _write("model.tflite", "<html></html>"),
            "zeros": _write("model.tflite", bytes(5000)),
        }),
        ("predict, sound", ("predict", "--model=composed", *answers, "{own}/a.wav"),
         "clips/a.wav", "a.wav", {
            "empty": _write("a.wav", ""), "a web page": _write("a.wav", "<html></html>"),
            "a header alone": lambda own, rng: _write("a.wav", (own / "a.wav").read_bytes()[:30])(own, rng),
        }),
        ("evaluate, scores", of_scores, "scores.csv", "scores.csv", {
            "empty": _write("scores.csv", ""), "ragged": _table("file,labels,cel,pia", "a.wav,cel,0.5"),
            "NaN": _table("file,labels,cel,pia", "a.wav,cel,nan,0.5"),
            "words": _table("file,labels,cel,pia", "a,cel,x,y"),
            "binary": _write("scores.csv", bytes(range(256)) * 20),
            "20,000 columns": _table("file,labels," + ",".join(f"c{n}" for n in range(20000)), "a.wav,cel"),
            "control characters": _table("file,labels,c\x1b[2Jel,pia", "a.wav,cel,0.5,0.5"),
            "unknown label": _table("file,labels,cel,pia", "a.wav,tuba,0.5,0.5"),
        }),
        ("convert", of_weights, "mn01.pt", "mn01.pt", {
            "cut": _cut("mn01.pt"), "empty": _write("mn01.pt", ""), "a web page": _write("mn01.pt", "<html></html>"),
            "other tensors": _torch("mn01.pt", numbers), "a class of its own": _torch("mn01.pt", numbers, _NAMED),
        }),
        ("embed, weights", of_backbone, "", "w.npz", {
            "a class of its own": _npz_with_objects("w.npz"), "a web page": _write("w.npz", "<html></html>"),
            "other arrays": lambda own, rng: np.savez(own / "w.npz", **numbers),
        }),
        ("check, manifest", of_table, "", "list.csv", {
            "empty": _write("list.csv", ""), "binary": _write("list.csv", bytes(range(256)) * 20),
            "no file": _write("list.csv", "path,labels\nnosuch.wav,cel\n"),
            "paths that leave": _write("list.csv", "path,labels\n../../../../../../etc/passwd,cel\n"),
            "control characters": _write("list.csv", "path,labels\na.wav,c\x1b[2Jel\n"),
        }),
        ("soundfont", ("soundfont", "--out={place}/corpus", "--excerpts=11", "--test_clips=0", "--workers=1",
                       "--soundfont={own}/bank.sf2"), "", "bank.sf2", {
            "empty": _write("bank.sf2", ""), "a web page": _write("bank.sf2", "<html></html>"),
            "a header alone": _write("bank.sf2", b"RIFF\x10\0\0\0sfbkLIST\xff\xff\xff\x7f"),
        }),
        ("predict, flagfile", ("predict", "--flagfile={own}/a.flags", clips), "", "a.flags", {
            "unknown": _write("a.flags", "--colour=1\n"), "binary": _write("a.flags", bytes(range(256))),
            "itself": lambda own, rng: (own / "a.flags").write_text(f"--flagfile={own / 'a.flags'}\n") and None,
        }),
    ]  # fmt: skip
    return [
        Stranger(work, name, source, target, arguments, change)
        for work, arguments, source, target, changes in cases
        for name, change in changes.items()
    ]


def hostile_file(stranger: Stranger, inputs: Path, room: Room, rng: random.Random) -> Outcome:
    """Give a command the file, and judge."""
    outcome = Outcome("hostile file", stranger.work)
    outcome.notes.append(f"({stranger.name})")
    own = room.path / "own"
    try:
        _furnish(room)
        own.mkdir()
        if stranger.source:
            copy = shutil.copytree if (inputs / stranger.source).is_dir() else shutil.copy
            copy(inputs / stranger.source, own / stranger.target)
        stranger.change(own, rng)
        work = Work(stranger.work, stranger.arguments)
        line = [text.replace("{own}", str(own)) for text in work.line(work.arguments, room, inputs)]
        _judge(line, inputs, room, outcome, FILE_SECONDS)
    finally:
        clear(room)
    return outcome


def lying_server(name: str, inputs: Path, room: Room, rng: random.Random) -> Outcome:
    """Let a liar answer the client or a download, and judge."""
    work = name.partition(":")[0]
    outcome = Outcome("lying server", work)
    outcome.notes.append(f"({name})")
    lie_name, seed = name.partition(": ")[2], rng.randrange(1 << 30)
    try:
        _furnish(room)
        if work == "client":
            is_answer = lie_name in ANSWERS or rng.random() < 0.5
            lie = ANSWERS[lie_name] if lie_name in ANSWERS else ANYWHERE[lie_name]
            honest = {"/metadata": json.dumps(METADATA).encode(), ":predict": chaos_liars.answer()}
            line = [
                "client", "--labels=cel,flu,pia", "--timeout_seconds=2", "--retries=0", "--format=csv",
                f"--output={room.place / 'out.csv'}", "--concurrency=1", str(inputs / "clips" / "a.wav"),
            ]  # fmt: skip
            with lying(lie, honest, ":predict" if is_answer else "/", seed, room.path / "followed") as port:
                _judge([*line, f"--url=http://127.0.0.1:{port}"], inputs, room, outcome, LONGEST)
        else:
            content = (inputs / "www" / "IRMAS-TrainingData.zip").read_bytes()
            line = ["download", f"--out={room.place / 'irmas'}", "--parts=train", "--retries=1"]
            with lying(FILES[lie_name], {"/": content}, "/", seed, room.path / "followed") as port:
                line.append(f"--base_url=http://127.0.0.1:{port}")
                _judge(line, inputs, room, outcome, LONGEST + 20, is_download=True)
    finally:
        clear(room)
    return outcome


def liars() -> list[str]:
    """Return the names of all lies, as "client: LIE" and "download: LIE"."""
    return [f"client: {lie}" for lie in (*ANYWHERE, *ANSWERS)] + [f"download: {lie}" for lie in FILES]


def _furnish(room: Room) -> None:
    room.make()
    (room.place / MINE).write_text("not yours\n")
    (room.place / "out.csv").write_text("of yesterday\n")


def _judge(
    line: list[str], inputs: Path, room: Room, outcome: Outcome, most_seconds: float, is_download: bool = False
) -> None:
    before, inputs_before = fingerprints(room.place, room.path), snapshot(inputs)
    hook = loopback_archive(inputs, is_served=False) if is_download else None
    end = run(line, room, before=hook)
    judge_ends([end], room, outcome)
    if end.status == 0:
        outcome.blame("unsaid", "exit status 0")
    if end.seconds > most_seconds:
        outcome.blame("unsaid", f"took {end.seconds:.0f} s")
    if _CONTROL.search(end.err + end.out):
        outcome.blame("unsaid", f"control characters on the terminal: {last_line(end)!r}")
    if any(len(text) > 1500 for text in end.err.splitlines()):
        outcome.blame("unsaid", "an error of thousands of characters")
    now = fingerprints(room.place, room.path)
    outcome.notes.append(f"[{end.status}: {last_line(end)}]")
    for name, says in before.items():
        # Where files get no answer, status 1, the table of the others is written as it was asked for.
        is_answered = end.status == 1 and name == "out.csv" and (room.place / name).read_text().startswith("file,")
        if now.get(name) != says and not is_answered:
            outcome.blame("lost", f"{name} is changed or gone")
    # What came of a download is kept to be continued, or set aside for its owner to look at.
    kept = (".part", ".bad") if is_download else ()
    if more := [name for name in now if name not in before and not any(part in name for part in kept)]:
        outcome.blame("leftovers", f"{more[:4]}")
    if (room.path / "followed").exists():
        outcome.blame("outside", "a redirect was followed")
    with contextlib.suppress(FileNotFoundError):
        judge_surroundings(inputs, inputs_before, room, outcome)
