"""What Keras would do is told before it is imported, and what it does once it is."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import types

import pytest
from keras.src.backend import config as keras_config

from irmas_tf.process.keras_backend import KerasBackendError, check_keras_backend, keras_json


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return a home folder in which Keras has no settings; Keras is not loaded, as far as the check can see."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def write(folder, **settings):
    folder.mkdir(exist_ok=True)
    (folder / "keras.json").write_text(json.dumps(settings))


def test_without_settings_all_is_well(home):
    check_keras_backend()
    write(home / ".keras", floatx="float32", epsilon=1e-7, backend="tensorflow", image_data_format="channels_last")
    check_keras_backend()


def test_another_backend_in_the_environment_is_named(home, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(KerasBackendError, match=r"^KERAS_BACKEND=jax: irmas_tf runs on TensorFlow; unset"):
        check_keras_backend()


@pytest.mark.parametrize(
    "name, value", [("backend", "torch"), ("image_data_format", "channels_first"), ("floatx", "float16")]
)
def test_another_setting_in_the_file_is_named(home, monkeypatch, name, value):
    write(home / ".keras", **{name: value})
    with pytest.raises(KerasBackendError) as caught:
        check_keras_backend()
    assert str(caught.value).startswith(f'{home}/.keras/keras.json: "{name}" is "{value}"')
    monkeypatch.setenv("KERAS_HOME", str(home / "elsewhere"))
    check_keras_backend()
    write(home / "elsewhere", **{name: value})
    with pytest.raises(KerasBackendError, match="elsewhere"):
        check_keras_backend()


def test_the_variable_has_the_last_word_on_the_backend_only(home, monkeypatch):
    write(home / ".keras", backend="jax")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    check_keras_backend()
    write(home / ".keras", backend="jax", image_data_format="channels_first")
    with pytest.raises(KerasBackendError, match="channels_first"):
        check_keras_backend()


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "{}"])
def test_a_file_that_keras_ignores_is_ignored(home, text):
    (home / ".keras").mkdir()
    (home / ".keras" / "keras.json").write_text(text)
    check_keras_backend()


def test_a_keras_that_is_loaded_is_asked_itself(home, monkeypatch):
    settings = {"backend": "tensorflow", "image_data_format": "channels_first", "floatx": "float32"}
    config = types.SimpleNamespace(**{name: lambda name=name: settings[name] for name in settings})
    monkeypatch.setitem(sys.modules, "keras", types.SimpleNamespace(config=config))
    with pytest.raises(KerasBackendError, match=r'keras.config.set_image_data_format\("channels_last"\)'):
        check_keras_backend()
    settings |= {"image_data_format": "channels_last", "backend": "jax"}
    with pytest.raises(KerasBackendError, match="before Keras is imported"):
        check_keras_backend()
    settings["backend"] = "tensorflow"
    check_keras_backend()


def test_keras_itself_looks_where_the_check_looks(home):
    write(home / ".keras", backend="tensorflow", image_data_format="channels_first")
    # Keras reads the file when this module is imported; a start of Python that does it takes seconds.
    afresh = runpy.run_path(keras_config.__file__)
    assert afresh["image_data_format"]() == "channels_first"
    assert keras_json() == home / ".keras" / "keras.json"


@pytest.mark.parametrize("code", ["import irmas_tf.layers.morlet", "quiet_tensorflow.import_tensorflow()"])
def test_it_is_told_before_anything_heavy_is_loaded(home, code):
    program = f"""
import sys
from irmas_tf.process import quiet_tensorflow
try:
    {code}
except ValueError as error:
    print(error, *(m for m in ("tensorflow", "keras") if m in sys.modules), sep="\\n")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120,
        env={**os.environ, "KERAS_BACKEND": "torch"},
    )  # fmt: skip
    (line,) = done.stdout.splitlines()
    assert line.startswith("KERAS_BACKEND=torch: ")
