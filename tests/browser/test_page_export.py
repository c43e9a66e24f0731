from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from irmas_tf.browser.page_export import check_place, read_facts, write_page
from irmas_tf.deploy.places import ExportError
from irmas_tf.inference.window_model import ModelError
from irmas_tf.process.atomic_folders import new_folder
from tests.helpers.litert_package import model_with_facts, stand_in_package


@pytest.fixture
def package(tmp_path, monkeypatch):
    return stand_in_package(tmp_path / "made.tgz", monkeypatch)


def all_files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_holds_all_that_it_asks_for(tmp_path, package):
    model = model_with_facts(tmp_path / "my model (1).tflite")
    page = write_page(model, package, tmp_path / "page")
    files = all_files(tmp_path / "page")
    about = json.loads(files["page.json"])
    assert about["model"] == page.model == "model/my-model-1.tflite" and files[page.model] == model.read_bytes()
    assert b'<meta name="service-worker" content="service_worker.js">' in files["index.html"]
    assert set(page.sizes) == set(files)
    # Every module that is imported or started is there, by a relative address; no other host is named in a script.
    for path, content in files.items():
        if not path.endswith(".js") or path.startswith("litert/"):
            continue
        text = re.sub(r"/\*.*?\*/|^\s*//.*$", "", content.decode(), flags=re.DOTALL | re.MULTILINE)
        folder = (tmp_path / "page" / path).parent
        for address in re.findall(r"(?:from|import|import\(|URL\()\s*'(\.[^']*)'", text):
            assert (folder / address).resolve().exists(), (path, address)
        assert not re.search(r"https?://(?!www\.w3\.org/)", text), path


def test_the_service_worker_knows_every_file_by_its_checksum_and_the_version_by_all(tmp_path, package):
    first = write_page(model_with_facts(tmp_path / "a.tflite"), package, tmp_path / "first")
    files = all_files(tmp_path / "first")
    worker = files["service_worker.js"].decode()
    known = json.loads(re.search(r"const FILES = (\{.*?\});", worker, re.DOTALL)[1])
    for path, integrity in known.items():
        assert integrity == "sha256-" + base64.b64encode(hashlib.sha256(files[path]).digest()).decode()
    assert set(files) - set(known) == {"service_worker.js", "_headers"}
    assert f"const VERSION = '{first.version}';" in worker
    again = write_page(tmp_path / "a.tflite", package, tmp_path / "again")
    assert all_files(tmp_path / "again") == files and again.version == first.version
    other = write_page(model_with_facts(tmp_path / "a2.tflite", licence="Other."), package, tmp_path / "other")
    assert other.version != first.version


def test_what_is_there_is_replaced_whole_or_not_at_all(tmp_path, package):
    model = model_with_facts(tmp_path / "a.tflite")
    target = tmp_path / "page"
    with new_folder(target) as folder:
        write_page(model, package, folder)
    before = all_files(target)
    with pytest.raises(RuntimeError), new_folder(target) as folder:
        write_page(model, package, folder)
        raise RuntimeError
    assert all_files(target) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tflite", "made.tgz", "page"]
    with new_folder(check_place(str(target), True)) as folder:
        write_page(model_with_facts(tmp_path / "b.tflite"), package, folder)
    assert (target / "model" / "b.tflite").is_file() and not (target / "model" / "a.tflite").exists()


def test_places_that_hold_something_else_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("")
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "page.json").write_text("{}")
    for name, overwrite, words in (
        ("file", True, "is a file"), ("full", True, "holds other files"), ("page", False, "holds a page already"),
    ):  # fmt: skip
        with pytest.raises(ExportError, match=words):
            check_place(str(tmp_path / name), overwrite)


def test_dynamic_weights_are_warned_of_and_foreign_models_refused(tmp_path, package):
    model = model_with_facts(tmp_path / "a.tflite", quantization="dynamic")
    assert "--quantization=none or float16" in write_page(model, package, tmp_path / "page").text()
    (tmp_path / "foreign.tflite").write_bytes(b"TFL3")
    with pytest.raises(ModelError, match=r"foreign.tflite: is not a .tflite file exported by irmas_tf"):
        read_facts(tmp_path / "foreign.tflite")
