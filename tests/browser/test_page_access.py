"""The page for all eyes and hands: what has the focus is seen, nothing moves unasked, a thousand classes fit."""

from __future__ import annotations

import pytest

from tests.helpers.browser import chromium, served
from tests.helpers.page_site import OpenPage, make_site, write_tones

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("access")
    song = write_tones(folder / "song.wav", [(440, 6), (880, 1)])
    with served(make_site(folder / "page")) as address, chromium() as driver:
        opened = OpenPage(driver, address)
        opened.answer(song)
        yield opened
        assert opened.faults() == []


@pytest.fixture(autouse=True)
def all_open(page):
    page.run("document.querySelectorAll('details').forEach((part) => (part.open = true))")


def emulate(page, **features):
    pairs = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": pairs})


def test_what_has_the_focus_is_seen(page):
    from selenium.webdriver.common.keys import Keys

    outlined = "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseFloat(s.outlineWidth)]"
    page.run("document.activeElement.blur(); scrollTo(0, 0)")
    seen = []
    while len(seen) < 80:
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        name = page.run("return document.activeElement.tagName + '#' + document.activeElement.id")
        if name == "BODY#":
            break
        seen.append((name, page.run(outlined)))
    assert len(seen) > 20
    assert [found for found in seen if found[1][0] == "none" or found[1][1] < 2] == []


def test_nothing_moves_for_those_who_ask_for_that(page):
    longest = """
      return Math.max(...[...document.querySelectorAll('*')].map((e) => getComputedStyle(e))
        .flatMap((s) => [...s.transitionDuration.split(','), ...s.animationDuration.split(',')].map(parseFloat)))"""
    try:
        emulate(page, prefers_reduced_motion="reduce")
        assert page.run(longest) == 0
        emulate(page, prefers_reduced_motion="no-preference")
        assert page.run(longest) > 0  # the control
    finally:
        emulate(page)


def test_lanes_follow_the_scheme_of_the_system(page):
    # Through a canvas of its own: Chromium advises against reading from one often.
    corner = """
      const context = document.createElement('canvas').getContext('2d');
      context.drawImage(document.getElementById('canvas'), 0, 0);
      return [...context.getImageData(1, 1, 1, 1).data]"""
    try:
        for scheme, card in (("dark", [27, 32, 39, 255]), ("light", [255, 255, 255, 255])):
            emulate(page, prefers_color_scheme=scheme)
            page.wait(lambda card=card: page.run(corner) == card, f"lanes of the {scheme} scheme")
    finally:
        emulate(page)


def test_a_thousand_classes_can_be_used_also_on_a_phone(page, tmp_path):
    (tmp_path / "many.tflite").write_bytes(b"stand-in 1000")
    page.driver.find_element("id", "model-file").send_keys(str(tmp_path / "many.tflite"))
    page.wait(lambda: "class 0 0.78" in page.rows()[0], "answer")
    rows = "return document.querySelectorAll('#answer-table tbody tr').length"
    sliders = "return document.querySelectorAll('#per-class-levels input').length"
    page.wait(lambda: page.run(rows) == 16, "the most probable ones")
    assert page.run(sliders) == 50 and page.too_wide(320) == []
    assert "and 900 more" in page.text("facts")
    page.click("answer-all")
    page.wait(lambda: page.run(rows) == 1000, "all")
    assert page.too_wide(320) == []
    page.click("answer-all")
    page.driver.find_element("id", "per-class-name").send_keys("class 998")
    page.wait(lambda: page.run(sliders) == 1, "the class that was looked for")
    page.run("""
      const slider = document.querySelector('[aria-label="Threshold of class 998"]');
      slider.value = 0.02;
      slider.dispatchEvent(new Event('input'))""")
    page.wait(lambda: "class 998 0.05" in page.text("clip-answer"), "its name")
    page.click("lanes-all")
    page.wait(lambda: page.run("return document.getElementById('canvas').clientHeight") > 60 * 26, "more lanes")
    assert page.too_wide(320) == []
