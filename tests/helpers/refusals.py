"""Mistakes that every command must refuse before it loads TensorFlow, and what the message must name."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import io
import json
import sys
import zipfile
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

from irmas_tf.datasets import splits
from irmas_tf.runs.identity import upgrade
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.checkpoint import CheckpointStore
from irmas_tf.training.progress import Progress
from tests.helpers.tone_corpus import tiny_config, write_corpus

HEAVY = ("tensorflow", "keras", "tf_keras", "torch")


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A command line with a mistake.

    Attributes:
        arguments: of ``irmas``; paths are below the folder of `make_inputs`.
        named: what the message must name.
        status: the exit status.
    """

    arguments: tuple[str, ...]
    named: str
    status: int = 2

    @property
    def command(self) -> str:
        return self.arguments[0]

    def __str__(self) -> str:
        return " ".join(self.arguments)


def make_inputs(folder: Path) -> None:
    """Fill a folder with what users mistake for runs, models and data, and with a small corpus."""
    write_corpus(folder / "data")
    write_corpus(folder / "twice")
    write_corpus(folder / "twice" / "copy")
    (folder / "empty").mkdir()
    (folder / "text.txt").write_text("not a model, nor a sound\n")
    (folder / "page.tflite").write_text("<!DOCTYPE html>\n<html>Not found</html>\n")
    (folder / "page.wav").write_text("<!DOCTYPE html>\n<html>Not found</html>\n")
    (folder / "table.csv").write_text("file,nonsense\na.wav,1\n")
    files = sorted((folder / "data" / "IRMAS-TrainingData").rglob("*.wav"))[:40]
    rows = (f"{path.relative_to(folder)},oud;{'tar' if i % 2 else 'ney'}\n" for i, path in enumerate(files))
    (folder / "several.csv").write_text("path,labels\n" + "".join(rows))
    for name in ("untrained", "garbled", "unfinished", "nosplit", "oddsplit", "moved", "multi"):
        data = "gone" if name == "moved" else "data"
        task = "multi_label" if name == "multi" else "single_label"
        config = tiny_config(str(folder / data), task=task)
        run = RunDir.create(folder / name, config)
        if name != "nosplit":
            excerpts = tiny_config(str(folder / "data")).dataset.training(folder / "data")
            splits.save_split(run.split_path, splits.make_split(excerpts))
        if name == "garbled":
            run.model_path.write_bytes(b"<html>Not found</html>\n")
        elif name != "untrained":
            with zipfile.ZipFile(run.model_path, "w") as archive:  # which only Keras finds empty
                archive.writestr("config.json", "{}")
    (folder / "oddsplit" / "split.json").write_text("{}")
    for name in ("unfinished", "nosplit", "oddsplit", "moved", "multi"):
        upgrade(RunDir(folder / name), RunDir(folder / name).load_config())  # or each would be warned about first
    CheckpointStore(folder / "unfinished" / "checkpoints").save({}, {"progress": Progress(epoch=1).to_dict()})
    for name, text in (("damaged", "{"), ("newer", json.dumps({"data": {"colour": 1}}))):
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(text)


# A run, whatever it is for: what is wrong with it, and what the message must name.
_BAD_RUNS = (
    ("nosuch", "--run_dir=nosuch: no such folder"),
    ("empty", "has no config.json"),
    ("text.txt", "text.txt"),
    ("damaged", "damaged/config.json"),
    ("newer", "colour"),
    ("untrained", "untrained/model.keras"),
    ("garbled", "garbled/model.keras"),
)
_BAD_DATA = (
    ("nosuch", "nosuch: no such folder"),
    ("text.txt", "text.txt: is a file"),
    ("empty", "empty: holds no IRMAS training audio"),
    ("twice", "twice/copy/IRMAS-TrainingData"),
)


def refusals() -> list[Refusal]:
    """Return the mistakes, command by command."""
    cases = [
        *_predict(), *_embed(), *_probe(), *_evaluate(), *_train(), *_exports(), *_check_export(), *_page(), *_data(),
        *_others(),
    ]  # fmt: skip
    typo = dict.fromkeys(dict.fromkeys(case.command for case in cases if case.command != "streaming"), ("--colour=1",))
    return cases + [Refusal((command, *flag), "colour") for command, flag in typo.items()]


def _case(line: str, named: str, status: int = 2) -> Refusal:
    return Refusal(tuple(line.split()), named, status)


def _predict() -> Iterator[Refusal]:
    for run, named in _BAD_RUNS:
        yield _case(f"predict --run_dir={run} sound.wav", named)
    yield _case("predict", "no audio given")
    yield _case("predict --run_dir=moved --model=text.txt sound.wav", "--run_dir")
    yield _case("predict --run_dir=moved", "no audio given")
    yield _case("predict --run_dir=moved --engine=litert sound.wav", "moved/model.tflite is missing")
    yield _case("predict --run_dir=moved --engine=fast sound.wav", "--engine=fast")
    yield _case("predict --run_dir=moved --format=xml sound.wav", "--format=xml")
    yield _case("predict --run_dir=moved --thresholds=2 sound.wav", "--thresholds=2")
    yield _case("predict --run_dir=moved --output=text.txt/out.csv sound.wav", "--output=text.txt/out.csv")
    yield _case("predict --run_dir=moved --output=empty sound.wav", "--output=empty: is a folder; name a file")
    yield _case("predict --run_dir=moved --activity=text.txt sound.wav", "--activity=text.txt: is a file")
    yield _case("predict --run_dir=moved --activity_formats=png sound.wav", "--activity_formats")
    yield _case("predict --run_dir=multi page.wav", "multi/thresholds.json")
    yield _case("predict --model=nosuch sound.wav", "nosuch: no such file")
    yield _case("predict --model=text.txt sound.wav", "text.txt")
    yield _case("predict --model=page.tflite sound.wav", "page.tflite")
    yield _case("predict --model=empty sound.wav", "empty")
    yield _case("predict --model=untrained/config.json sound.wav", "config.json")


def _embed() -> Iterator[Refusal]:
    out = "--output=out.npz"
    for run, named in _BAD_RUNS:
        yield _case(f"embed --run_dir={run} {out} sound.wav", named)
    yield _case(f"embed --run_dir=moved {out}", "no audio given")
    yield _case("embed --run_dir=moved sound.wav", "--output is required")
    yield _case("embed --run_dir=moved --output=out.txt sound.wav", "out.txt")
    yield _case("embed --run_dir=moved --output=empty sound.wav", "--output=empty: is a folder; name a file")
    yield _case("embed --run_dir=moved --output=text.txt/out.npz sound.wav", "text.txt/out.npz")
    yield _case(f"embed --run_dir=moved --backbone=mn04 {out} sound.wav", "--backbone")
    yield _case(f"embed --backbone=mn04 {out} sound.wav", "--weights is missing")
    yield _case(f"embed --backbone=mn99 --weights=text.txt {out} sound.wav", "--backbone=mn99")
    yield _case(f"embed --backbone=mn04 --weights=nosuch.npz {out} sound.wav", "nosuch.npz")
    yield _case(f"embed --backbone=mn04 --weights=text.txt {out} sound.wav", "text.txt")
    yield _case(f"embed --backbone=mn04 --weights=page.wav --engine=litert {out} sound.wav", "--engine=litert")


def _probe() -> Iterator[Refusal]:
    for run, named in _BAD_RUNS:
        yield _case(f"probe --run_dir={run} --data_dir=data", named)
    for data, named in _BAD_DATA:
        yield _case(f"probe --run_dir=moved --data_dir={data}", named)
    yield _case("probe --backbone=mn04 --weights=nosuch.npz --data_dir=data", "nosuch.npz")
    yield _case("probe --backbone=mn04 --weights=text.txt --data_dir=nosuch", "nosuch")
    yield _case("probe --run_dir=moved --data_dir=data --output=text.txt/out.json", "text.txt/out.json")
    yield _case("probe --run_dir=moved --data_dir=data --output=empty", "--output=empty: is a folder; name a file")


def _evaluate() -> Iterator[Refusal]:
    for run, named in _BAD_RUNS:
        yield _case(f"evaluate --run_dir={run}", named)
    for data, named in _BAD_DATA:
        yield _case(f"evaluate --run_dir=moved --data_dir={data}", named)
    yield _case("evaluate", "--run_dir is required")
    yield _case("evaluate --run_dir=moved", "gone: no such folder")
    yield _case("evaluate --run_dir=nosplit", "nosplit/split.json")
    yield _case("evaluate --run_dir=oddsplit", "oddsplit/split.json")
    yield _case("evaluate --run_dir=moved --split=vaildation", "--split=vaildation")
    yield _case("evaluate --run_dir=moved --split=test --data_dir=data", "data: holds no IRMAS test clips")
    yield _case("evaluate --run_dir=moved --data_dir=data --unique_clips", "--unique_clips")
    yield _case("evaluate --run_dir=moved --data_dir=data --threshold=0.4", "--threshold=0.4")
    yield _case("evaluate --run_dir=moved --noreport --report_clips=3", "--report_clips")
    yield _case("evaluate --scores=nosuch.csv", "--scores=nosuch.csv: no such file")
    yield _case("evaluate --scores=table.csv --labels=nosuch.csv", "--labels=nosuch.csv: no such file")
    yield _case("evaluate --scores=table.csv --output=text.txt", "--output=text.txt: is a file; name a folder")
    yield _case("evaluate --scores=table.csv", "table.csv")
    yield _case("evaluate --scores=table.csv --split=test", "--split")


def _train() -> Iterator[Refusal]:
    small = "--batch_size=8"
    for data, named in _BAD_DATA:
        yield _case(f"train --run_dir=run --data_dir={data} {small}", named)
    yield _case("train --data_dir=data", "--run_dir is required")
    yield _case("train --run_dir=run", "--data_dir is required")
    yield _case("train --run_dir=run --data_dir=data --flagfile=nosuch", "nosuch")
    yield _case("train --run_dir=run --data_dir=data --epochs=-1", "--epochs=-1")
    yield _case("train --run_dir=run --data_dir=data --learning_rate=1e-9", "--final_learning_rate")
    yield _case("train --run_dir=run --data_dir=data --branches=mfcc", "--branches=mfcc")
    yield _case("train --run_dir=run --data_dir=data --dataset=nosuch", "--dataset=nosuch")
    yield _case(f"train --run_dir=run --data_dir=data {small} --pretrained_weights=nosuch.npz", "--pretrained_weights")
    backbone = "--branches=mn04 --sample_rate_hz=32000 --batch_size=8"
    yield _case(f"train --run_dir=run --data_dir=data {backbone} --pretrained_weights=nosuch.npz", "nosuch.npz")
    yield _case(f"train --run_dir=run --data_dir=data {backbone} --pretrained_weights=text.txt", "text.txt")
    yield _case("train --run_dir=run --data_dir=data --batch_size=4096", "--batch_size=4096")
    yield _case(f"train --run_dir=text.txt --data_dir=data {small}", "--run_dir=text.txt")
    yield _case(f"train --run_dir=text.txt/run --data_dir=data {small}", "--run_dir=text.txt/run")
    yield _case(f"train --run_dir=unfinished --data_dir=data {small}", "--run_dir=unfinished")
    yield _case(f"train --run_dir=damaged --data_dir=data {small}", "damaged/config.json")
    yield _case(f"train --run_dir=run --dataset=manifest --data_dir=several.csv {small}", "use --task=multi_label")
    for source, named in (("nosuch", "no such run"), ("text.txt", "Keras model"), ("untrained", "model.keras")):
        yield _case(f"train --run_dir=run --data_dir=data {small} --init_from={source}", named)
    yield _case("train --run_dir=run --data_dir=data --init_from=a --pretrained_weights=b.npz", "one of the two")
    yield _case(f"train --run_dir=run --data_dir=data {small} --extra_data_dir=nosuch", "--extra_data_dir")
    yield _case(f"train --run_dir=run --data_dir=data {small} --extra_data_dir=data", "--data_dir itself")
    yield _case(f"train --run_dir=run --data_dir=data {small} --extra_share=0.3", "without --extra_data_dir")
    yield _case(f"train --run_dir=run --data_dir=data {small} --backing_probability=0.3", "--backing_dir")
    yield _case(f"train --run_dir=run --data_dir=data {small} --head_from_pretrained", "--head_from_pretrained")


def _exports() -> Iterator[Refusal]:
    for command, out in (("export-tflite", "m.tflite"), ("export-onnx", "m.onnx"), ("export-saved-model", "models")):
        for run, named in (*_BAD_RUNS, ("unfinished", "--run_dir=unfinished: the training is not finished")):
            yield _case(f"{command} --run_dir={run} --out={out}", named)
        yield _case(f"{command} --run_dir=moved", "--out is required")
        yield _case(f"{command} --run_dir=moved --out=text.txt/{out}", f"--out=text.txt/{out}")
        yield _case(f"{command} --run_dir=multi --out={out}", "multi/thresholds.json")
    yield _case("export-tflite --run_dir=moved --out=m.onnx", "--out=m.onnx")
    yield _case("export-tflite --run_dir=moved --out=page.tflite", "--out=page.tflite: is already there")
    yield _case("export-tflite --run_dir=moved --out=m.tflite --quantization=int4", "--quantization=int4")
    yield _case("export-tflite --run_dir=moved --out=m.tflite --quantization=int8", "gone: no such folder")
    yield _case("export-tflite --run_dir=nosplit --out=m.tflite --quantization=int8", "nosplit/split.json")
    yield _case("export-onnx --run_dir=moved --out=m.tflite", "--out=m.tflite")
    yield _case("export-saved-model --run_dir=moved --out=models --name=a/b", "--name=a/b")


def _check_export() -> Iterator[Refusal]:
    yield _case("check-export", "no artefact given")
    yield _case("check-export page.tflite", "--run_dir is required")
    yield _case("check-export nosuch.tflite --run_dir=moved", "nosuch.tflite")
    yield _case("check-export page.tflite --run_dir=moved", "page.tflite")
    yield _case("check-export text.txt --run_dir=moved", "text.txt")
    yield _case("check-export moved --run_dir=moved", "moved: is a run")
    yield _case("check-export page.tflite --run_dir=nosuch", "--run_dir=nosuch: no such folder")
    yield _case("check-export page.tflite --runtimes=nosuch", "nosuch")
    yield _case("check-export page.tflite --facts", "page.tflite")


def _page() -> Iterator[Refusal]:
    yield _case("export-page", "--out is required")
    yield _case("export-page --model=page.tflite --out=new", "page.tflite: is not a .tflite file exported by irmas_tf")
    yield _case("export-page --model=nosuch.tflite --out=new", "nosuch.tflite")
    yield _case("export-page --model=page.tflite --out=text.txt", "--out=text.txt: is a file")
    yield _case("export-page --model=page.tflite --out=moved", "--out=moved: holds other files")
    yield _case("serve-page", "name the folder")
    yield _case("serve-page moved", "moved: holds no exported page")


def _data() -> Iterator[Refusal]:
    for data, named in _BAD_DATA[:2]:
        yield _case(f"check --data_dir={data}", named)
    yield _case("check", "--data_dir is required")
    yield _case("check --data_dir=data --format=xml", "--format=xml")
    yield _case("download", "--out is required")
    yield _case("download --out=data --parts=train4", "--parts=train4")
    yield _case("check --data_dir=data --write_manifest=empty", "--write_manifest=empty: is a folder; name a file")
    yield _case("download --out=text.txt", "--out=text.txt: is a file; name a folder")
    yield _case("soundfont", "--out is required")
    yield _case("soundfont --out=text.txt", "--out=text.txt: is a file; name a folder")
    yield _case("soundfont --out=new --excerpts=11 --soundfont=nosuch.sf2", "nosuch.sf2")
    yield _case("soundfont --out=new --excerpts=11 --soundfont=text.txt", "text.txt")
    yield _case("soundfont --out=new --excerpts=11 --songs_per_class=2", "--excerpts")


def _others() -> Iterator[Refusal]:
    yield _case("convert", "--backbone is required")
    yield _case("convert --backbone=mn99 --weights=text.txt --out=w.npz", "mn99")
    yield _case("convert --backbone=mn04 --weights=nosuch.pt --out=w.npz", "nosuch.pt")
    yield _case("convert --backbone=mn04 --weights=text.txt --out=w.npz", "text.txt")
    yield _case("convert --backbone=mn04 --weights=text.txt --out=w.pt", "w.pt")
    yield _case("convert --backbone=mn04 --weights=text.txt --out=empty", "--out=empty: is a folder; name a file")
    yield _case("convert --backbone=mn04 --weights=text.txt", "--out is missing")
    yield _case("convert --backbone=mn04 --weights=text.txt --out=text.txt/w.npz", "text.txt")
    yield _case("convert --backbone=yamnet --weights=text.txt --out=w.npz --labels=nosuch.csv", "nosuch.csv")
    yield _case("configs nosuch", "nosuch")
    yield _case("streaming", "FILE")
    yield _case("streaming page.tflite page.wav --colour=1", "colour")
    yield _case("streaming nosuch.tflite page.wav", "nosuch.tflite")
    yield _case("streaming page.tflite page.wav", "page.tflite")
    yield _case("serving-kit --out=text.txt", "text.txt")
    yield _case("client sound.wav", "--url is required")
    yield _case("client --url=localhost sound.wav", "--url=localhost")
    yield _case("client --url=http://localhost:1 --signature=nosuch.json sound.wav", "nosuch.json")
    yield _case("client --url=http://localhost:1 --labels=gong sound.wav", "--labels=gong")
    yield _case("client --url=http://localhost:1 --output=text.txt/a.csv sound.wav", "--output=text.txt/a.csv")
    yield _case("demo --out=text.txt", "text.txt")
    yield _case("demo --out=new --flagfile=nosuch", "nosuch")
    yield _case("demo --out=new --test_clips=0", "--test_clips")
    yield _case("demo --out=new -- --colour=1", "colour")


class HeavyImport(BaseException):
    """TensorFlow or the like was about to be loaded."""


class _Guard:
    """Finds the heavy packages, as if they were installed, and refuses to load them."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(name, _Guard()) if name.partition(".")[0] in HEAVY else None  # type: ignore[arg-type]

    @staticmethod
    def create_module(spec: ModuleSpec) -> None:
        return None

    @staticmethod
    def exec_module(module: object) -> None:
        raise HeavyImport(getattr(module, "__name__", ""))


def answer_all(cases: Sequence[Sequence[str]]) -> list[tuple[int | None, str]]:
    """Return (exit status, stderr) of command lines, run in this process; None where it was to load TensorFlow."""
    from irmas_tf.__main__ import cli

    sys.meta_path.insert(0, _Guard)  # type: ignore[arg-type]
    answers: list[tuple[int | None, str]] = []
    for arguments in cases:
        err = io.StringIO()
        with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
            try:
                status: int | None = cli(list(arguments))
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 1
            except HeavyImport as heavy:
                status = None
                err.write(f"loads {heavy}")
        answers.append((status, err.getvalue()))
    return answers


if __name__ == "__main__":
    print(json.dumps(answer_all(json.load(sys.stdin))))
