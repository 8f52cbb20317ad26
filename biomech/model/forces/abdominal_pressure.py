"""Abdominal pressure extends the lumbar spine, the more the more weight and load flex it (Mairiaux et al. 1984).

It is off unless ``settings/pressure_share`` asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from biomech._kernels import kernel

Array = NDArray[np.float64]
Number = TypeVar("Number", float, NDArray[np.float64])

#: Its numbers among the settings.
PRESSURE = ("pressure_share", "pressure_slope", "pressure_offset", "pressure_area", "pressure_arm")


def abdomen_of(settings: Iterable[Number]) -> tuple[Number, Number, Number, Number]:
    """Rise (Pa/(N.m)) and offset (Pa) of the abdominal pressure that acts, its area (m2) and arm (m).

    ``settings`` are the numbers ``PRESSURE``, each that of a body or an array over bodies.
    """
    share, slope, offset, area, arm = settings
    return share * slope, share * offset, area, arm


@kernel
def add_abdominal_pressure(abdomen: Array, lumbar: int, given: Array, pressure: Array) -> None:
    """Add its generalised force on the coordinate ``lumbar`` to what weight and load do there.

    ``abdomen`` (5,) as in ``ModelTables``; the pressure goes to ``pressure`` (1,), in Pa.
    """
    rise, offset, area, arm, share = abdomen[0], abdomen[1], abdomen[2], abdomen[3], abdomen[4]
    pressure[0] = max(offset - rise * given[lumbar] / share, 0.0)
    given[lumbar] += area * arm * share * pressure[0]
