"""The commands under attack: what each is given, where it writes, and what was there before."""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import http.server
import io
import os
import shutil
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import chaos_process
from benchmarks.chaos_process import Room

MEL = "mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000"
TRAINING = (
    "train", "--run_dir={place}/run", "--data_dir={inputs}/data", "--validation_fraction=0.25",
    "--sample_rate_hz=8000", "--window_seconds=0.5", "--window_hop_seconds=0.5", f"--branches={MEL}", "--block=plain",
    "--stem_stride=2", "--stage_channels=4", "--head_units=0", "--batch_size=8", "--dropout=0.2",
    "--checkpoint_minutes=0.000001", "--cache=none",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Work:
    """A command under attack.

    Attributes:
        name: of the command, and what of it.
        arguments: of ``irmas``; {place} is the folder it writes to, {inputs} what it reads.
        old: arguments of the run whose files it finds there and replaces; the same command in another setting.
        share: how often it is drawn; what takes long comes rarely.
        start: what is copied from the inputs to the place before ``old``: (from, to).
        whole: folders below the place whose files are replaced together.
        grows: whether what it writes is a progress that any moment may interrupt: then a file may be neither as before
            nor as at the end, and its reader says whether it is whole.
        kept: names (beginning or end) that may stay after a failure, because the next start goes on from them.
        before: what a child does first.
    """

    name: str
    arguments: tuple[str, ...]
    old: tuple[str, ...] = ()
    share: int = 1
    start: tuple[tuple[str, str], ...] = ()
    whole: tuple[str, ...] = ()
    grows: bool = False
    kept: tuple[str, ...] = ()
    before: Callable[[Path], Callable[[], None]] | None = None

    @property
    def needs_run(self) -> bool:
        """Whether it opens one of the two runs that are trained for it."""
        of_runs = ("{inputs}/run", "{inputs}/other")
        return bool(self.start) or any(name in text for text in (*self.arguments, *self.old) for name in of_runs)

    def line(self, arguments: tuple[str, ...], room: Room, inputs: Path) -> list[str]:
        return [argument.replace("{place}", str(room.place)).replace("{inputs}", str(inputs)) for argument in arguments]

    def hook(self, inputs: Path) -> Callable[[], None] | None:
        return self.before(inputs) if self.before else None


def works() -> list[Work]:
    """Return all of them."""
    clips, model, run = "{inputs}/clips", "--model=composed", "--run_dir={inputs}/run"
    answers = ("predict", model, "--format=csv", "--output={place}/answers.csv")
    activity = (
        "predict", model, "--format=json", "--output={place}/answers.json", "--activity={place}/activity",
        "--activity_formats=csv,json,audacity",
    )  # fmt: skip
    saved = ("--out={place}/models", "--overwrite", "--model_version=1")
    lite = ("--out={place}/model.tflite", "--overwrite")
    page = ("export-page", "--out={place}/page", "--overwrite", "--litert_js={inputs}/litert.tgz")
    return [
        Work("predict", (*answers, clips), (*answers, f"{clips}/a.wav"), share=8),
        Work("predict, activity", (*activity, clips), (*activity, f"{clips}/a.wav"), share=6),
        Work(
            "embed, .npz",
            ("embed", run, "--engine=litert", "--output={place}/e.npz", clips),
            ("embed", run, "--engine=litert", "--output={place}/e.npz", f"{clips}/a.wav"),
            share=6,
        ),
        Work(
            "embed, .csv",
            ("embed", run, "--engine=litert", "--output={place}/e.csv", clips),
            ("embed", run, "--engine=litert", "--output={place}/e.csv", f"{clips}/a.wav"),
            share=5,
        ),
        Work(
            "mirex",
            ("mirex", model, "--out={place}/scores.csv", clips),
            ("mirex", model, "--out={place}/scores.csv", f"{clips}/a.wav"),
            share=5,
        ),
        Work(
            "check, manifest",
            ("check", "--dataset=folder", "--data_dir={inputs}/folder", "--write_manifest={place}/data.csv"),
            share=5,
        ),
        Work(
            "evaluate",
            ("evaluate", "--run_dir={place}/run", "--noreport_audio"),
            ("evaluate", "--run_dir={place}/run", "--noreport_audio", "--report_clips=0"),
            share=3,
            start=(("run", "run"),),
            whole=("run/evaluation/validation",),
        ),
        Work(
            "evaluate, scores",
            ("evaluate", "--scores={inputs}/scores.csv", "--output={place}/figures", "--noreport_audio"),
            ("evaluate", "--scores={inputs}/fewer.csv", "--output={place}/figures", "--noreport_audio"),
            share=5,
            whole=("figures",),
        ),
        Work("train", (*TRAINING, "--epochs=2", "--notflite"), share=4, grows=True),
        Work(
            "train, more epochs",
            (*TRAINING, "--epochs=2", "--notflite"),
            (*TRAINING, "--epochs=1", "--notflite"),
            share=2,
            grows=True,
        ),
        Work("train, .tflite", (*TRAINING, "--epochs=1"), share=1, grows=True),
        Work(
            "export-saved-model",
            ("export-saved-model", run, *saved),
            ("export-saved-model", "--run_dir={inputs}/other", *saved),
            share=1,
            whole=("models/irmas/1",),
        ),
        Work(
            "export-tflite",
            ("export-tflite", run, *lite),
            ("export-tflite", "--run_dir={inputs}/other", *lite),
            share=2,
        ),
        Work(
            "export-page",
            (*page, "--model={inputs}/run/model.tflite"),
            (*page, "--model={inputs}/other/model.tflite"),
            share=4,
            whole=("page",),
            before=stand_in_page,
        ),
        Work(
            "convert",
            ("convert", "--backbone=mn01", "--weights={inputs}/mn01.pt", "--out={place}/mn01.npz"),
            ("convert", "--backbone=mn01", "--weights={inputs}/older.pt", "--out={place}/mn01.npz"),
            share=5,
        ),
        Work(
            "soundfont",
            ("soundfont", "--out={place}/corpus", "--excerpts=11", "--test_clips=1", "--workers=1"),
            share=2,
            grows=True,
        ),
        Work(
            "download",
            ("download", "--out={place}/irmas", "--parts=train", "--retries=1", "--base_url=http://127.0.0.1:1"),
            share=6,
            grows=True,
            kept=(".part", ".zip"),
            before=loopback_archive,
        ),
    ]


# ---- what children do first ----


def stand_in_page(inputs: Path) -> Callable[[], None]:
    """The package of LiteRT.js is one that was made here."""

    def patch() -> None:
        from irmas_tf.browser import litert

        litert.INTEGRITY = (inputs / "litert.sum").read_text()

    return patch


def loopback_archive(inputs: Path, is_served: bool = True) -> Callable[[], None]:
    """The training excerpts of IRMAS are a small archive; if ``is_served``, by a server in this process."""

    def patch() -> None:
        from irmas_tf.datasets import irmas_download
        from irmas_tf.datasets.irmas_counts import ARCHIVES, Archive

        train = ARCHIVES["train"]
        content = (inputs / "www" / train.zip_name).read_bytes()
        defaults = irmas_download.download.__kwdefaults__
        assert defaults is not None
        defaults["archives"] = {
            "train": Archive("train", train.zip_name, hashlib.md5(content).hexdigest(), train.folder)
        }
        if not is_served:
            return

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass  # a client that goes away; its traceback would be taken for the command's

        handler = functools.partial(Handler, directory=str(inputs / "www"))
        server = Server(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        place = next(index for index, argument in enumerate(sys.argv) if argument.startswith("--base_url="))
        sys.argv[place] = f"--base_url={address}"

    return patch


# ---- materials ----


def make_inputs(folder: Path) -> None:
    """Fill a folder with all that the commands read. Computes, so that it needs a process of its own."""
    from tests.helpers.tone_corpus import write_corpus

    folder.mkdir(parents=True)
    write_corpus(folder / "data")
    _write_clips(folder / "clips")
    for name, count in (("folder", 12), ("smaller", 6)):
        for index, path in enumerate(sorted((folder / "data").rglob("*.wav"))[::5][:count]):
            target = folder / name / path.parent.name / f"song{index}.wav"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    rng = np.random.default_rng(1)
    for name, count in (("scores.csv", 60), ("fewer.csv", 40)):
        lines = ["file,song,labels,cel,flu,pia"]
        for index in range(count):
            label = ("cel", "flu", "pia")[index % 3]
            lines.append(f"{index}.wav,{index // 2},{label}," + ",".join(f"{p:.4f}" for p in rng.random(3)))
        (folder / name).write_text("\n".join(lines) + "\n")
    _write_weights(folder)
    _write_page_package(folder)
    (folder / "www").mkdir()
    with zipfile.ZipFile(folder / "www" / "IRMAS-TrainingData.zip", "w") as archive:
        for path in sorted((folder / "data" / "IRMAS-TrainingData").rglob("*.wav")):
            archive.write(path, path.relative_to(folder / "data"))


def make_runs(folder: Path, room: Room) -> None:
    """Train the two small runs that commands open: ``run`` and ``other``."""
    for name, seed in (("run", 0), ("other", 1)):
        arguments = [
            argument.replace("{place}/run", str(folder / name)).replace("{inputs}", str(folder))
            for argument in (*TRAINING, "--epochs=1", f"--seed={seed}")
        ]
        end = chaos_process.run(arguments, room)
        if end.status:
            raise SystemExit(f"the run under attack cannot be trained: {end.err}")


def _write_clips(folder: Path) -> None:
    import soundfile

    folder.mkdir()
    rng = np.random.default_rng(2)
    for name, subtype in (("a.wav", "PCM_16"), ("b.wav", "PCM_24"), ("c.flac", "PCM_16"), ("d.ogg", "VORBIS")):
        seconds = np.arange(16000) / 8000
        sound = 0.3 * np.sin(2 * np.pi * rng.uniform(200, 900) * seconds) + 0.02 * rng.standard_normal(len(seconds))
        soundfile.write(folder / name, sound, 8000, subtype=subtype)


def _write_weights(folder: Path) -> None:
    """Write two checkpoints of a small pretrained network with random weights."""
    import keras

    from irmas_tf.config.backbones import BACKBONES
    from irmas_tf.models.pretrained import published_classifier
    from tests.helpers import torch_files

    spec = BACKBONES.get("mn01")
    turned = {"linear": (1, 0), "conv_turned": (3, 2, 1, 0), "depthwise_turned": (2, 3, 1, 0)}
    for name, seed in (("mn01.pt", 3), ("older.pt", 4)):
        keras.utils.set_random_seed(seed)
        layers = {layer.name: layer for layer in published_classifier(spec).layers}
        state = {}
        for entry in spec.weight_table():
            value = getattr(layers[f"mn01_{entry.layer}"], entry.variable).numpy()
            state[entry.source] = value.transpose(turned[entry.layout]) if entry.layout in turned else value
        torch_files.write_zip(folder / name, state)


def _write_page_package(folder: Path) -> None:
    from irmas_tf.browser import litert

    code = b'import { createWasmLib } from "@litertjs/wasm-utils";\nlet a;\n//# sourceMappingURL=index.js.map\n'
    contents = {"dist/index.js": code}
    for variant in litert.VARIANTS:
        contents[f"wasm/{variant}.js"] = b"var ModuleFactory;\n"
        contents[f"wasm/{variant}.wasm"] = b"\0asm" + os.urandom(100000)
    with tarfile.open(folder / "litert.tgz", "w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    digest = hashlib.sha512((folder / "litert.tgz").read_bytes()).digest()
    (folder / "litert.sum").write_text(f"sha512-{base64.b64encode(digest).decode()}")
