"""The page's engine in a real browser, with the published LiteRT.js: the numbers of ``irmas predict``."""

from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest
import soundfile

from irmas_tf.browser import page_check
from irmas_tf.browser.browsers import find_browser
from irmas_tf.browser.page_check import PageCheckError, ask_page, check_page
from irmas_tf.browser.page_export import write_page
from irmas_tf.inference.open_models import load_model
from irmas_tf.inference.prediction import predict_files
from irmas_tf.reports.activity_files import ActivityFiles
from tests.helpers.lite_run import lite_content
from tests.helpers.litert_package import model_with_facts, published_package

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_browser("chromium") is None, reason="Chromium is not installed (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Return (the model, the page with it)."""
    folder = tmp_path_factory.mktemp("exported")
    levels = {"cel": 0.3, "flu": 0.3, "vio": 0.3}
    model = model_with_facts(folder / "lite.tflite", lite_content(), kind="multi_label", thresholds=levels)
    write_page(model, published_package(), folder / "page")
    return model, folder / "page"


@pytest.fixture(scope="module")
def answers(page, tmp_path_factory):
    """Return (folder of odd sounds, by name what the page says of them, and last what the browser complained of)."""
    folder = tmp_path_factory.mktemp("sounds")
    rng = np.random.default_rng(2)
    noise = 0.3 * rng.standard_normal([30000, 2])

    def wav(subtype="PCM_16", format="WAV", samples=noise, rate=44100):
        stream = io.BytesIO()
        soundfile.write(stream, samples, rate, subtype, format=format)
        return stream.getvalue()

    plain = wav()
    open_size = plain[:4] + struct.pack("<I", 0xFFFFFFFF) + plain[8:40] + struct.pack("<I", 0xFFFFFFFF) + plain[44:]
    sounds = {
        'plain é, "1".wav': plain,
        "cut.wav": plain[:-20000],
        "open.wav": open_size,
        "rf64.wav": wav(format="RF64"),
        "mu_law.wav": wav("ULAW"),
        "double.wav": wav("DOUBLE"),
        "bytes.wav": wav("PCM_U8"),
        "odd_rate.wav": wav(rate=44101),
        "adpcm.wav": wav("IMA_ADPCM"),
        "pauses.wav": wav(samples=np.concatenate([noise, np.zeros([30000, 2]), noise[::-1]])),
        "loud.wav": wav("FLOAT", samples=300 * noise),
        "none.wav": wav(samples=noise[:0]),
        "nothing.wav": b"",
        "page.mp3": b"<!DOCTYPE html>" * 100,
    }
    for name, content in sounds.items():
        (folder / name).write_bytes(content)
    told = ask_page(page[1], folder, list(sounds), "chromium")
    return folder, {answer["name"]: answer for answer in told if "name" in answer}, told[-1]["problems"]


def test_files_as_programs_write_them_get_the_answers_of_predict(page, answers):
    folder, said, problems = answers
    names = [name for name, answer in said.items() if "failed" not in answer and name != "adpcm.wav"]
    assert len(names) == 10 and problems == []
    model = load_model(page[0])
    paths = [str(folder / name) for name in names]
    expected = list(predict_files(model, paths, levels=model.thresholds, with_activity=True))
    for name, answer in zip(names, expected, strict=True):
        assert np.abs(np.array(said[name]["probabilities"]) - answer.activity.probabilities).max() < 2e-5, name
        assert said[name]["silent"] == answer.activity.silence.tolist(), name
        assert [note["code"] for note in said[name]["clip"]["notes"]] == [note.code for note in answer.notes], name
        assert said[name]["method"] == "wav"
    (note,) = said["cut.wav"]["clip"]["notes"]
    assert note["code"] == "incomplete" and "of the 0.680 s that it announces" in note["text"]


def test_exported_files_say_what_those_of_predict_do(page, answers, tmp_path):
    folder, said, _ = answers
    model = load_model(page[0])
    name = "pauses.wav"
    (answer,) = predict_files(model, [str(folder / name)], levels=model.thresholds, with_activity=True)
    files = ActivityFiles(tmp_path, ("csv", "json", "audacity"), model.scheme, model.thresholds)
    csv, text, audacity = (path.read_text(encoding="utf-8") for path in files.write(answer))

    def cells(content):
        return [
            [cell if not cell.replace(".", "").isdigit() else float(cell) for cell in line.split(",")]
            for line in content.splitlines()
        ]

    for mine, theirs in zip(cells(said[name]["csv"]), cells(csv), strict=True):
        assert [m for m in mine if isinstance(m, str)] == [t for t in theirs if isinstance(t, str)]
        assert [m for m in mine if isinstance(m, float)] == pytest.approx(
            [t for t in theirs if isinstance(t, float)], abs=2e-5
        )
    assert said[name]["audacity"] == audacity and audacity.count("\n") > 2
    mine, theirs = json.loads(said[name]["json"]), json.loads(text)
    assert list(mine) == list(theirs) and mine["file"] == name
    for key in (
        "segments",
        "silent",
        "notes",
        "thresholds",
        "labels",
        "start_seconds",
        "end_seconds",
        "window_seconds",
    ):
        assert mine[key] == theirs[key], key


def test_what_cannot_be_answered_is_refused_in_words(answers):
    _, said, _ = answers
    assert said["none.wav"]["failed"] == "none.wav holds no audio"
    assert said["nothing.wav"]["failed"] == "nothing.wav is empty"
    assert said["page.mp3"]["code"] == "codec" and "convert it to WAV" in said["page.mp3"]["failed"]


def test_a_page_that_answers_otherwise_does_not_pass(page, tmp_path, monkeypatch):
    """The control: the same page, compared with a model whose classes are in another order."""
    from tests.helpers import lite_run

    monkeypatch.setattr(lite_run, "lite_kernel", lambda kernel=lite_run.lite_kernel(): kernel[:, ::-1].copy())
    other = model_with_facts(tmp_path / "other.tflite", lite_content())
    few = page_check.write_sounds
    monkeypatch.setattr(page_check, "write_sounds", lambda folder: [p for p in few(folder) if p.name == "tone.wav"])
    with pytest.raises(PageCheckError, match=r"tone.wav .* FAILED, more than 0.001"):
        check_page(page[1], other, "chromium")


def test_the_check_compares_clip_and_windows_with_predict(page, tmp_path, monkeypatch):
    few = page_check.write_sounds
    wanted = ("music_44100_six.wav", "music_48000_mono.flac", "opposed.wav", "high_tone.wav")
    monkeypatch.setattr(page_check, "write_sounds", lambda folder: [p for p in few(folder) if p.name in wanted])
    report = check_page(page[1], page[0], "chromium", tmp_path / "sounds")
    assert report.is_right and report.browser.startswith(("Chromium", "Google Chrome"))
    assert {row.name: row.method for row in report.rows} == {
        "music_44100_six.wav": "wav", "opposed.wav": "wav", "high_tone.wav": "wav",
        "music_48000_mono.flac": "own_resampler",
    }  # fmt: skip


def test_dynamic_weights_are_rounded_otherwise_and_may_differ_more(page, tmp_path, monkeypatch):
    model = model_with_facts(tmp_path / "dynamic.tflite", lite_content(), quantization="dynamic")
    few = page_check.write_sounds
    monkeypatch.setattr(page_check, "write_sounds", lambda folder: [p for p in few(folder) if p.name == "silence.wav"])
    assert check_page(page[1], model, "chromium").rows[0].tolerance == 0.05
