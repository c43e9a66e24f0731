"""What the light installation gives, in a process where what it does not bring cannot be imported.

One fresh process for all of it: an import hook refuses TensorFlow and the other packages of the extra ``train``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import wave

import numpy as np
import pytest

from irmas_tf.deploy.run_tflite import write_run_tflite
from tests.helpers import ROOT
from tests.helpers.stand_in_mn04 import make_stand_in
from tests.helpers.tiny_run import RATE_HZ, make_tiny_run

ABSENT = ("tensorflow", "keras", "scipy", "sklearn", "matplotlib", "h5py", "jinja2", "tensorboard", "google.protobuf")

SCRIPT = """
import contextlib, importlib.abc, io, json, os, sys
from pathlib import Path

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ABSENT or name in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

ABSENT = json.loads(sys.argv[1])
sys.meta_path.insert(0, Absent())
import numpy as np
import irmas_tf
from irmas_tf.__main__ import cli

def run(*arguments):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = cli(list(arguments))
    return status, out.getvalue(), err.getvalue()

model, run_dir, sound, folder, sha256 = sys.argv[2:]
from irmas_tf.shipped import composed, mn04
composed.COMPOSED.path = Path(model)  # a stand-in for the package's own
mn04.MN04.__init__(Path(folder, "template.zip"), Path(folder, "correction.npz"), sha256)
seen = {
    "predict": run("predict", f"--model={model}", "--format=json", f"--activity={folder}/activity",
                   "--activity_formats=csv,json,audacity", sound),
    "run": run("predict", f"--run_dir={run_dir}", "--format=csv", sound),
    "embed": run("embed", f"--model={model}", f"--output={folder}/e.csv", sound),
    "streaming": run("streaming", model, sound),
    "png": run("predict", f"--model={model}", f"--activity={folder}/png", "--activity_formats=png", sound),
    "tensorflow": run("predict", f"--run_dir={run_dir}", "--engine=tensorflow", sound),
    "default": run("predict", "--format=json", sound),
    "mn04": run("predict", "--model=mn04", "--format=json", sound),
    "audioset": run("predict", "--model=mn04:audioset:Drum,Violin", "--format=json", sound),
    "mn04 as a stream": run("streaming", "mn04", sound),
    "models": run("models", "--format=json"),
    "train": run("train", "--data_dir=d", "--run_dir=r"),
    "client": run("client", "--url=http://127.0.0.1:9", "--labels=irmas", "--retries=0", sound),
}
classifier = irmas_tf.load()
answer = classifier.classify(np.zeros(4000, np.float32), 8000)
seen["face"] = [classifier.model.engine, len(answer.probabilities), len(classifier.activity(sound).starts)]
try:
    irmas_tf.build_model
except ImportError as error:
    seen["attribute"] = str(error)
seen["activity"] = sorted(path.suffix for path in Path(folder, "activity").iterdir())
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("light")
    run = make_tiny_run(folder / "run")
    assert "the same model for LiteRT" in write_run_tflite(run)
    sound = folder / "a.wav"
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes((8000 * np.sin(np.arange(6000) / 3)).astype("<i2").tobytes())
    sha256 = make_stand_in(folder, folder / "cache").sha256
    arguments = [json.dumps(ABSENT), str(run.tflite_path), str(run.path), str(sound), str(folder), sha256]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True, text=True, cwd=folder, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "IRMAS_TF_CACHE": str(folder / "cache")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_tflite_file_answers_over_time_and_as_a_stream(seen):
    status, out, err = seen["predict"]
    assert (status, err) == (0, "") and json.loads(out)["engine"] == "litert"
    assert seen["activity"] == [".csv", ".json", ".txt"]
    status, out, _ = seen["streaming"]
    assert status == 0 and "(all)" in out
    assert seen["face"] == ["litert", 11, 5]


@pytest.mark.slow
def test_models_answer_by_name_and_mn04_is_made_without_tensorflow(seen):
    status, out, err = seen["default"]
    assert (status, err) == (0, "") and json.loads(out)["model"] == "composed"
    for name, classes in (("mn04", 11), ("audioset", 2)):
        status, out, err = seen[name]
        assert (status, err) == (0, ""), name
        answer = json.loads(out)
        assert answer["engine"] == "litert" and len(answer["probabilities"]) == classes
    status, out, _ = seen["mn04 as a stream"]
    assert status == 0 and "(all)" in out
    status, out, err = seen["models"]
    assert (status, err) == (0, "") and [json.loads(line)["is_present"] for line in out.splitlines()] == 3 * [True]


@pytest.mark.slow
def test_so_does_a_run_with_its_own_file(seen):
    status, out, err = seen["run"]
    assert (status, err) == (0, "") and out.startswith("file,duration_seconds,labels,")


@pytest.mark.slow
def test_it_embeds_where_the_file_has_an_embedding(seen):
    status, out, err = seen["embed"]
    assert (status, err) == (0, "") and "1 embedding of 16 numbers" in out


@pytest.mark.slow
def test_what_is_missing_is_one_line(seen):
    wanted = {
        "png": "--activity_formats=png needs Matplotlib: pip install matplotlib",
        "train": 'training needs TensorFlow: pip install "irmas_tf[train]"',
    }
    for name, message in wanted.items():
        assert seen[name] == [2, "", f"error: {message}\n"], name
    status, _, err = seen["tensorflow"]
    assert status == 2 and err.endswith('model.keras needs TensorFlow: pip install "irmas_tf[train]"\n')
    assert err.count("\n") == 1
    assert seen["attribute"] == 'irmas_tf.build_model needs TensorFlow: pip install "irmas_tf[train]"'


@pytest.mark.slow
def test_the_client_needs_none_of_it(seen):
    status, _, err = seen["client"]
    assert status != 0 and "127.0.0.1:9" in err and "pip install" not in err
