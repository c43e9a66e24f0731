"""The page without a mouse, with one, on a phone, and in words: keys, clicks, names of controls, its policy."""

from __future__ import annotations

import pytest

from tests.helpers.browser import chromium, served
from tests.helpers.page_checks import PageReader
from tests.helpers.page_site import PAGE, OpenPage, make_site, write_tones

selenium = pytest.importorskip("selenium", reason="selenium is not installed (requirements/test.txt)")
slow = pytest.mark.slow


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("controls")
    song = write_tones(folder / "song.wav", [(440, 20), (880, 20)])
    with served(make_site(folder / "page")) as address, chromium() as driver:
        opened = OpenPage(driver, address)
        opened.answer(song)
        yield opened
        assert opened.faults() == []


def press(page, *keys):
    timeline = page.driver.find_element("id", "timeline")
    for key in keys:
        timeline.send_keys(key)


def position(page):
    return float(page.run("return document.getElementById('timeline').getAttribute('aria-valuenow')"))


def picture(page):
    page.settle()
    return page.run("return document.getElementById('canvas').toDataURL()")


def test_the_page_is_well_formed_and_holds_no_script_or_style_of_its_own():
    reader = PageReader()
    text = (PAGE / "index.html").read_text(encoding="utf-8")
    reader.feed(text)
    assert not reader.open
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in reader.tags:
        assert "style" not in attributes and not [name for name in attributes if name.startswith("on")]
        assert tag != "style" and (tag != "script" or attributes["src"])
        for name in ("for", "aria-labelledby", "aria-describedby"):
            assert attributes.get(name) is None or attributes[name] in ids
    assert "http:" not in text and "https:" not in text


@slow
def test_keys_move_zoom_and_play(page):
    from selenium.webdriver.common.keys import Keys

    whole = picture(page)
    press(page, Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert position(page) == 2
    spoken = "return document.getElementById('timeline').getAttribute('aria-valuetext')"
    assert page.run(spoken) == "2 seconds: low tone 0.90, high tone 0.05"
    press(page, Keys.END, Keys.ARROW_LEFT)
    assert position(page) == 39 and "high tone 0.90" in page.run(spoken)
    press(page, "+", "+")
    page.wait(lambda: picture(page) != whole, "closer view")
    press(page, "0")
    page.wait(lambda: picture(page) == whole, "whole view again")
    press(page, Keys.HOME, " ")
    page.wait(lambda: position(page) > 0.2, "playing")
    assert page.text("play") == "Pause"
    press(page, " ")
    page.wait(lambda: page.text("play") == "Play", "pause")


@slow
def test_a_click_plays_from_there_and_a_drag_does_not(page):
    from selenium.webdriver import ActionChains

    timeline = page.driver.find_element("id", "timeline")
    page.run("arguments[0].scrollIntoView({block: 'center'})", timeline)
    ActionChains(page.driver).move_to_element(timeline).click().perform()
    page.wait(lambda: position(page) > 15, "playing from the middle")
    assert position(page) < 30
    page.click("play")
    page.wait(lambda: page.text("play") == "Play", "pause")
    page.click("zoom-in")
    before = position(page)
    ActionChains(page.driver).move_to_element(timeline).click_and_hold().move_by_offset(-200, 0).release().perform()
    assert position(page) == before and page.text("play") == "Play"
    page.click("fit")


@slow
def test_everything_can_be_reached_by_keys_and_has_a_name(page):
    nameless = page.run("""
      const name = (e) => (e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent || '').trim();
      return [...document.querySelectorAll('button, input, progress, [role=slider], [role=region], a, summary')]
        .filter((e) => !name(e) && !e.getAttribute('aria-labelledby')).map((e) => e.outerHTML)""")
    assert nameless == []
    page.run("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    small = page.run("""
      return [...document.querySelectorAll('button, summary, input:not(.hidden)')]
        .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 20).map((e) => e.outerHTML)""")
    assert small == []
    reached = set()
    from selenium.webdriver.common.keys import Keys

    page.run("document.activeElement.blur(); scrollTo(0, 0)")
    for _ in range(60):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(page.run("return document.activeElement.id || document.activeElement.getAttribute('data-format')"))
    assert {
        "choose",
        "microphone",
        "example",
        "play",
        "timeline",
        "zoom-in",
        "level",
        "own-levels",
        "csv",
        "png",
    } <= reached
    assert "files" not in reached  # behind the button that opens it


@slow
@pytest.mark.parametrize("width", [320, 390])
def test_nothing_is_cut_off_on_a_phone(page, width):
    assert page.too_wide(width) == []


@slow
def test_the_watch_for_faults_sees_what_breaks_the_policy(page):
    page.run("const s = document.createElement('script'); s.textContent = 'window.evil = 1'; document.body.append(s)")
    page.run("fetch('https://example.org/').catch(() => {})")
    page.wait(lambda: len(page.run("return window.faults")) >= 2, "violations")
    assert page.run("return window.evil") is None
    assert all(fault.startswith("policy: ") for fault in page.run("return window.faults"))
    page.run("window.faults.length = 0")
    page.driver.get_log("browser")
