"""Files on the page: dropped or chosen, analysed one after the other, cancelled, refused in words."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from tests.helpers.browser import chromium, served
from tests.helpers.page_site import OpenPage, make_site, write_tones

RATE = 22050
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    site = make_site(tmp_path_factory.mktemp("site") / "page")
    write_tones(site / "low.wav", [(440, 3)])
    write_tones(site / "high.wav", [(880, 3)])
    with served(site) as url:
        yield url


@pytest.fixture(scope="module")
def driver():
    with chromium() as started:
        yield started


@pytest.fixture
def page(driver, address):
    opened = OpenPage(driver, address)
    yield opened
    assert opened.faults() == []


def test_files_that_are_dropped_anywhere_get_an_answer_each(page):
    assert page.drop("low.wav", "high.wav") == [True, True]
    page.wait(lambda: len(page.rows()) == 2 and all("tone 0.90" in row for row in page.rows()), "two answers")
    assert page.rows() == ["low.wav\n0:03 · low tone 0.90", "high.wav\n0:03 · high tone 0.90"]
    assert "2 of 2 files" in page.text("status")


def test_a_file_that_is_no_sound_is_refused_in_words_and_the_others_are_not_lost(page, tmp_path):
    (tmp_path / "notes.mp3").write_bytes(b"no sound at all " * 100)
    (tmp_path / "empty.wav").write_bytes(b"")
    page.answer(tmp_path / "notes.mp3", tmp_path / "empty.wav", write_tones(tmp_path / "high.wav", [(880, 2)]))
    refused, empty, answered = page.rows()
    assert "Did not work: notes.mp3 is no sound" in refused
    assert "is empty" in empty and "high tone 0.90" in answered
    assert "convert it" in page.text("alerts")


def test_a_file_whose_samples_are_not_all_numbers_is_refused_with_the_place(page, tmp_path):
    samples = (0.3 * np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE)).astype("<f4")
    samples[2 * RATE] = np.nan
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + samples.nbytes,
        b"WAVE",
        b"fmt ",
        16,
        3,
        1,
        RATE,
        4 * RATE,
        4,
        32,
        b"data",
        samples.nbytes,
    )
    (tmp_path / "broken.wav").write_bytes(header + samples.tobytes())
    page.answer(tmp_path / "broken.wav")
    assert "hold NaN or infinity, first at 2.000 s" in page.rows()[0]


def test_the_example_needs_no_file_and_goes_the_way_of_all_files(page):
    page.click("example")
    page.wait(lambda: page.rows() and "tone" in page.rows()[0], "answer for the example")
    assert page.rows()[0].startswith("example.wav\n0:20 · ")
    assert page.driver.find_element("id", "example").is_enabled()


def test_what_is_cancelled_stops_the_rest_goes_on_and_it_can_be_tried_again(page, tmp_path):
    slow, quick = write_tones(tmp_path / "slow.wav", [(440, 30)]), write_tones(tmp_path / "quick.wav", [(880, 2)])
    page.choose(slow, quick)
    progress = "return document.querySelector('#clips progress').value"
    page.wait(lambda: 0.05 < page.run(progress) < 1, "progress")
    assert "Is analysed" in page.text("clip-answer")
    page.driver.find_element("css selector", "[aria-label='Cancel slow.wav']").click()
    page.wait(lambda: "high tone" in page.rows()[1], "answer of the other file")
    assert page.rows()[0].endswith("cancelled")
    page.driver.find_element("css selector", "[aria-label='Try again slow.wav']").click()
    page.wait(lambda: "low tone 0.90" in page.rows()[0], "answer at the second try")


def test_what_the_browser_does_not_play_is_played_as_the_model_hears_it(page, tmp_path):
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(3 * 22050) / 22050)).astype("<f8").tobytes()
    header = struct.pack("<4sIHHIIHH4sI", b"fmt ", 16, 3, 1, RATE, RATE * 8, 8, 64, b"data", len(tone))
    (tmp_path / "doubles.wav").write_bytes(struct.pack("<4sI4s", b"RIFF", 36 + len(tone), b"WAVE") + header + tone)
    page.answer(tmp_path / "doubles.wav")
    assert "low tone 0.90" in page.rows()[0]
    page.wait(lambda: page.run("return document.getElementById('audio').duration"), "something to play")
    page.click("play")
    page.wait(lambda: page.text("clock").startswith("0:01"), "playing")
    page.wait(lambda: page.text("play") == "Play" and page.text("clock") == "0:03 / 0:03", "the end")


def test_all_can_be_cancelled_and_removed(page, tmp_path):
    page.choose(*(write_tones(tmp_path / f"slow {k}.wav", [(440, 20)]) for k in range(3)))
    page.wait(lambda: "is analysed" in page.rows()[0], "analysis")
    page.click("cancel-all")
    page.wait(lambda: all("cancelled" in row for row in page.rows()), "cancellation")
    for k in range(3):
        page.driver.find_element("css selector", f"[aria-label='Remove slow {k}.wav']").click()
    page.wait(lambda: not page.driver.find_element("id", "list").is_displayed(), "empty list")
    assert not page.driver.find_element("id", "clip").is_displayed()


def test_a_foreign_model_is_refused_and_the_one_in_use_stays(page, tmp_path):
    page.answer(write_tones(tmp_path / "low.wav", [(440, 2)]))
    (tmp_path / "foreign.tflite").write_bytes(b"TFL3 of somebody else")
    page.driver.find_element("id", "model-file").send_keys(str(tmp_path / "foreign.tflite"))
    page.wait(lambda: "stays" in page.text("alerts"), "refusal")
    assert "foreign.tflite" in page.text("alerts") and "irmas export-tflite" in page.text("alerts")
    assert "low tone 0.90" in page.rows()[0]


def test_another_model_answers_all_files_again(page, tmp_path):
    page.answer(write_tones(tmp_path / "low.wav", [(440, 2)]))
    (tmp_path / "wide.tflite").write_bytes(b"stand-in")
    page.driver.find_element("id", "model-file").send_keys(str(tmp_path / "wide.tflite"))
    page.wait(lambda: "class 0 0.90" in page.rows()[0], "new answer")
    assert page.driver.find_element("id", "lanes-all").is_displayed()  # of forty classes a few have a lane


def test_without_webassembly_the_page_says_so(address):
    with chromium() as driver:
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": "delete window.WebAssembly"})
        page = OpenPage(driver, address, ready="cannot be used")
        assert "no WebAssembly" in page.text("alerts")
        assert not driver.find_element("id", "choose").is_enabled()
