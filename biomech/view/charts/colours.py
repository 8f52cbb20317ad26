"""The colours of every chart, and the marks that say the same without colour.

Deuteranopes and protanopes tell any two of ``CATEGORIES`` apart, and any two of ``ordered``; all stand out from white
by 3:1 or more, as WCAG 2.2 asks of graphics and large text, and text that explains by 4.5:1. Tested: by distance in
CAM02-UCS, as deuteranopes see them after Machado, Oliveira & Fernandes (2009). Found by search among the hues of Okabe
& Ito (2008), darkened until they stand out.
"""

from __future__ import annotations

#: A colour of Matplotlib's.
Colour = str | tuple[float, float, float] | tuple[float, float, float, float]

PAPER = "#ffffff"
#: Text, and the line of no change.
INK = "#222222"
#: Text that explains.
MUTED = "#595959"
#: Areas and lines behind the data, which are meant to stand back.
GRID, BAND = "#dddddd", "#ececec"

BLUE, BROWN, OCHRE, PLUM, GREY = "#2488c6", "#7a3b00", "#b07d00", "#6a2c70", "#757575"
NAVY = "#1b3a6b"
#: Things without an order.
CATEGORIES = (BLUE, BROWN, OCHRE, PLUM, GREY, INK)
#: One for each colour, so that a chart can be read without any.
MARKS = ("o", "s", "^", "D", "v", "P")
#: Most lines that one panel has.
MOST_LINES = len(MARKS)
#: Map of a number to colour: its lightness alone says the number.
SEQUENTIAL = "cividis"

#: From dark blue over light to brown and black, for as many things as have an order.
_ORDERED = {
    1: (NAVY,),
    2: (NAVY, OCHRE),
    3: (NAVY, BLUE, OCHRE),
    4: (NAVY, BLUE, OCHRE, BROWN),
    5: (NAVY, BLUE, GREY, OCHRE, BROWN),
    6: (NAVY, BLUE, GREY, OCHRE, BROWN, INK),
}


def ordered(count: int) -> tuple[str, ...]:
    """Colours of up to ``MOST_LINES`` things that have an order.

    Examples
    --------
    >>> from biomech.view.charts.colours import ordered
    >>> ordered(4)
    ('#1b3a6b', '#2488c6', '#b07d00', '#7a3b00')
    """
    return _ORDERED[count]


def luminance(colour: Colour) -> float:
    """Relative luminance of a colour of Matplotlib's, 0 to 1 (WCAG 2.2)."""
    from matplotlib.colors import to_rgb

    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast_ratio(one: Colour, other: Colour = PAPER) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2.2).

    Examples
    --------
    >>> from biomech.view.charts.colours import contrast_ratio
    >>> contrast_ratio("black")
    21.0
    """
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def text_on(colour: Colour) -> str:
    """Dark text or white: what stands out more."""
    return max(INK, PAPER, key=lambda own: contrast_ratio(own, colour))
