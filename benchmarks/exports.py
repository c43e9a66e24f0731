"""The acceptance table: what every export of every model differs from the model by, how large it is, how long it takes.

Arguments are run folders; with ``--untrained``, names of configs/*.flags. Those models have random weights and batch
statistics of random sounds, or published weights (``--pretrained_weights``), and a last layer scaled so that answers
are far from 0 and 1 (saturated ones hide differences). Every artefact goes through the check of the export commands; a
cell says which checks failed. Differences are the greatest of all signals, lengths and files of that check; those of
logits are in parts of the largest logit. Latencies are medians for one window, of a session with all cores, and of
ai-edge-litert in one thread.

YAMNet and mn04 need their published weights, or a trained run, for this: with random ones some checks fail.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402

from irmas_tf.config.flags import ALL, Command, parse_flags  # noqa: E402
from irmas_tf.deploy.acceptance import Report, median_milliseconds  # noqa: E402
from irmas_tf.deploy.check_signals import check_signals  # noqa: E402
from irmas_tf.deploy.export_inputs import LoadedRun, load_run  # noqa: E402
from irmas_tf.deploy.lite_interpreter import LiteInterpreter  # noqa: E402
from irmas_tf.deploy.saved_model import write_saved_model  # noqa: E402
from irmas_tf.deploy.saved_model_check import check_saved_model  # noqa: E402
from irmas_tf.deploy.session_model import SessionModel  # noqa: E402
from irmas_tf.deploy.tflite import convert  # noqa: E402
from irmas_tf.deploy.tflite_check import check_tflite  # noqa: E402
from irmas_tf.inference.samples import window_values  # noqa: E402
from irmas_tf.models.factory import build_model  # noqa: E402
from irmas_tf.process.exit_codes import is_expected, one_line  # noqa: E402
from irmas_tf.runs.run_dir import RunDir  # noqa: E402
from irmas_tf.tflite.metadata import embed  # noqa: E402
from irmas_tf.training.fine_tuning import load_pretrained_weights  # noqa: E402

DEFAULT = ("three_branch", "nine_branch", "morlet", "morlet_stft")
COLUMNS = (
    "model",
    "parameters",
    "window",
    "SavedModel: probabilities",
    "logits",
    "size",
    "latency",
    "TFLite float32: probabilities",
    "size",
    "latency",
)


def untrained_run(name: str, folder: Path, weights: str = "") -> RunDir:
    """Return a run folder with a model of random weights, or with a network of the ``weights`` file in it."""
    flags = [
        f"--flagfile={ROOT / 'configs' / f'{name}.flags'}",
        *([f"--pretrained_weights={weights}"] if weights else []),
    ]
    config = parse_flags(Command("exports", "", config_fields=ALL), flags).config()
    run = RunDir.create(folder / name, config)
    keras.utils.set_random_seed(0)
    model = build_model(config)
    signals = np.stack(list(check_signals(config.audio.sample_rate_hz, config.audio.window_samples, {}).values()))
    if weights:
        load_pretrained_weights(model, config)
    else:
        take_statistics(model, random_sounds(config.audio.sample_rate_hz, config.audio.window_samples, 32))
    logits = np.asarray(model(signals, training=False))
    last = model.get_layer("logits")
    kernel, bias = last.get_weights()
    scale = 1.0 / max(float(logits.std()), 1e-6)
    last.set_weights([kernel * scale, (bias - logits.mean(axis=0)) * scale])
    model.save(run.model_path)
    return run


def random_sounds(rate_hz: int, samples: int, count: int) -> np.ndarray:
    """Return tones of random pitch and level in noise of random level, [count, samples] float32."""
    rng = np.random.default_rng(0)
    time = np.arange(samples) / rate_hz
    tones = np.sin(2 * np.pi * time * 10.0 ** rng.uniform(1.7, np.log10(0.45 * rate_hz), [count, 1]))
    levels = 10.0 ** rng.uniform(-3, -0.7, [2, count, 1])
    return (levels[0] * tones + levels[1] * rng.normal(size=[count, samples])).astype(np.float32)


def take_statistics(model: keras.Model, signals: np.ndarray) -> None:
    """Give the batch normalisations the statistics of signals; in a deep network they would fade or explode without."""
    layers = [one for one in model._flatten_layers() if isinstance(one, keras.layers.BatchNormalization)]
    momenta = [one.momentum for one in layers]
    for one in layers:
        one.momentum = 0.0
    model(signals, training=True)
    for one, momentum in zip(layers, momenta, strict=True):
        one.momentum = momentum


@contextlib.contextmanager
def runs(arguments: argparse.Namespace) -> Iterator[list[tuple[str, str]]]:
    """Yield [(name, run folder)]; for untrained models the folder is made when its turn comes."""
    if arguments.runs and not arguments.untrained:
        yield [(Path(run).name, run) for run in arguments.runs]
        return
    with tempfile.TemporaryDirectory() as folder:
        yield [(name, str(Path(folder) / name)) for name in arguments.runs or DEFAULT]


def verdict(report: Report, figure: str) -> str:
    """Return a figure, or which checks failed."""
    failed = [f"{check.name} ({check.found})" for check in report.checks if not check.passed]
    return f"FAILED: {', '.join(failed)}" if failed else figure


def saved_model_cells(loaded: LoadedRun, folder: Path) -> list[str]:
    write_saved_model(loaded.model, loaded.config, loaded.facts, folder)
    report = check_saved_model(folder, loaded.facts, loaded.live, loaded.music)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    window = np.zeros([1, loaded.config.audio.window_samples], np.float32)
    with contextlib.closing(SessionModel(folder)) as model:
        latency = median_milliseconds(lambda: model("serving_default", window))
    largest = max(
        1.0,
        *(
            float(np.abs(window_values(loaded.live, sound, ["logits"]).mean("logits")).max())
            for sound in loaded.music.values()
        ),
    )
    return [
        verdict(report, f"{report.differences.get('probabilities', np.nan):.0e}"),
        f"{report.differences.get('logits', np.nan) / largest:.0e}",
        f"{size / 1e6:.1f} MB",
        f"{latency:.1f} ms",
    ]


def tflite_cells(loaded: LoadedRun, path: Path) -> list[str]:
    content = embed(convert(loaded.model, loaded.config), {**loaded.facts, "quantization": "none"})
    path.write_bytes(content)
    report = check_tflite(path, loaded.facts, loaded.live, loaded.music)
    model = LiteInterpreter(content)
    window = np.zeros([1, loaded.config.audio.window_samples], np.float32)
    return [
        verdict(report, f"{report.differences.get('probabilities', np.nan):.0e}"),
        f"{len(content) / 1e6:.1f} MB",
        f"{median_milliseconds(lambda: model.probabilities(window)):.1f} ms",
    ]


def cells(name: str, run_dir: str, untrained: bool, weights: str) -> list[str]:
    """Return a row of the table."""
    if untrained:
        untrained_run(name, Path(run_dir).parent, weights)
    loaded = load_run(run_dir)
    parameters = sum(int(np.prod(weight.shape)) for weight in loaded.model.trainable_variables)
    row = [name, f"{parameters / 1e6:.2f} M", f"{loaded.config.audio.window_seconds:g} s"]
    parts: list[tuple[Any, int]] = [(saved_model_cells, 4), (tflite_cells, 3)]
    with tempfile.TemporaryDirectory() as folder:
        for make, columns in parts:
            try:
                row += make(loaded, Path(folder) / f"{make.__name__}.tflite")
            except (ValueError, OSError) as error:
                if not is_expected(error):
                    raise
                row += [f"FAILED: {one_line(error)}", *["-"] * (columns - 1)]
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", help=f"run folders, or names of configurations ({' '.join(DEFAULT)})")
    parser.add_argument("--untrained", action="store_true", help="arguments are names of configurations; the default")
    parser.add_argument(
        "--pretrained_weights",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="with --untrained: the published weights of a configuration's network (irmas_tf.convert)",
    )
    arguments = parser.parse_args()
    weights = dict(text.split("=", 1) for text in arguments.pretrained_weights)
    failed = False
    with runs(arguments) as named:
        untrained = arguments.untrained or not arguments.runs
        print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
        for name, run_dir in named:
            try:
                row = cells(name, run_dir, untrained, weights.get(name, ""))
            except (ValueError, OSError) as error:
                if not is_expected(error):
                    raise
                row = [name, f"FAILED: {one_line(error)}", *["-"] * (len(COLUMNS) - 2)]
            failed |= any(cell.startswith("FAILED") for cell in row)
            print(f"| {' | '.join(row)} |", flush=True)
            keras.backend.clear_session()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
