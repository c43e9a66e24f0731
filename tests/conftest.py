"""Settings and fixtures of all tests."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import hypothesis
import pytest

from tests.helpers import ROOT, cases

# Before TensorFlow is imported anywhere: the tests' figures are those of the CPU, and one worker should not take the
# cores of the others.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same commit gives the same verdict; machines are too different for deadlines.
hypothesis.settings.register_profile("irmas_tf", deadline=None, derandomize=True, max_examples=cases(30, 1000))
hypothesis.settings.load_profile("irmas_tf")

REPOSITORY = ROOT


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with slow tests first: of processes that share the files, none is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Make tracing cheaper: tests trace hundreds of small graphs and run each a few times.

    What was imported is taken out of the garbage collector's rounds. Graphs are not optimised before they run (in the
    processes that tests start they are, and in the sessions that run exported models). Tracebacks are not shortened.
    """
    gc.collect()
    gc.freeze()
    if "tensorflow" in sys.modules:
        import keras
        import tensorflow as tf

        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
        tf.debugging.disable_traceback_filtering()
        keras.config.disable_traceback_filtering()


@pytest.fixture(autouse=True, scope="session")
def _private_cache(tmp_path_factory: pytest.TempPathFactory):
    """Keep caches of the tests out of the user's own cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Return the folder with the shared data sets; skip the test where there is none."""
    path = Path(os.environ.get("IRMAS_TF_TEST_DATA", REPOSITORY.parent / "shared"))
    if not path.is_dir():
        pytest.skip(f"no shared data in {path}; set IRMAS_TF_TEST_DATA")
    return path


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a corpus of tones in the layout of IRMAS (tests/helpers/tone_corpus.py)."""
    from tests.helpers.tone_corpus import write_corpus

    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def tiny():
    """Return a function of configurations that train on that corpus in a second: (folder, **changes) -> Config."""
    from tests.helpers.tone_corpus import tiny_config

    return tiny_config


@pytest.fixture(scope="session")
def mn01_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a weight file of the smallest pretrained network; its weights are random."""
    import keras

    from irmas_tf.config.backbones import BACKBONES
    from irmas_tf.models.pretrained import published_classifier
    from irmas_tf.weights.weight_file import write_weight_file

    spec = BACKBONES.get("mn01")
    keras.utils.set_random_seed(3)
    layers = {layer.name: layer for layer in published_classifier(spec).layers}
    tensors = {e.key: getattr(layers[f"mn01_{e.layer}"], e.variable).numpy() for e in spec.weight_table()}
    source = {"file": "x.pt", "sha256": "0" * 64}
    facts = {"backbone": "mn01", "front_end": spec.front_end, "labels": {}, "source": source, "licence": "MIT"}
    return write_weight_file(tmp_path_factory.mktemp("weights") / "mn01.npz", facts, tensors)


@pytest.fixture(scope="session")
def tiny_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny SavedModel's version; its run is ``run`` in the folder three levels up."""
    from tests.helpers.tiny_export import export_tiny

    return export_tiny(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="session")
def _session_model(tiny_export: Path):
    from irmas_tf.deploy.session_model import SessionModel

    model = SessionModel(tiny_export)
    yield model
    model.close()


@pytest.fixture
def fake_serving(request: pytest.FixtureRequest):
    """Return TensorFlow Serving's APIs over that SavedModel (tests/helpers/fake_serving.py), without faults."""
    pytest.importorskip("tensorflow_serving.apis", reason="tensorflow-serving-api is in the extra `serving`")
    from tests.helpers.fake_serving import FakeServing

    server = FakeServing(request.getfixturevalue("_session_model"))
    yield server
    server.close()
