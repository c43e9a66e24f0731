"""The exported page in Firefox: the answer of ``irmas predict``, its files, and the same without a server."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from irmas_tf.browser.page_export import write_page
from irmas_tf.browser.page_server import PageServer
from irmas_tf.inference.open_models import load_model
from irmas_tf.inference.prediction import predict_files
from tests.helpers.firefox import FirefoxPage, firefox
from tests.helpers.lite_run import CODES, lite_content
from tests.helpers.litert_package import model_with_facts, published_package
from tests.helpers.page_site import write_tones

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Return (Firefox, the folder to which it saves)."""
    downloads = tmp_path_factory.mktemp("saved")
    with firefox(downloads) as started:
        yield started, downloads


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return (the model, the page with it, a sound beside the page)."""
    folder = tmp_path_factory.mktemp("exported")
    levels = dict.fromkeys(CODES, 0.3)
    model = model_with_facts(folder / "lite.tflite", lite_content(), kind="multi_label", thresholds=levels)
    write_page(model, published_package(), folder / "page")
    return model, folder / "page", write_tones(folder / "page" / "song.wav", [(440, 1), (0, 0.5), (880, 1.3)], 44100)


def saved(page, downloads, format, name):
    page.run("document.querySelector(`[data-format=${arguments[0]}]`).click()", format)
    page.wait(lambda: (downloads / name).is_file() and (downloads / name).stat().st_size, name)
    return (downloads / name).read_text(encoding="utf-8")


def test_a_file_that_is_chosen_or_dropped_gets_the_answer_of_predict(browser, site):
    driver, downloads = browser
    model, folder, song = site
    loaded = load_model(model)
    (expected,) = predict_files(loaded, [str(song)], levels=loaded.thresholds, with_activity=True)
    with PageServer(folder) as server:
        page = FirefoxPage(driver, server.url)
        page.answer(song)
        assert page.drop("song.wav") == [True, True]
        page.wait(lambda: len(page.rows()) == 2 and page.rows()[0] == page.rows()[1], "the same answer again")
        told = json.loads(saved(page, downloads, "json", "song.activity.json"))
        rows = list(csv.reader(saved(page, downloads, "csv", "song.activity.csv").splitlines()))
        labels = saved(page, downloads, "audacity", "song.labels.txt")
        assert page.faults() == []
    probabilities = np.array([told["probabilities"][code] for code in CODES]).T
    assert np.abs(probabilities - expected.activity.probabilities).max() < 1e-3
    assert tuple(told["labels"]) == expected.labels and told["silent"] == expected.activity.silence.tolist()
    assert len(rows) == 1 + len(probabilities) and labels.count("\n") == len(expected.activity.timeline())


def test_it_answers_without_a_server_after_the_first_visit(browser, site):
    driver, _ = browser
    _, folder, song = site
    with PageServer(folder) as server:
        address = server.url
        FirefoxPage(driver, address)
        assert driver.call("return navigator.serviceWorker.ready.then(({active}) => active !== null)")
    page = FirefoxPage(driver, address)  # nobody listens there any more
    page.answer(song)
    (row,) = page.rows()
    assert row.startswith("song.wav\n0:02 · ")
    assert page.faults() == []
    # The control: what breaks the policy is seen, and so is what the console says.
    page.run("console.warn('odd'); return fetch('https://example.org/').catch(() => null)")
    assert {"policy: connect-src", "warn: odd"} <= set(page.faults())
