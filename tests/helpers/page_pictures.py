"""Pictures of the page with the package's own model, to look at: desktop, phone, dark, microphone, a long file.

python -m tests.helpers.page_pictures FOLDER [--minutes=60]
"""

from __future__ import annotations

import argparse
import base64
import io
import tempfile
import wave
from pathlib import Path

import numpy as np
from PIL import Image

from irmas_tf.browser.page_export import write_page
from irmas_tf.browser.page_server import PageServer
from irmas_tf.deploy.check_music import check_music
from irmas_tf.shipped.composed import SHIPPED_FILE
from tests.helpers.browser import chromium
from tests.helpers.litert_package import published_package
from tests.helpers.page_site import OpenPage

RATE_HZ = 22050
DESKTOP, PHONE = (1100, 900, False), (390, 844, True)


def write_music(path: Path, seconds: float) -> Path:
    """Write the music of the acceptance checks over and over, with a pause after each turn, as a WAV file."""
    turn = np.concatenate([*check_music(RATE_HZ).values(), np.zeros(2 * RATE_HZ)])
    samples = (np.clip(turn, -1, 1) * 32767).astype("<i2").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        for _ in range(max(1, round(seconds * RATE_HZ / len(turn)))):
            file.writeframes(samples)
    return path


def take(
    page: OpenPage, path: Path, size: tuple[int, int, bool] = DESKTOP, scheme: str = "light", part: str = "body"
) -> None:
    """Write a picture of the page, or of the first element that a selector names, as a PNG file."""
    width, height, is_mobile = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_mobile}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    page.run("return new Promise((done) => setTimeout(done, 500))")  # lanes are drawn anew
    box = page.run(
        "const r = document.querySelector(arguments[0]).getBoundingClientRect();"
        "return {x: r.x + scrollX, y: r.y + scrollY, width: r.width, height: r.height, scale: 1}",
        part,
    )
    wanted = {"captureBeyondViewport": True, "clip": box}
    picture = page.driver.execute_cdp_cmd("Page.captureScreenshot", wanted)
    # Few colours: a third of the size, and no difference to be seen.
    content = Image.open(io.BytesIO(base64.b64decode(picture["data"]))).convert("RGB")
    content.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path)


def take_all(site: Path, folder: Path, minutes: float) -> None:
    """Take all pictures.

    Args:
        site: an exported page.
        folder: for the pictures.
        minutes: length of the long file.
    """
    music = write_music(folder / "music.wav", 20.0)
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    arguments = (*fake, f"--use-file-for-fake-audio-capture={music}", "--hide-scrollbars")
    with PageServer(site) as server, chromium(arguments=arguments) as driver:
        page = OpenPage(driver, server.url)
        take(page, folder / "start.png")
        page.click("example")
        page.wait(lambda: page.rows() and page.driver.find_element("id", "export-all").is_enabled(), "answer")
        take(page, folder / "desktop.png")
        take(page, folder / "page.png", (900, 900, False), part="#clip")
        take(page, folder / "dark.png", scheme="dark")
        take(page, folder / "phone.png", PHONE)
        page.click("microphone")
        page.wait(lambda: page.run("return document.getElementById('timeline').ariaValueMax") > "6", "lanes that grow")
        take(page, folder / "microphone.png")
        take(page, folder / "microphone_phone.png", PHONE, "dark")
        page.click("live-stop")
        long = write_music(folder / "long.wav", 60 * minutes)
        page.choose(long)
        page.wait(lambda: page.run("return document.querySelector('#clips li:last-child progress').value") > 0, "start")
        take(page, folder / "long_begun.png")
        page.wait(lambda: "analysed" not in page.rows()[-1], "answer for the long file", 1200.0)
        take(page, folder / "long.png")


def main() -> None:
    """Write the pictures into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0, help="length of the long file")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        site = Path(temporary) / "page"
        write_page(SHIPPED_FILE, published_package(), site)
        take_all(site, options.folder, options.minutes)


if __name__ == "__main__":
    main()
