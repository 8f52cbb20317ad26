"""How every chart is set: its width, its sentence first, and lines that are named where they end."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from biomech._whole_files import whole_file
from biomech.view.charts.colours import GRID, INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches. README shows a picture 830 pixels wide, so that a point of text is 1.4 pixels there.
WIDTH = 8.3
#: Points: 11, 12 and 17 pixels in README.
SMALL, TEXT, HEAD = 8.0, 9.0, 12.0
#: Dots per inch of the pictures in the docs: half as many again as README shows.
_DPI = 150
#: Width of a letter over its size.
_LETTER, _BOLD_LETTER = 0.52, 0.64
_LINE_HEIGHT, _POINTS = 1.3, 72.0
#: Most lines of a paragraph: nothing that is written crowds out what is drawn.
_MOST_LINES = 5


def headline(figure: Figure, message: str, reading: str = "") -> None:
    """Put what the chart says above it, and how it is read below that, smaller; the figure grows by their lines."""
    width, room = figure.get_figwidth(), 0.1
    lines = []
    for words, size, letter, weight, colour in (
        (message, HEAD, _BOLD_LETTER, "bold", INK),
        (reading, TEXT, _LETTER, "normal", MUTED),
    ):
        if words:
            most = int((width - 0.2) * _POINTS / (letter * size))
            block = "\n".join(wrapped(line, most) for line in words.split("\n"))
            lines.append((block, size, weight, colour, room))
            room += (block.count("\n") + 1) * size * _LINE_HEIGHT / _POINTS + 0.05
    height = figure.get_figheight() + room
    figure.set_figheight(height)
    for block, size, weight, colour, top in lines:
        figure.text(0.1 / width, 1.0 - top / height, block, fontsize=size, weight=weight, color=colour, va="top",
                    linespacing=_LINE_HEIGHT - 0.1)  # fmt: skip
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0.0, 0.0, 1.0, 1.0 - room / height))  # type: ignore[call-arg]


def wrapped(words: str, most: int) -> str:
    """Lines of at most so many letters, of like lengths; a number stays with its unit."""
    words = re.sub(r"(\d) (%|N|deg)(?!\w)", "\\1\u00a0\\2", words)
    lines = textwrap.wrap(words, most, max_lines=_MOST_LINES)
    for width in range(most, most // 2, -1):
        narrower = textwrap.wrap(words, width, max_lines=_MOST_LINES)
        if len(narrower) > len(lines) or len(lines) in (1, _MOST_LINES):
            break
        lines = narrower
    return "\n".join(lines)


def tidy(panel: Axes, grid: str = "both") -> None:
    """A light grid along one axis or both, no frame."""
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(axis=grid, color=GRID, linewidth=0.7)  # type: ignore[arg-type]
    panel.set_axisbelow(True)
    panel.tick_params(labelsize=SMALL)


def label_ends(panel: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Name lines right of the panel where they end, at heights (data) that leave each its own line of text.

    Parameters
    ----------
    panel : Axes
        With its final limits.
    ends : sequence of (float, str, str)
        Height, words and colour of each; where the height is NaN the words stand at the bottom.
    """
    from scipy.optimize import isotonic_regression

    low, high = panel.get_ylim()
    ends = sorted(((low if np.isnan(y) else y, words, colour) for y, words, colour in ends), key=lambda end: end[0])
    texts = [
        panel.annotate(words, (1.0, y), (8, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                       fontsize=TEXT, color=colour, va="center", annotation_clip=False)
        for y, words, colour in ends
    ]  # fmt: skip
    panel.figure.draw_without_rendering()  # type: ignore[union-attr]  # else the panel has no height yet
    inches = panel.get_window_extent().height / panel.figure.dpi
    lines = np.array([words.count("\n") + 1.0 for _, words, _ in ends])
    steps = np.concatenate([[0.0], np.cumsum((lines[1:] + lines[:-1]) / 2.0)])
    steps *= TEXT * _LINE_HEIGHT / _POINTS / inches * (high - low)
    # the least moves that keep each a line above the one below
    places = isotonic_regression(np.array([y for y, _, _ in ends]) - steps).x + steps
    for own, place in zip(texts, places, strict=True):
        own.xy = (1.0, float(place))


def save_png(figure: Figure, file: Path) -> None:
    """Write a figure for the docs, whole or not at all, in 256 colours: a third of the size, and looks the same."""
    from PIL import Image

    file.parent.mkdir(parents=True, exist_ok=True)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=_DPI)
    # none of the mixed colours that dithering makes, which are larger and blur text
    image = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    with whole_file(file) as making:
        image.save(making, format="PNG", optimize=True)


def number(value: float) -> str:
    """A number at three digits or so, in words that a title may have.

    Examples
    --------
    >>> from biomech.view.charts.drawing import number
    >>> number(1234.5), number(12.345), number(-0.5), number(0.001)
    ('1,234', '12.3', '-0.50', '0.001')
    """
    size = abs(value)
    if 0.0 < size < 0.05:
        return f"{value:.1g}"
    return f"{value:,.{0 if size >= 100.0 else 1 if size >= 10.0 else 2}f}"
