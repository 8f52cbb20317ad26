"""Orientations: body-fixed turns about x, then y, then z, and the matrices that they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Below this cosine of the second angle the first and the third turn about the same axis.
_LOCKED = 1e-9


def rotations_xyz(angles: Array) -> Array:
    """Rotations (..., 9), row by row, of body-fixed turns (..., 3) about x, y and z.

    Parameters
    ----------
    angles : ndarray, shape (..., 3)
        In degrees; whole quarters of a turn give exact zeros and ones.

    Examples
    --------
    >>> import numpy as np
    >>> rotations_xyz(np.array([0.0, 0.0, 90.0])).reshape(3, 3) @ [1.0, 0.0, 0.0]
    array([0., 1., 0.])
    """
    quarters = np.round(angles / 90.0)
    rest = np.radians(angles - 90.0 * quarters)
    turn = quarters.astype(np.int64) % 4
    sine, cosine = np.sin(rest), np.cos(rest)
    # sine and cosine of the rest and a whole number of quarters
    s = np.choose(turn, [sine, cosine, -sine, -cosine])
    c = np.choose(turn, [cosine, -sine, -cosine, sine])
    (sa, sb, sc), (ca, cb, cc) = np.moveaxis(s, -1, 0), np.moveaxis(c, -1, 0)
    rows = [cb * cc, -cb * sc, sb, ca * sc + sa * sb * cc, ca * cc - sa * sb * sc, -sa * cb]
    rows += [sa * sc - ca * sb * cc, sa * cc + ca * sb * sc, ca * cb]
    return np.stack(rows, axis=-1) + 0.0


def angles_xyz(rotation: Array) -> tuple[float, float, float]:
    """Body-fixed turns about x, y and z in degrees, the second within a quarter: the way back.

    Parameters
    ----------
    rotation : ndarray, shape (3, 3)
        Where first and third axis are the same, the third turn is 0.

    Examples
    --------
    >>> import numpy as np
    >>> angles_xyz(rotations_xyz(np.array([10.0, -20.0, 30.0])).reshape(3, 3))
    (10.0, -20.0, 30.0)
    """
    r = np.asarray(rotation, dtype=np.float64)
    across = float(np.hypot(r[0, 0], r[0, 1]))
    second = float(np.arctan2(r[0, 2], across))
    if across < _LOCKED:
        first, third = float(np.arctan2(r[2, 1], r[1, 1])), 0.0
    else:
        first, third = float(np.arctan2(-r[1, 2], r[2, 2])), float(np.arctan2(-r[0, 1], r[0, 0]))
    a, b, c = (round(float(np.degrees(angle)), 11) + 0.0 for angle in (first, second, third))
    return a, b, c
