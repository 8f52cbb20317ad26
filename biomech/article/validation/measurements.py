"""What was measured on people, by row, and the groups in which rows are judged."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from biomech._arguments import instance, number_in, one_of
from biomech.reference_data import read_rows

#: Disc force = k A p: k, its ends (lower: Dreischarf et al. 2013), and A in m2 (Wilke et al. 1999).
DISC_SHARE, DISC_SHARE_ENDS, DISC_AREA = 0.66, (0.48, 0.8), 18e-4
#: Quantity to the group in which its rows are judged; any other quantity is the activation of a muscle group.
_GROUP_OF = {
    "disc": "spine, forces",
    "hip_r": "hip",
    "knee_r": "knee, resultant",
    "knee_r_axial": "knee, axial",
    "knee_r_shear": "knee, shear",
}
_ACTIVITY, REPORTED = "muscle activity (EMG)", "reported only"
#: Groups in which rows are judged, in the order of the page; the ratios are made of the rows of the spine.
GROUPS = ("spine, ratios to standing", *_GROUP_OF.values(), _ACTIVITY)


@cache
def measurements() -> dict[str, dict[str, str]]:
    """What was measured, by row: the columns of ``reference_data/measured.csv``."""
    return {row["row"]: row for row in read_rows("measured")}


@cache
def measured_quantities() -> tuple[str, ...]:
    """Every quantity of which there is a row."""
    return tuple(dict.fromkeys(row["quantity"] for row in measurements().values()))


def group_of(row: str) -> str:
    """The group in which a row is judged, one of ``GROUPS``; "reported only" where it is not.

    Examples
    --------
    >>> from biomech.article.validation import group_of
    >>> group_of("hip_one_legged")
    'hip'
    """
    own = measurements()[one_of("row", row, measurements())]
    return REPORTED if own["role"] == "reported" else _GROUP_OF.get(own["quantity"], _ACTIVITY)


def label_of(row: str) -> str:
    """A row in plain words, with what was measured.

    Examples
    --------
    >>> from biomech.article.validation import label_of
    >>> label_of("knee_axial_knee_bend")
    'knee, axial: bending the knees'
    """
    own = measurements()[one_of("row", row, measurements())]
    return f"{_GROUP_OF.get(own['quantity'], 'EMG').replace('spine, forces', 'disc')}: {own['label']}"


def measured_value(row: Mapping[str, str]) -> tuple[float, float, float]:
    """Value and its low and high end: BW, percent, or N of a disc pressure; NaN where no end is known."""
    instance("row", row, Mapping, "a row of measurements")
    blank = {name for name in ("low", "high") if isinstance(row.get(name), str) and not row[name]}
    value, low, high = (np.nan if name in blank else number_in("row", row, name) for name in ("value", "low", "high"))
    if one_of("row['quantity']", row.get("quantity"), measured_quantities()) != "disc":
        return value, low, high
    newton = DISC_AREA * 1e6
    return DISC_SHARE * newton * value, DISC_SHARE_ENDS[0] * newton * value, DISC_SHARE_ENDS[1] * newton * value
