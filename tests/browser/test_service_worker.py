"""The exported page in Chromium after its server has gone, and after another version has come."""

from __future__ import annotations

import shutil
import time

import pytest

from irmas_tf.browser.page_export import write_page
from irmas_tf.browser.page_server import PageServer
from tests.helpers.browser import chromium
from tests.helpers.lite_run import lite_content
from tests.helpers.litert_package import model_with_facts, published_package
from tests.helpers.page_site import OpenPage, write_tones

pytestmark = pytest.mark.slow

KEPT = """
const done = arguments[arguments.length - 1];
navigator.serviceWorker.ready
  .then(() => caches.keys())
  .then((names) => Promise.all(names.map(async (name) => {
    const kept = await (await caches.open(name)).keys();
    return [name, kept.map(({url}) => url)];
  })))
  .then(done);
"""


@pytest.fixture(scope="module")
def driver():
    with chromium() as started:
        started.set_script_timeout(60)
        yield started


def export(folder, target, **facts):
    model = model_with_facts(folder / "lite.tflite", lite_content(), **facts)
    return write_page(model, published_package(), target)


def test_it_answers_without_a_server_after_the_first_visit_below_any_address(driver, tmp_path):
    page = export(tmp_path, tmp_path / "site" / "music" / "who")
    (tmp_path / "site" / "page.json").write_text("{}")
    sound = write_tones(tmp_path / "a.wav", [(440, 3)])
    with PageServer(tmp_path / "site") as server:
        address = f"{server.url}music/who/"
        OpenPage(driver, address)
        ((name, urls),) = driver.execute_async_script(KEPT)
    assert name.endswith(page.version)
    paths = {url.removeprefix(address) for url in urls}
    # One of LiteRT.js's two modules; each is 2.8 MB.
    assert len([path for path in paths if path.endswith(".wasm.gz")]) == 1 and page.model in paths
    opened = OpenPage(driver, address)  # nobody listens there any more
    opened.answer(sound)
    (row,) = opened.rows()
    assert row.startswith("a.wav\n0:03 · ")
    assert opened.faults() == []


def test_a_new_version_takes_the_place_of_the_old_one_whole(driver, tmp_path):
    first = export(tmp_path, tmp_path / "site")
    with PageServer(tmp_path / "site") as server:
        OpenPage(driver, server.url)
        assert [name.rpartition(":")[2] for name, _ in driver.execute_async_script(KEPT)] == [first.version]
        shutil.rmtree(tmp_path / "site")
        second = export(tmp_path, tmp_path / "site", licence="Another.")
        opened = OpenPage(driver, server.url)
        newest = "return caches.keys().then((names) => names.map((name) => name.split(':').pop()))"
        waiting = "return navigator.serviceWorker.ready.then((registration) => registration.waiting !== null)"
        opened.wait(lambda: opened.run(waiting), "files of the new version")
        assert sorted(opened.run(newest)) == sorted([first.version, second.version])

        def is_alone():
            # It waits until no page of the old one is open, which a busy browser notices late.
            driver.get("about:blank")
            time.sleep(0.5)
            return OpenPage(driver, server.url).run(newest) == [second.version]

        opened.wait(is_alone, "end of the old version")
        assert "Another." in opened.run("return document.body.innerText")
