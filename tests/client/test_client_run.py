"""What is checked before anything is sent; tests/client/test_command.py covers the answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from irmas_tf.client.client_run import client_run
from irmas_tf.client.model_address import ModelAddress
from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.exported_labels import ExportedLabels, LabelsError
from irmas_tf.process.retry import Retry

IRMAS = ExportedLabels.from_words(("irmas",))


def test_an_output_that_cannot_be_written_is_refused_before_the_server_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        client_run(ModelAddress("http://127.0.0.1:9", "irmas"), ["x.wav"], IRMAS, output=str(tmp_path))


def test_the_number_of_classes_is_compared_before_any_file_is_sent(fake_serving: Any, tmp_path: Path) -> None:
    labels = ExportedLabels.from_words(("a", "b"))
    with pytest.raises(LabelsError, match=r"answers with 11 classes, --labels=a,b names 2"):
        client_run(ModelAddress(fake_serving.http, "irmas"), [str(tmp_path)], labels, retry=Retry(0))
    assert fake_serving.core.requests == []
