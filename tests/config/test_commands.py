from __future__ import annotations

import sys

import pytest

from irmas_tf.config.commands import COMMANDS, GROUPS, called_as, umbrella


@pytest.mark.parametrize(
    "program, module, name",
    [
        ("/home/me/.venv/bin/irmas", "irmas_tf.predict", "irmas predict"),
        ("/home/me/.venv/bin/irmas", "irmas_tf.client.command", "irmas client"),
        ("/home/me/.venv/bin/irmas-predict", "irmas_tf.predict", "irmas-predict"),
        ("C:\\venv\\Scripts\\irmas-predict.exe".replace("\\", "/"), "irmas_tf.predict", "irmas-predict"),
        ("/home/me/.venv/bin/irmas-export-tflite", "irmas_tf.export_tflite", "irmas-export-tflite"),
        ("/src/irmas_tf/predict.py", "irmas_tf.predict", "python -m irmas_tf.predict"),
        ("/src/irmas_tf/beam/classify.py", "irmas_tf.beam.classify", "python -m irmas_tf.beam.classify"),
        ("/src/irmas_tf/client/__main__.py", "irmas_tf.client.command", "python -m irmas_tf.client"),
        ("/src/irmas_tf/__main__.py", "irmas_tf.predict", "python -m irmas_tf predict"),
        ("/src/irmas_tf/__main__.py", "irmas_tf.client.command", "python -m irmas_tf client"),
        ("/src/pytest/__main__.py", "irmas_tf.predict", "irmas predict"),
        ("-c", "irmas_tf.predict", "irmas predict"),
        ("", "irmas_tf.predict", "irmas predict"),
        ("/home/me/program.py", "program", "program"),
    ],
)
def test_a_command_is_named_as_it_was_called(monkeypatch, program, module, name):
    monkeypatch.setattr(sys, "argv", [program])
    assert called_as(module) == name


def test_so_are_all_of_them(monkeypatch):
    for program, name in (("/bin/irmas", "irmas"), ("/src/irmas_tf/__main__.py", "python -m irmas_tf"), ("", "irmas")):
        monkeypatch.setattr(sys, "argv", [program])
        assert umbrella() == name


def test_names_are_typed_easily_and_summaries_are_sentences():
    assert len(COMMANDS) == sum(map(len, GROUPS.values())), "a name is used twice"
    for entry in COMMANDS.values():
        assert entry.name.replace("-", "").isalpha() and entry.name.islower()
        assert entry.summary[0].isupper() and entry.summary.endswith(".") and len(entry.summary) < 80
