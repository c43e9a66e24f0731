"""Pages of 2, 20 and 300 classes with names of any length and script: what is on them, and that they fit a phone."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest

from irmas_tf.pictures.svg import svg_text
from irmas_tf.reports.class_sections import ENDS, MOST_CLASSES
from irmas_tf.reports.multi_label_page import multi_label_page
from irmas_tf.reports.page import ReportPage
from irmas_tf.reports.report import summarize
from irmas_tf.reports.single_label_page import single_label_page
from irmas_tf.runs.run_dir import RunDir
from tests.helpers.many_classes import ODD_NAMES, multi_label_of, single_label_of
from tests.helpers.page_checks import check_page, find_browser, width_within

MADE = {"single": (single_label_of, single_label_page), "multi": (multi_label_of, multi_label_page)}


def made_page(task: str, classes: int, folder: Path) -> ReportPage:
    make, draw = MADE[task]
    evaluation = make(classes)
    return draw(evaluation, summarize(evaluation), RunDir(folder / "run"))


@pytest.mark.slow
@pytest.mark.parametrize("task", MADE)
@pytest.mark.parametrize("classes", [2, 20, 300])
def test_all_classes_are_on_the_page_and_pictures_stay_readable(task, classes, tmp_path):
    page = made_page(task, classes, tmp_path)
    html = page.render()
    check_page(html)
    of_classes = page.sections[0]
    whole = (of_classes.folded or of_classes.blocks)[0]
    assert len(whole.rows) == classes
    if classes > MOST_CLASSES:
        assert [len(table.rows) for table in of_classes.blocks] == [ENDS, ENDS]
        assert len(html) < 1_000_000
    for name in ODD_NAMES[: (classes + 6) // 8]:
        assert name in unescape(html), "as it was written, joiners and all"
    for figure in page.figures():
        _, _, width, height = map(float, figure.picture.attrib["viewBox"].split())
        assert max(width, height) < 1600, "wider ones are scaled until nothing can be read"
        assert svg_text(figure.picture).count("<title>") < 2000


@pytest.mark.slow
@pytest.mark.skipif(find_browser() is None, reason="needs Chromium")
@pytest.mark.parametrize("task", MADE)
@pytest.mark.parametrize("classes", [2, 300])
def test_a_phone_need_not_move_them_sideways(task, classes, tmp_path):
    browser = find_browser()
    assert browser is not None
    assert width_within(browser, made_page(task, classes, tmp_path).render(), 320, tmp_path) == 320
