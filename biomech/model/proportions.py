"""What belongs to a body and follows it: shares of its mass, and of the lengths of its bones.

``settings`` and ``passive`` hold numbers in kg, m and N.m that were measured on one body. When masses or bones of a
model are changed, they change in proportion, unless the same change names them. Of similar bodies every number then
is that of the body of its size, and activations are the same where muscles are as strong for their load.

What is scaled by which power of mass and length follows from units: an arm by the length, a passive moment by mass
times length, the abdominal pressure over a moment by length to the -3. A single bone or segment that is changed says
nothing about the others: mass and length that all share are medians over the body.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from biomech.model.mechanics.splines import spline_values
from biomech.model.roles import THIGHS
from biomech.model.tables import Table

Array = NDArray[np.float64]

#: Rows of a table's ``value``, and the powers of the measures in ``_growth`` that they follow.
_FOLLOWS: tuple[tuple[str, str, dict[str, int]], ...] = (
    # the share of the whole body's mass in de Leva 1996
    ("settings", "arms_mass", {"body_mass": 1}),
    ("settings", "height", {"length": 1}),
    ("settings", "arms_drop", {"length": 1}),
    ("settings", "shoulder_?", {"length": 1}),
    ("settings", "hand_rest_?", {"thigh": 1}),
    ("settings", "toe_tip", {"foot": 1}),
    ("settings", "sole_height", {"sole": 1}),
    ("settings", "pressure_slope", {"length": -3}),
    ("settings", "pressure_offset", {"mass": 1, "length": -2}),
    ("settings", "pressure_area", {"length": 2}),
    ("settings", "pressure_arm", {"length": 1}),
    ("passive", "riener_scale", {"mass": 1, "length": 1}),
    ("passive", "*_stiffness", {"mass": 1, "length": 1}),
    ("passive", "lumbar_curve_moment", {"mass": 1, "length": 1}),
    ("passive", "lumbar_curve_arm", {"length": 1}),
    ("patellar_tendon", "arm*", {"length": 1}),
)
_MEASURED = ("segments", "joints", "couplings", "splines", "contact_points")
#: A quotient nearer to 1 than this is rounding.
_ROUNDING = 1e-12


def follow(old: Mapping[str, Table], new: Mapping[str, Table], named: set[tuple[str, str]]) -> dict[str, Table]:
    """Tables in which what belongs to the body has followed a change of its masses and lengths.

    Parameters
    ----------
    old, new : mapping of str to Table
        The tables before and after the change; both sound, with the same rows.
    named : set of (table, row)
        What the change itself sets: it stays as it is.

    Returns
    -------
    dict of str to Table
        The new tables; the same objects where nothing follows.
    """
    if all(old[name] is new[name] for name in _MEASURED):
        return dict(new)
    return grown(new, _growth(old, new), named)


def grown(
    given: Mapping[str, Table], growth: Mapping[str, float], named: Collection[tuple[str, str]]
) -> dict[str, Table]:
    """Tables in which what belongs to the body has grown with its measures.

    Parameters
    ----------
    given : mapping of str to Table
        All tables of a body.
    growth : mapping of str to float
        The factor of each measure: ``body_mass``, ``mass`` of a segment, ``length`` of a bone, ``thigh``, ``foot``,
        ``sole`` (how high it lies).
    named : collection of (table, row)
        What stays as it is.

    Returns
    -------
    dict of str to Table
        The tables; the same objects where nothing grows.
    """
    tables = dict(given)
    for name, pattern, powers in _FOLLOWS:
        factor = float(np.prod([growth[measure] ** power for measure, power in powers.items()]))
        if abs(factor - 1.0) <= _ROUNDING:
            continue
        table = tables[name]
        rows = [i for i, row in enumerate(table.rows) if fnmatchcase(row, pattern) and (name, row) not in named]
        values = table.numbers("value")
        tables[name] = table.with_numbers("value", {i: float(values[i]) * factor for i in rows})
    return tables


def _growth(old: Mapping[str, Table], new: Mapping[str, Table]) -> dict[str, float]:
    """By what factor each measure of the body has changed."""
    before, after = (_bones(tables) for tables in (old, new))
    mass = [tables["segments"].numbers("mass") for tables in (old, new)]
    foot, sole = ([_sole(tables)[k] for tables in (old, new)] for k in (0, 1))
    thigh = [[length for (name, _), length in bones.items() if name in THIGHS] for bones in (before, after)]
    return {
        "body_mass": _quotient([mass[0].sum()], [mass[1].sum()]),
        "mass": _quotient(mass[0], mass[1]),
        "length": _quotient(list(before.values()), list(after.values())),
        "thigh": _quotient(thigh[0], thigh[1]),
        "foot": _quotient([foot[0]], [foot[1]]),
        "sole": _quotient([sole[0]], [sole[1]]),
    }


def _quotient(old: Array | list[float], new: Array | list[float]) -> float:
    """The middle one of new over old, of those whose sign stays; 1 where there is none."""
    before, after = np.asarray(old, dtype=np.float64), np.asarray(new, dtype=np.float64)
    same = before * after > 0.0
    return float(np.median(after[same] / before[same])) if same.any() else 1.0


def _bones(tables: Mapping[str, Table]) -> dict[tuple[str, str], float]:
    """Distance from each segment's joint to each joint that it carries, in the neutral pose, by segment and joint."""
    joints, lengths = tables["joints"], np.linalg.norm(joint_places(tables), axis=1)
    ends = zip(joints.text("parent"), joints.rows, strict=True)
    return dict(zip(ends, lengths.tolist(), strict=True))


def joint_places(tables: Mapping[str, Table]) -> Array:
    """Where each joint (joint, 3) lies in its parent in the neutral pose, m, in the order of ``joints``."""
    joints, couplings, splines = tables["joints"], tables["couplings"], tables["splines"]
    owner = np.array(splines.text("spline"), dtype=object)
    angle, value = splines.numbers("angle", "value").T if len(splines) else (np.zeros(0), np.zeros(0))
    offset = joints.numbers("x", "y", "z").reshape(-1, 3).copy()
    for joint, component, spline in zip(
        couplings.text("joint"), couplings.text("component"), couplings.text("spline"), strict=True
    ):
        own = owner == spline
        offset[joints.index(joint), "xyz".index(component)] += float(
            spline_values(angle[own], value[own], np.zeros(1))[0]
        )
    return offset


def _sole(tables: Mapping[str, Table]) -> tuple[float, float]:
    """How far the soles reach forward, and the mean height of their points, in the foot."""
    table = tables["contact_points"]
    on_sole = [i for i, surface in enumerate(table.text("surface")) if surface == "sole"]
    if not on_sole:
        return 0.0, 0.0
    return float(table.numbers("x")[on_sole].max()), float(table.numbers("y")[on_sole].mean())
