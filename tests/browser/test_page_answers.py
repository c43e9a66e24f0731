"""What the page saves is what the package writes for the same numbers; thresholds move names, lanes and files."""

from __future__ import annotations

import csv
import io
import json

import matplotlib.image
import numpy as np
import pytest

from irmas_tf.config.labels import LabelScheme
from irmas_tf.inference.activity import Activity
from irmas_tf.inference.answers import Answer, AnswerWriter
from irmas_tf.inference.notes import Note
from irmas_tf.reports.activity_files import ActivityFiles
from tests.helpers.browser import chromium, served
from tests.helpers.page_site import OpenPage, make_site, write_tones

pytestmark = pytest.mark.slow
SCHEME = LabelScheme("stand-in", ("low", "high"), ("low tone", "high tone"), {})
NAMES = {
    "csv": "song.activity.csv",
    "json": "song.activity.json",
    "audacity": "song.labels.txt",
    "png": "song.activity.png",
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return tmp_path_factory.mktemp("saved")


@pytest.fixture(scope="module")
def page(tmp_path_factory, saved):
    folder = tmp_path_factory.mktemp("answers")
    song = write_tones(folder / "song.wav", [(440, 4), (0, 2.3), (880, 4), (440, 2.2)])
    with served(make_site(folder / "page")) as address, chromium(downloads=saved) as driver:
        opened = OpenPage(driver, address)
        opened.answer(song)
        yield opened
        assert opened.faults() == []


def save(page, saved, selector, name):
    (saved / name).unlink(missing_ok=True)
    page.driver.find_element("css selector", selector).click()
    page.wait(lambda: (saved / name).exists() and (saved / name).stat().st_size, name)
    return (saved / name).read_bytes()


def save_all(page, saved):
    return {format: save(page, saved, f"[data-format={format}]", name) for format, name in NAMES.items()}


def set_slider(page, name, value):
    page.run(
        "const s = document.getElementById(arguments[0]); s.value = arguments[1]; s.dispatchEvent(new Event('input'))",
        name,
        value,
    )


def package_answer(content: dict) -> Answer:
    """Return the answer that the package would hold for what stands in the page's JSON file."""
    levels = np.array([content["thresholds"][code] for code in SCHEME.codes])
    notes = tuple(Note(note["code"], note["text"]) for note in content["notes"])
    probabilities = np.array([content["probabilities"][code] for code in SCHEME.codes]).T
    silent = np.array(content["silent"])
    activity = Activity(
        content["file"],
        content["duration_seconds"],
        content["window_seconds"],
        np.array(content["start_seconds"]),
        probabilities,
        SCHEME,
        levels,
        silent,
        notes,
    )
    mean = probabilities[~silent].mean(axis=0)
    return Answer(content["file"], content["duration_seconds"], SCHEME, mean, tuple(content["labels"]), activity, notes)


def assert_as_the_package_writes(files, folder):
    answer = package_answer(json.loads(files["json"]))
    writer = ActivityFiles(folder, ["csv", "json", "audacity"], SCHEME, answer.activity.thresholds)
    for format, path in zip(("csv", "json", "audacity"), writer.write(answer), strict=True):
        if format == "json":
            assert json.loads(files[format]) == json.loads(path.read_bytes())
        else:
            assert files[format].decode() == path.read_text(encoding="utf-8"), format
    return answer


def test_the_files_are_those_of_the_package(page, saved, tmp_path):
    files = save_all(page, saved)
    answer = assert_as_the_package_writes(files, tmp_path)
    assert answer.labels == ("low",) and answer.activity.silence.any()
    assert [label for _, _, label in answer.activity.timeline()] == ["low", "low", "high", "low"]  # silence between
    picture = matplotlib.image.imread(io.BytesIO(files["png"]))
    assert picture.shape[1] == 2400 and 200 < picture.shape[0] < 1000 and 0.05 < picture[..., :3].std() < 0.5


def test_the_table_says_what_the_lanes_show(page):
    page.run("document.getElementById('as-table').open = true")
    cells = (
        "return [...document.querySelectorAll('#segments tbody tr')].map((r) => [...r.cells].map((c) => c.innerText))"
    )
    page.wait(lambda: page.run(cells), "table")
    assert [row[2] for row in page.run(cells)] == ["low tone", "low tone", "high tone", "low tone"]
    assert {row[3] for row in page.run(cells)} == {"0.90"}
    assert page.run(cells)[0][0] == "0:00.0" and page.run(cells)[-1][1] == "0:12.5"


def test_a_threshold_for_all_moves_names_lanes_and_files(page, saved, tmp_path):
    try:
        set_slider(page, "level", 0.3)
        page.wait(lambda: "high tone" in page.text("clip-answer"), "both names")
        answer = assert_as_the_package_writes(save_all(page, saved), tmp_path)
        assert set(answer.labels) == {"low", "high"}
        set_slider(page, "level", 0.95)
        page.wait(lambda: "No instrument" in page.text("clip-answer"), "no name")
        assert "no instrument" in page.rows()[0]
        assert page.text("segments-caption").startswith("No instrument")
    finally:
        page.click("own-levels")
    page.wait(lambda: page.text("clip-answer").startswith("Leading: low tone"), "the model's own thresholds")


def test_a_class_has_a_threshold_of_its_own(page):
    page.run("document.getElementById('per-class').open = true")
    script = "const s = document.querySelector('[aria-label=\"Threshold of high tone\"]');"
    page.run(script + "s.value = 0.2; s.dispatchEvent(new Event('input'))")
    page.wait(lambda: "high tone" in page.text("clip-answer"), "the name of the other class")
    assert page.run("return document.querySelector('[aria-label=\"Threshold of low tone\"]').value") == "0.6"
    page.click("own-levels")


def test_answers_of_all_files_are_the_csv_of_predict(page, saved):
    text = save(page, saved, "#export-all", "answers.csv").decode()
    answer = package_answer(json.loads(save(page, saved, "[data-format=json]", NAMES["json"])))
    expected = io.StringIO()
    AnswerWriter(expected, "csv", SCHEME).write(answer)
    assert list(csv.reader(io.StringIO(text))) == list(csv.reader(io.StringIO(expected.getvalue())))
