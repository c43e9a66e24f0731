"""A hand-made .tflite file that irmas_tf could have exported."""

from __future__ import annotations

import pytest

from irmas_tf.runtimes.runtime import ModelFile
from irmas_tf.tflite.metadata import embed
from tests.helpers import lite_run


@pytest.fixture(scope="session")
def lite_file(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    """Return the file, and what a runtime must know of it."""
    from irmas_tf.runtimes.comparison import output_of

    path = tmp_path_factory.mktemp("lite") / "x.tflite"
    path.write_bytes(embed(lite_run.lite_content(), lite_run.lite_facts(quantization="none")))
    return ModelFile(path, lite_run.CODES, lite_run.RATE_HZ, *output_of(path))
