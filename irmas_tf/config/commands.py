"""Every command: what it is called, its module, one line on what it does, and how the user called it.

Only the standard library is imported here: `irmas --help` reads this table, and setup.py makes the scripts from it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple


class CommandEntry(NamedTuple):
    """A command.

    Attributes:
        name: as in ``irmas NAME`` and ``irmas-NAME``.
        module: its function ``cli(argv=None) -> int`` runs the command.
        summary: one line for ``irmas --help``.
    """

    name: str
    module: str
    summary: str


GROUPS: dict[str, tuple[CommandEntry, ...]] = {
    "Answers for audio": (
        CommandEntry("predict", "irmas_tf.predict", "Name the instruments in audio files with a trained model."),
        CommandEntry("models", "irmas_tf.model_list", "List the models that answer by name."),
        CommandEntry("embed", "irmas_tf.embed", "Write an embedding of each audio file."),
        CommandEntry("mirex", "irmas_tf.mirex", "Score clips in the form of MIREX's instrument recognition."),
        CommandEntry("client", "irmas_tf.client.command", "Name the instruments with a model on TensorFlow Serving."),
        CommandEntry("beam", "irmas_tf.beam.classify", "Classify a catalogue on many machines with Apache Beam."),
        CommandEntry("streaming", "irmas_tf.streaming", "Follow a sound as it is read, with a .tflite file."),
    ),
    "Training and evaluation": (
        CommandEntry("demo", "irmas_tf.demo", "See the whole job in a few minutes, on audio that it makes itself."),
        CommandEntry("train", "irmas_tf.train", "Train a model, or continue an interrupted training."),
        CommandEntry("evaluate", "irmas_tf.evaluate", "Score a trained run, or anyone's file of scores."),
        CommandEntry(
            "upgrade-run", "irmas_tf.upgrade_run", "Let the files of an earlier version's run name each other."
        ),
        CommandEntry("probe", "irmas_tf.probe", "Cross-validate a linear classifier on embeddings."),
        CommandEntry("configs", "irmas_tf.configs", "List the shipped configurations, or print one of them."),
        CommandEntry("convert", "irmas_tf.convert", "Turn published weights into a safe weight file."),
    ),
    "Data": (
        CommandEntry("download", "irmas_tf.download", "Download, verify and unpack IRMAS, or fetch a model."),
        CommandEntry("check", "irmas_tf.check", "Report what a copy of IRMAS holds and what is wrong with it."),
        CommandEntry("soundfont", "irmas_tf.soundfont", "Compose and render an IRMAS-shaped corpus."),
    ),
    "Deployment": (
        CommandEntry("export-saved-model", "irmas_tf.export_saved_model", "Export a run for TensorFlow Serving."),
        CommandEntry("export-tflite", "irmas_tf.export_tflite", "Export a run for phones and small machines."),
        CommandEntry("export-onnx", "irmas_tf.export_onnx", "Export a run for ONNX Runtime and what else reads ONNX."),
        CommandEntry("export-page", "irmas_tf.export_page", "Write a page that names instruments in any browser."),
        CommandEntry("serve-page", "irmas_tf.serve_page", "Open such a page on this machine."),
        CommandEntry("check-export", "irmas_tf.check_export", "Compare an artefact with its run, number by number."),
        CommandEntry("serving-kit", "irmas_tf.serving_kit", "Copy the files that start TensorFlow Serving."),
    ),
}
"""The commands under the headings of ``irmas --help``."""

COMMANDS: dict[str, CommandEntry] = {entry.name: entry for group in GROUPS.values() for entry in group}
"""The commands by name."""

_NAMES = {entry.module: entry.name for entry in COMMANDS.values()}


def umbrella() -> str:
    """Return how the user calls all commands: ``irmas`` or ``python -m irmas_tf``."""
    program = Path(sys.argv[0])
    is_package = program.name == "__main__.py" and program.parent.name == "irmas_tf"
    return "python -m irmas_tf" if is_package else "irmas"


def called_as(module: str) -> str:
    """Return a command's name as the user typed it: ``irmas train``, ``irmas-train`` or ``python -m irmas_tf.train``.

    Args:
        module: of the command; one that is not in the table is its own name.
    """
    if module not in _NAMES:
        return module
    name, program = _NAMES[module], Path(sys.argv[0])
    if program.stem == f"irmas-{name}":
        return program.stem
    package, _, file = module.rpartition(".")
    if program.name == f"{file}.py":
        return f"python -m {module}"
    if package != "irmas_tf" and program.name == "__main__.py" and program.parent.name == package.rpartition(".")[2]:
        return f"python -m {package}"
    return f"{umbrella()} {name}"
