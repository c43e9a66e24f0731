"""Models that a person gives to the exported page: what cannot answer is refused in words, and nothing is lost."""

from __future__ import annotations

import hashlib
import shutil

import pytest

from irmas_tf.browser.page_export import write_page
from irmas_tf.browser.page_server import PageServer
from tests.helpers.browser import chromium
from tests.helpers.lite_run import lite_content
from tests.helpers.litert_package import model_with_facts, published_package
from tests.helpers.page_site import OpenPage, write_tones

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Return a folder: `good.tflite`, a page with it, a sound, and what is no model of the page's kind."""
    folder = tmp_path_factory.mktemp("models")
    content = lite_content()
    checksum = hashlib.sha256(content).hexdigest()
    good = model_with_facts(folder / "good.tflite", content, content_sha256=checksum)
    write_page(good, published_package(), folder / "page")
    write_tones(folder / "song.wav", [(440, 2)])
    whole, middle = good.read_bytes(), len(content) // 2
    (folder / "end missing.tflite").write_bytes(whole[:-300])
    (folder / "middle missing.tflite").write_bytes(whole[:middle] + whole[middle + 1000 :])
    weight = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    model_with_facts(folder / "other weight.tflite", weight, content_sha256=checksum)
    (folder / "foreign.tflite").write_bytes(content)
    (folder / "page.tflite").write_bytes(b"<!doctype html>")
    model_with_facts(folder / "other classes.tflite", content, labels=["a", "b"], label_names=["a", "b"])
    model_with_facts(folder / "other window.tflite", content, window_samples=4000)
    return folder


@pytest.fixture(scope="module")
def driver():
    with chromium() as started:
        yield started


def give(page, model):
    page.driver.find_element("id", "model-file").send_keys(str(model))


def test_what_cannot_answer_is_refused_in_words_and_nothing_is_lost(driver, models, tmp_path):
    words = {
        "end missing": "another program has made it, or its end is missing",
        "middle missing": "is damaged (1000 bytes are missing); copy or export it again",
        "other weight": "is damaged, or was changed after its export",
        "foreign": "another program has made it",
        "page": "is not a .tflite file; choose one that irmas export-tflite has written",
        "other classes": "is not what it says of itself (3 classes of 2000 samples, in place of 2 of 2000)",
        "other window": "in place of 3 of 4000",
    }
    with PageServer(models / "page") as server:
        page = OpenPage(driver, server.url)
        page.answer(models / "song.wav")
        (answer,) = page.rows()
        for name, wanted in words.items():
            give(page, models / f"{name}.tflite")
            page.wait(lambda name=name: f"{name}.tflite" in page.text("alerts"), f"refusal of {name}")
            assert wanted in page.text("alerts") and "The model in use stays." in page.text("alerts")
            assert page.rows() == [answer]
            page.driver.find_element("css selector", "#alerts button").click()
        shutil.copy(models / "song.wav", tmp_path / "again.wav")
        page.answer(models / "song.wav", tmp_path / "again.wav")
        assert page.rows()[-1] == answer.replace("song.wav", "again.wav")
        assert page.faults() == []


def test_a_page_whose_own_model_is_damaged_says_so_and_takes_another(driver, models, tmp_path):
    shutil.copytree(models / "page", tmp_path / "page")
    shutil.copy(models / "middle missing.tflite", tmp_path / "page" / "model" / "good.tflite")
    with PageServer(tmp_path / "page") as server:
        page = OpenPage(driver, server.url, ready="cannot be used")
        assert "good.tflite is damaged" in page.text("alerts").lower()
        # What lies beside the page is dropped even where nothing else works; it waits.
        shutil.copy(models / "song.wav", tmp_path / "page" / "song.wav")
        page.drop("song.wav")
        page.wait(lambda: page.rows() and page.rows()[0].endswith("waits"), "file that waits")
        give(page, models / "good.tflite")
        page.wait(lambda: page.rows()[0].startswith("song.wav\n0:02 · cello"), "answer")
