"""Colours that people tell apart who do not tell red from green: after Machado et al. 2009, measured by CAM02-UCS."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import colorspacious
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import biomech.view.charts
from biomech.view.charts.colours import CATEGORIES, INK, MARKS, MOST_LINES, MUTED, contrast_ratio, ordered, text_on
from biomech.view.charts.findings import COLOURS

#: A distance of 1 is hardly seen side by side; small marks apart from each other need some twenty.
APART = 20.0
EYES = {"usual": None, "deuteranope": "deuteranomaly", "protanope": "protanomaly"}


def distance(one, other, eye):
    """How far apart two colours look."""
    rgb = np.array([to_rgb(one), to_rgb(other)])
    if EYES[eye]:
        space = {"name": "sRGB1+CVD", "cvd_type": EYES[eye], "severity": 100}
        rgb = np.clip(colorspacious.cspace_convert(rgb, space, "sRGB1"), 0.0, 1.0)
    return np.linalg.norm(np.diff(colorspacious.cspace_convert(rgb, "sRGB1", "CAM02-UCS"), axis=0))


@pytest.mark.parametrize("eye", EYES)
def test_categories_are_told_apart(eye):
    for one, other in itertools.combinations(CATEGORIES, 2):
        assert distance(one, other, eye) >= APART, (one, other)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("count", range(2, MOST_LINES + 1))
def test_things_with_an_order_are_told_apart(count, eye):
    assert len(set(ordered(count))) == count
    for one, other in itertools.combinations(ordered(count), 2):
        assert distance(one, other, eye) >= APART, (one, other)


def test_the_check_bites():
    """Teal and grey of the findings as they were, and red and green of the same lightness."""
    assert distance("#1b7f79", "#7a7a7a", "deuteranope") < APART
    assert distance("#c85a5a", "#7c8a3c", "deuteranope") < APART < distance("#c85a5a", "#7c8a3c", "usual")
    assert contrast_ratio("#9ad93c") < 3.0  # the yellow-green of the main figure as it was


def test_lines_and_text_stand_out_from_paper():
    for colour in (*CATEGORIES, *(own for count in range(1, MOST_LINES + 1) for own in ordered(count))):
        assert contrast_ratio(colour) >= 3.0, colour
    for colour in (INK, MUTED):
        assert contrast_ratio(colour) >= 4.5, colour


def test_contrast_is_that_of_the_standard():
    """Of W3C's examples: #777777 on white fails its 4.5, #767676 passes."""
    assert contrast_ratio("#777777") < 4.5 < contrast_ratio("#767676")
    assert text_on("#ffffff") == INK != text_on("#1b3a6b")


def test_marks_say_what_colours_say():
    assert len(set(MARKS)) == len(CATEGORIES) == MOST_LINES


def test_all_colours_are_of_the_palette():
    assert set(COLOURS.values()) == set(CATEGORIES)
    for file in Path(biomech.view.charts.__path__[0]).glob("*.py"):
        if file.name != "colours.py":
            assert not re.findall(r"#[0-9a-fA-F]{6}\b", file.read_text()), file.name
