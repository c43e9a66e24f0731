"""The page itself; test_single_label_page.py and test_multi_label_page.py look at whole reports."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import os
import re
from pathlib import Path

import pytest

from irmas_tf.pictures.svg import Svg, picture, words
from irmas_tf.reports.page import ClipCard, Figure, Headline, ReportPage, Section, Table, write_page
from tests.helpers import page_checks

check_page = page_checks.check_page

EVIL = [
    "<script>alert(1)</script>", "</style><img src=x onerror=alert(1)>", "\"><svg onload='x'>", "a & b &amp; c",
    os.fsdecode(b"latin\xe9\xff.wav"), "new\nline\x00\x1b[31m", "\u202egnp.wav", "]]>--><!--",
]  # fmt: skip


def drawing(text: str) -> Svg:
    svg = picture(10, 10, text, "chart timeline")
    words(svg, 1, 2, text, "name")
    return svg


def make_page(text: str) -> ReportPage:
    """Return a page with everything on it, and a text wherever there can be one."""
    table = Table(text, ("a", text), ((text, text), ("b", drawing(text))), (text,), "stack mono")
    figure = Figure("x", text, drawing(text), text)
    card = ClipCard(text, ((text, text, "right"),), drawing(text), "data:audio/mpeg;base64,AAAA", text)
    return ReportPage(
        title=text,
        facts=(text, "b"),
        headlines=(Headline(text, 0.5, 0.4, 0.6, ((text, 0.1),), text), Headline("one song", 0.5)),
        sections=(
            Section("one", text, text, (table, figure, card, card), (table, figure), text),
            Section("two", "empty"),
        ),
        warnings=(text,),
        footer=text,
    )


def page_of(*blocks: Table | Figure) -> str:
    return ReportPage("t", (), (Headline("Accuracy", 0.5),), (Section("s", "S", "", blocks),)).render()


@pytest.mark.parametrize("text", ["plain", *EVIL])
def test_every_text_stays_text(text: str) -> None:
    reader = check_page(make_page(text).render())
    plain = check_page(make_page("plain").render())
    assert [tag for tag, _ in reader.tags] == [tag for tag, _ in plain.tags], "a text became a tag"
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    assert "".join(reader.text).count(shown) >= "".join(plain.text).count("plain")


def test_the_only_script_is_the_one_that_the_policy_names() -> None:
    html = make_page("x").render()
    (script,) = re.findall("<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html


def test_sections_are_linked_and_their_names_differ() -> None:
    page = make_page("x")
    links = [a["href"] for a in check_page(page.render()).of("a")]
    assert links == ["#one", "#two"]
    twice = dataclasses.replace(page, sections=(page.sections[0], page.sections[0]))
    with pytest.raises(ValueError, match="different anchors"):
        twice.render()


def test_scores_are_said_in_words_beside_their_picture() -> None:
    headlines = (Headline("Accuracy", 0.5, 0.25, 0.75, (("always voice", 0.125),)), Headline("mAP", 0.5))
    html = ReportPage("t", (), headlines, ()).render()
    assert "0.500" in html and "95 % interval 0.250 – 0.750" in html and '<span class="number">0.125</span>' in html
    assert 'aria-label="Accuracy 0.500, 95 % interval 0.250 – 0.750; always voice: 0.125"' in html
    assert 'aria-label="mAP 0.500, no interval"' in html


def test_cards_stand_side_by_side_and_tables_alone_unless_told() -> None:
    figure = Figure("f", "f", drawing("x"))
    table = Table("t", ("a",), (("b",),))
    html = page_of(figure, dataclasses.replace(table, in_grid=True), table, figure)
    assert html.count('<div class="grid">') == 2
    grids = re.findall('<div class="grid">(.*?)\n</div>\n', html, re.DOTALL)
    assert [grid.count("<figure") for grid in grids] == [1, 1] and [grid.count("<table") for grid in grids] == [1, 0]


def test_clips_come_before_the_settings_and_figures_are_files() -> None:
    page = make_page("x")
    page = dataclasses.replace(page, sections=(*page.sections, Section("settings", "Settings")))
    assert [s.anchor for s in page.with_clips([Section("worst", "w")]).sections] == ["one", "two", "worst", "settings"]
    assert [figure.name for figure in page.figures()] == ["x", "x"]


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_page(make_page("first"), tmp_path / "new" / "report.html")
    before = path.read_bytes()
    assert before.startswith(b"<!DOCTYPE html>")

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", broken)
    with pytest.raises(OSError, match="disk full"):
        write_page(make_page("second"), path)
    assert path.read_bytes() == before and os.listdir(path.parent) == ["report.html"]


def test_the_checks_can_fail() -> None:
    html = make_page("x").render()
    for broken in (
        html.replace("</main>", ""),
        html.replace("</h2>", "</h3>", 1),
        html.replace('id="two"', 'id="one"'),
        html.replace("data:audio", "https://example.org/a"),
        html.replace("<footer>", '<footer onclick="x()">'),
        html.replace('href="#one"', 'href="#three"'),
        html.replace("<footer>", '<footer class="a" class="b">'),
    ):
        assert broken != html
        with pytest.raises(AssertionError):
            check_page(broken)


@pytest.fixture(scope="module")
def browser() -> str:
    path = page_checks.find_browser()
    if path is None:
        pytest.skip(f"no browser on the PATH (looked for {', '.join(page_checks.BROWSERS)}): pages are not rendered")
    return path


@pytest.mark.slow
def test_a_browser_renders_the_page_without_complaint(browser: str, tmp_path: Path) -> None:
    path = write_page(make_page(EVIL[1]), tmp_path / "report.html")
    picture = tmp_path / "page.png"
    assert page_checks.console_of(browser, path, tmp_path / "profile", f"--screenshot={picture}") == []
    page_checks.wait_for(picture)
    assert picture.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.slow
def test_the_browsers_console_is_heard(browser: str, tmp_path: Path) -> None:
    html = make_page("x").render().replace("<footer>", '<img src="https://example.org/x.png"><footer>')
    path = tmp_path / "bad.html"
    path.write_text(html, encoding="utf-8")
    shown = page_checks.console_of(browser, path, tmp_path / "profile", f"--screenshot={tmp_path}/page.png")
    assert any("Content Security Policy" in line for line in shown)
