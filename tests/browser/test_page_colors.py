"""Colours of the page in both schemes: contrasts by WCAG 2.2 (1.4.3 for text, 1.4.11 for graphics and controls)."""

from __future__ import annotations

import re

import pytest

from tests.helpers.page_site import PAGE

STYLE = (PAGE / "style.css").read_text(encoding="utf-8")
TEXT, GRAPHICS = 4.5, 3.0
# Upper colour, the one below it. "a*0.12+b" is a colour of that share over another.
READ = (
    "ink page", "ink card", "ink alert-page", "ink lane", "ink accent*0.12+card", "ink page*0.85+card", "quiet page",
    "quiet card", "quiet accent*0.12+card", "accent page", "accent card", "on-accent accent", "on-active active",
)  # fmt: skip
SEEN = (
    "edge page", "edge card", "accent page", "accent card", "alert-line page", "wave card", "shade*0.85+lane lane",
    "shade lane", "active lane", "active card", "hatch lane", "playhead card",
)  # fmt: skip


def scheme(dark):
    """Return the colours of a scheme, name -> RGB 0 to 1."""
    light_block, dark_block = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    return {
        name: tuple(int(value[i : i + 2], 16) / 255 for i in (0, 2, 4))
        for name, value in re.findall(r"--([a-z-]+): #([0-9a-f]{6})", light_block + (dark_block if dark else ""))
    }


def color(words, colors):
    upper, star, rest = words.partition("*")
    if not star:
        return colors[words]
    share, _, lower = rest.partition("+")
    pairs = zip(colors[upper], colors[lower], strict=True)
    return tuple(float(share) * above + (1 - float(share)) * below for above, below in pairs)


def contrast(first, second):
    """Return the contrast ratio of two colours, 1 to 21."""

    def luminance(rgb):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lower, higher = sorted((luminance(first), luminance(second)))
    return (higher + 0.05) / (lower + 0.05)


def test_the_ratio_is_that_of_the_standard():
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast((0x77 / 255,) * 3, (1, 1, 1)) == pytest.approx(4.48, abs=0.005)  # the well-known #777


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(READ, TEXT), (SEEN, GRAPHICS)], ids=["text", "graphics"])
def test_all_that_is_read_or_seen_stands_out(dark, pairs, least):
    colors = scheme(dark)
    ratios = {pair: contrast(*(color(words, colors) for words in pair.split())) for pair in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < least} == {}


def test_a_dark_scheme_names_every_colour_and_a_saved_picture_has_the_light_ones():
    light_block, dark_block = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    names = re.findall(r"--([a-z-]+):", light_block)
    assert names == re.findall(r"--([a-z-]+):", dark_block) and len(names) == len(set(names))
    painting = (PAGE / "app" / "painting.js").read_text(encoding="utf-8")
    paper = re.findall(r"'?([a-z-]+)'?: '(#[0-9a-f]{6})'", painting.partition("PAPER = {")[2].partition("}")[0])
    light = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", light_block))
    assert paper and all(light[name] == value for name, value in paper)
