"""Reads what is drawn in an SVG picture."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from irmas_tf.pictures.svg import Svg


def elements(svg: Svg, kind: str) -> list[Svg]:
    """Return the elements of a class."""
    return [element for element in svg.iter() if kind in element.get("class", "").split()]


def of_class(svg: Svg, kind: str) -> list[dict[str, str]]:
    """Return the attributes of the elements of a class."""
    return [element.attrib for element in elements(svg, kind)]


def texts_of(svg: Svg, kind: str) -> list[str]:
    """Return the texts of a class."""
    return [element.text or "" for element in elements(svg, kind)]


def points_of(path: Mapping[str, str]) -> np.ndarray:
    """Return the points [points, 2] of a path's attributes."""
    return np.array([[float(v) for v in p.split()] for p in re.split("[ML]", path["d"].rstrip("Z"))[1:]])
