"""The module for pages of one's own: samples of any rate and channels get the answer of the same sound as a file."""

from __future__ import annotations

import pytest

from tests.helpers.browser import chromium, served
from tests.helpers.page_site import OpenPage, make_site, write_tones

pytestmark = pytest.mark.slow

CLASSIFY = """
const done = arguments[arguments.length - 1];
const {classify} = await import('./classify.js');
const {decodeFile} = await import('./engine/decode.js');
const {loadModel} = await import('./engine/engine.js');
const blob = await (await fetch('song.wav')).blob();
const model = await loadModel();
const ofFile = await model.analyse(await decodeFile(new File([blob], 'song.wav'), model.facts.sampleRate));
const bytes = new Int16Array((await blob.arrayBuffer()).slice(44));
const samples = Float32Array.from(bytes, (value) => value / 32768);
const mono = await classify(samples, 22050);
const stereo = await classify([samples.map((v) => 2 * v), new Float32Array(samples.length)], 22050);
const rows = ({startSeconds, probabilities, silent, durationSeconds, clip}) =>
  JSON.stringify({startSeconds, probabilities, silent, durationSeconds, labels: clip.labels});
const words = [];
const unequal = [samples, samples.subarray(1)];
for (const wrong of [['no', 22050], [samples, 4000], [unequal, 22050], [samples.map(() => NaN), 22050]]) {
  await classify(...wrong).catch((error) => words.push(error.message));
}
done([rows(ofFile), rows(mono), rows(stereo), words]);
"""


def test_samples_are_answered_like_the_file_that_holds_them(tmp_path):
    site = make_site(tmp_path / "page")
    write_tones(site / "song.wav", [(440, 4), (0, 1), (880, 2.3)])
    with served(site) as address, chromium() as driver:
        page = OpenPage(driver, address)
        driver.set_script_timeout(60)
        script = f"(async () => {{ {CLASSIFY.replace('arguments[arguments.length - 1]', 'last')} }})()"
        of_file, mono, stereo, words = driver.execute_async_script(
            f"const last = arguments[0]; {script}.catch((error) => last([String(error), '', '', []]))"
        )
        assert '"low"' in of_file
        assert mono == of_file and stereo == of_file
        assert [word.split()[0] for word in words] == ["samples", "a", "samples", "samples"]
        assert page.faults() == []
