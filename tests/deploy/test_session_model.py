"""Loading as TF Serving does it, in a process that has nothing of this package, of Keras or of tensorflow-io."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.tools import saved_model_cli

from irmas_tf.deploy.session_model import SavedModelError, SessionModel, operations_of
from irmas_tf.inference.samples import window_values
from tests.helpers import fresh_process

STRANGER = """
import sys
for name in ("irmas_tf", "keras", "tf_keras", "tensorflow_io"):
    sys.modules[name] = None  # importing it is an error
import json
import numpy as np
import tensorflow.compat.v1 as tf
tf.disable_v2_behavior()
with tf.Session(graph=tf.Graph()) as session:
    meta = tf.saved_model.load(session, ["serve"], sys.argv[1])
    signature = meta.signature_def["serving_default"]
    outputs = {name: info.name for name, info in signature.outputs.items()}
    waveform = np.load(sys.argv[2])
    found = session.run(outputs, {signature.inputs["waveform"].name: waveform})
print(json.dumps({name: values.tolist() for name, values in found.items()}))
"""


@pytest.mark.slow
def test_a_process_that_knows_nothing_of_this_package_gets_the_models_answers(
    small_saved_model, small_loaded, tmp_path
):
    clip = np.random.default_rng(0).normal(0, 0.1, 5000).astype(np.float32)
    np.save(tmp_path / "clip.npy", clip[None])
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    done = fresh_process.run(["-c", STRANGER, str(small_saved_model), str(tmp_path / "clip.npy")], environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    live = window_values(small_loaded.live, clip)
    for key in ("probabilities", "logits", "embedding"):
        wanted = live.mean(key)
        np.testing.assert_allclose(found[key][0], wanted, atol=1e-5 * max(1.0, np.abs(wanted).max()))


@pytest.mark.slow
def test_saved_model_cli_shows_named_inputs_and_outputs(small_saved_model, monkeypatch, capsys):
    # The command's own main, without the seconds of a second TensorFlow.
    arguments = ["saved_model_cli", "show", "--dir", str(small_saved_model), "--tag_set", "serve", "--all"]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as end:
        saved_model_cli.main()
    assert not end.value.code
    blocks = dict(part.split("']", 1) for part in capsys.readouterr().out.split("signature_def['")[1:])
    assert (
        "inputs['waveform'] tensor_info:\n        dtype: DT_FLOAT\n        shape: (-1, -1)" in blocks["serving_default"]
    )
    assert "inputs['audio'] tensor_info:\n        dtype: DT_STRING\n        shape: (-1)" in blocks["classify_audio"]
    for name in ("probabilities", "logits", "embedding", "duration_seconds"):
        assert f"outputs['{name}']" in blocks["classify_audio"]
    for name in ("window_probabilities", "window_start_seconds", "window_end_seconds"):
        assert f"outputs['{name}']" in blocks["activity"]


@pytest.mark.slow
def test_the_operations_are_tensorflows(small_session):
    assert {"Conv2D", "RFFT", "DecodeRaw"} <= small_session.operations
    assert not [name for name in small_session.operations if "Py" in name or name.startswith("IO>")]


def test_functions_of_the_graph_are_not_operations():
    @tf.function
    def inner(x):
        return tf.sin(x)

    graph = tf.function(lambda x: tf.cos(inner(x))).get_concrete_function(tf.TensorSpec([], tf.float32)).graph
    found = operations_of(graph.as_graph_def())
    assert {"Sin", "Cos"} <= found
    assert not [name for name in found if "inner" in name]


def test_an_unknown_signature(small_session):
    with pytest.raises(KeyError):
        small_session("no_such", np.zeros([1, 1]))


@pytest.mark.slow
def test_threads_may_ask_at_the_same_time(small_session):
    clips = np.random.default_rng(0).normal(0, 0.1, [8, 1, 3000]).astype(np.float32)
    wanted = [small_session("serving_default", clip)["probabilities"] for clip in clips]
    found: dict[int, np.ndarray] = {}

    def ask(index: int) -> None:
        for _ in range(5):
            found[index] = small_session("serving_default", clips[index])["probabilities"]

    threads = [threading.Thread(target=ask, args=[index]) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index in range(8):
        np.testing.assert_allclose(found[index], wanted[index], atol=1e-6)


@pytest.mark.parametrize(
    "damage", ["empty", "no_graph", "half_a_graph", "no_graph_at_all", "no_weights", "half_weights"]
)
def test_what_cannot_be_loaded_is_named(small_saved_model, tmp_path, damage):
    folder = tmp_path / "1"
    shutil.copytree(small_saved_model, folder)
    graph, weights = folder / "saved_model.pb", folder / "variables" / "variables.data-00000-of-00001"
    if damage == "empty":
        shutil.rmtree(folder)
        folder.mkdir()
    elif damage == "no_graph":
        graph.write_bytes(b"")
    elif damage == "half_a_graph":
        graph.write_bytes(graph.read_bytes()[: graph.stat().st_size // 2])
    elif damage == "no_graph_at_all":
        graph.unlink()
    elif damage == "no_weights":
        weights.unlink()
    else:
        weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(SavedModelError, match=r"1: cannot be loaded as a SavedModel \(.+\); export it again"):
        SessionModel(folder)
