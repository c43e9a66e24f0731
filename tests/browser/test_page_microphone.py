"""The microphone, live: a tone in its place, a control that must hear another, and words where there is none."""

from __future__ import annotations

import wave

import numpy as np
import pytest

from tests.helpers.browser import chromium, served
from tests.helpers.firefox import FirefoxPage, firefox
from tests.helpers.page_site import OpenPage, make_site, write_tones

pytestmark = pytest.mark.slow
FAKE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
PICTURE = "return document.getElementById('canvas').toDataURL()"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served(make_site(tmp_path_factory.mktemp("microphone") / "page")) as url:
        yield url


def hear(address, tone, saved):
    """Return what came of listening to a file.

    Returns:
        What the page names first meanwhile, what its list says afterwards, and the recording, (rate, samples).
    """
    arguments = [*FAKE, f"--use-file-for-fake-audio-capture={tone}"]
    with chromium(downloads=saved, arguments=arguments) as driver:
        page = OpenPage(driver, address)
        page.click("microphone")
        page.wait(lambda: page.text("status").startswith("Now: "), "live answer")
        assert "echo cancellation off, noise suppression off, automatic gain off" in page.text("live-text")
        page.wait(lambda: page.run("return document.querySelectorAll('#live-bars li').length"), "live bars")
        (heard, *_) = page.run(
            "return [...document.querySelectorAll('#live-bars .named')].map((e) => e.innerText)"
        ) or [""]
        seen, shown = length(page), page.run(PICTURE)
        page.wait(lambda: length(page) > seen + 1, "lanes that grow")
        page.settle()
        assert page.run(PICTURE) != shown and not driver.find_element("id", "play").is_enabled()
        page.click("live-stop")
        page.wait(lambda: not page.rows()[0].endswith("is heard"), "the answer for all of it")
        assert not driver.find_element("id", "live").is_displayed()
        page.click("save-recording")
        name = page.rows()[0].split("\n")[0]
        page.wait(lambda: (saved / name).is_file() and (saved / name).stat().st_size, name)
        page.click("play")
        page.wait(lambda: page.text("clock").startswith("0:01"), "playing")
        row = page.rows()[0]
        assert name.startswith("Microphone ") and page.faults() == []
        # What was saved gets the same answer as a file.
        page.answer(saved / name)
        page.wait(lambda: len(page.rows()) == 2 and "0:" in page.rows()[1], "answer for the saved file")
        assert page.rows()[1].partition(" · ")[2].split()[:2] == row.partition(" · ")[2].split()[:2]
    with wave.open(str(saved / name)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return (
            heard.split("\n")[0],
            row,
            (file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2")),
        )


def length(page):
    return float(page.run("return document.getElementById('timeline').getAttribute('aria-valuemax')"))


def loudest_hz(rate_hz, samples):
    """Return the frequency of the greatest magnitude of the spectrum."""
    return np.abs(np.fft.rfft(samples * np.hanning(len(samples)))).argmax() * rate_hz / len(samples)


def test_the_page_hears_what_the_microphone_hears_and_keeps_it(address, tmp_path):
    heard, row, (rate_hz, samples) = hear(
        address, write_tones(tmp_path / "low.wav", [(440, 3)], rate_hz=48000), tmp_path
    )
    assert heard == "low tone" and "low tone" in row
    assert len(samples) > 2 * rate_hz and abs(loudest_hz(rate_hz, samples) - 440) < 3


def test_control_another_tone_is_another_answer(address, tmp_path):
    heard, row, recording = hear(address, write_tones(tmp_path / "high.wav", [(880, 3)], rate_hz=48000), tmp_path)
    assert heard == "high tone" and "low tone" not in row
    assert abs(loudest_hz(*recording) - 880) < 3


def test_control_silence_is_heard_as_silence(address, tmp_path):
    heard, row, (rate_hz, samples) = hear(
        address, write_tones(tmp_path / "none.wav", [(0, 3)], rate_hz=48000), tmp_path
    )
    assert heard == "" and row.endswith("silence")
    assert len(samples) > 2 * rate_hz and not samples.any()


def test_what_was_heard_is_kept_when_the_model_fails(address, tmp_path):
    tone = write_tones(tmp_path / "low.wav", [(440, 3)], rate_hz=48000)
    with chromium(arguments=[*FAKE, f"--use-file-for-fake-audio-capture={tone}"]) as driver:
        page = OpenPage(driver, address)
        page.click("microphone")
        page.wait(lambda: page.text("status").startswith("Now: "), "live answer")
        page.run("window.modelFails = true")
        page.wait(lambda: "Did not work" in page.rows()[0], "failure")
        assert (
            "the model failed" in page.text("alerts").lower() and not driver.find_element("id", "live").is_displayed()
        )
        driver.find_element("css selector", "[aria-label^='Try again Microphone']").click()
        page.wait(lambda: "low tone" in page.rows()[0], "the answer for the recording")
        assert driver.find_element("id", "save-recording").is_displayed() and page.faults() == []


def test_where_sound_does_not_start_the_page_says_so(address):
    with chromium(arguments=FAKE) as driver:
        page = OpenPage(driver, address)
        page.run("AudioContext.prototype.resume = () => new Promise(() => {})")  # as in Firefox without a loudspeaker
        page.click("microphone")
        page.wait(lambda: page.text("alerts"), "words")
        assert "its sound does not start; is there a loudspeaker" in page.text("alerts")
        assert driver.find_element("id", "microphone").is_enabled() and page.faults() == []


@pytest.mark.parametrize("frequency_hz, tone, other", [(440, "low tone", "high tone"), (880, "high tone", "low tone")])
def test_firefox_hears_its_microphone_too(address, tmp_path, frequency_hz, tone, other):
    settings = {
        "media.navigator.streams.fake": True,
        "media.navigator.permission.disabled": True,
        "media.navigator.audio.fake_frequency": frequency_hz,
        "media.cubeb.force_mock_context": True,  # plays to nobody, where there is no device
    }
    with firefox(tmp_path, settings) as driver:
        page = FirefoxPage(driver, address)
        page.click("microphone")
        page.wait(lambda: page.text("status").startswith("Now: "), "live answer")
        assert "echo cancellation off, noise suppression off, automatic gain off" in page.text("live-text")
        assert tone in page.text("status") and other not in page.text("status")
        page.click("live-stop")
        page.wait(lambda: tone in page.rows()[0], "the answer for all of it")
        assert other not in page.rows()[0] and page.faults() == []


def test_without_permission_the_page_says_what_to_do(address):
    with chromium(arguments=["--deny-permission-prompts", "--use-fake-device-for-media-stream"]) as driver:
        page = OpenPage(driver, address)
        page.click("microphone")
        page.wait(lambda: page.text("alerts"), "words")
        assert "not allowed" in page.text("alerts") and "allow it" in page.text("alerts")
        assert driver.find_element("id", "microphone").is_enabled()
        assert page.faults() == []
