"""The microphone, live: a tone in its place, a control that must hear another, and words where there is none."""

from __future__ import annotations

import pytest

from tests.helpers.browser import chromium, served
from tests.helpers.page_site import OpenPage, make_site, write_tones

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served(make_site(tmp_path_factory.mktemp("microphone") / "page")) as url:
        yield url


def hear(address, tone):
    """Return what the page names first when the microphone hears a file, and what its list says afterwards."""
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with chromium(arguments=[*fake, f"--use-file-for-fake-audio-capture={tone}"]) as driver:
        page = OpenPage(driver, address)
        page.click("microphone")
        page.wait(lambda: page.text("status").startswith("Now: "), "live answer")
        assert "echo cancellation off, noise suppression off, automatic gain off" in page.text("live-text")
        page.wait(lambda: "named" in page.run("return document.getElementById('live-bars').innerHTML"), "live bars")
        heard = page.run("return document.querySelector('#live-bars .named').firstChild.innerText")
        page.click("live-stop")
        page.wait(lambda: page.rows(), "the recording in the list")
        assert not driver.find_element("id", "live").is_displayed()
        assert page.faults() == []
        return heard, page.rows()[0]


def test_the_page_hears_what_the_microphone_hears(address, tmp_path):
    heard, row = hear(address, write_tones(tmp_path / "low.wav", [(440, 3)], rate_hz=48000))
    assert heard == "low tone" and row.startswith("Microphone") and "low tone" in row


def test_control_another_tone_is_another_answer(address, tmp_path):
    heard, row = hear(address, write_tones(tmp_path / "high.wav", [(880, 3)], rate_hz=48000))
    assert heard == "high tone" and "low tone" not in row


def test_without_permission_the_page_says_what_to_do(address):
    with chromium(arguments=["--deny-permission-prompts", "--use-fake-device-for-media-stream"]) as driver:
        page = OpenPage(driver, address)
        page.click("microphone")
        page.wait(lambda: page.text("alerts"), "words")
        assert "not allowed" in page.text("alerts") and "allow it" in page.text("alerts")
        assert driver.find_element("id", "microphone").is_enabled()
        assert page.faults() == []
