from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("apache_beam", reason="apache-beam is in the extra `beam`")

from irmas_tf.audio.wav_upload import float_wav
from irmas_tf.beam.exported_model import ExportedModel, read_labels
from irmas_tf.client.server_errors import RefusedError
from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.deploy.session_model import SavedModelError
from irmas_tf.inference.exported_labels import LabelsError

pytestmark = pytest.mark.slow


def test_it_answers_though_it_lies_elsewhere(tiny_export: Path, shelf: Path) -> None:
    import tensorflow as tf

    shutil.copytree(tiny_export, shelf / "irmas" / "1")
    clips = [float_wav(np.random.default_rng(1).normal(0, 0.2, samples), 8000) for samples in (2500, 9000)]
    wanted = tf.saved_model.load(str(tiny_export)).signatures["classify_audio"](tf.constant(clips))
    model = ExportedModel("shelf://irmas/1")
    found = model.classify(clips)
    np.testing.assert_allclose(found.probabilities, wanted["probabilities"], atol=1e-6)
    np.testing.assert_allclose(found.duration_seconds, [2500 / 8000, 9000 / 8000], rtol=1e-6)
    with pytest.raises(RefusedError, match=r"^is not a RIFF WAV file; convert it to WAV$"):
        model.classify([clips[0], b"hello"])
    for folder in (str(tiny_export), "shelf://irmas/1"):
        assert read_labels(folder).scheme.codes == IRMAS_CODES and read_labels(folder).sample_rate_hz == 8000


def test_without_a_model_the_message_says_so(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="cannot be read"):
        read_labels(str(tmp_path))
    with pytest.raises(SavedModelError, match="SavedModel"):
        ExportedModel(str(tmp_path))
