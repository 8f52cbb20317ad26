"""Arrays over postures as text that a page can hold: a header that says where each lies, and one block in base64.

A column that is the same in every posture is held once, and so is one that equals another: of a body that stands
symmetrically the left half. What is drawn is rounded to what a screen can show; what is read is a 32-bit float.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Types by the name of what reads them in a browser, all little-endian.
_READERS = {"<f4": "Float32Array", "<i2": "Int16Array", "|u1": "Uint8Array", "|i1": "Int8Array"}
#: Stands for no number in a whole number of 16 bits.
NONE = -32768


@dataclass(frozen=True)
class Packed:
    """Arrays for a page: ``header`` by name, to be written as JSON, and ``block``, base64."""

    header: dict[str, Any]
    block: str


def pack(arrays: Mapping[str, NDArray[Any]]) -> Packed:
    """Pack arrays (posture, ...) of small types; each is read column by column."""
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    for name, array in arrays.items():
        columns = np.ascontiguousarray(array.reshape(len(array), -1))
        varying, constant, of = _split(columns)
        data = np.ascontiguousarray(varying).tobytes()
        data += b"\0" * (-len(data) % 4)  # a browser reads 32-bit numbers at multiples of 4
        header[name] = {
            "type": _READERS[columns.dtype.str],
            "at": at,
            "count": varying.size,
            "of": of,
            "same": [None if own == NONE or not math.isfinite(own) else own for own in constant],
        }
        parts.append(data)
        at += len(data)
    return Packed(header, base64.b64encode(b"".join(parts)).decode())


def _split(columns: NDArray[Any]) -> tuple[NDArray[Any], list[Any], list[int]]:
    """Columns that vary, each once (column, posture); those that do not; and where each is: -1, -2... among these."""
    varying: dict[bytes, int] = {}
    kept: list[NDArray[Any]] = []
    constant: dict[bytes, int] = {}
    values: list[Any] = []
    of: list[int] = []
    for column in columns.T:
        if (column == column[0]).all() or (column != column).all():
            key = column[:1].tobytes()
            if key not in constant:
                constant[key] = len(values)
                values.append(column[0].item())
            of.append(-1 - constant[key])
        else:
            key = column.tobytes()
            if key not in varying:
                varying[key] = len(kept)
                kept.append(column)
            of.append(varying[key])
    return np.array(kept, dtype=columns.dtype).reshape(len(kept), len(columns)), values, of


def rounded(values: NDArray[Any], step: float) -> NDArray[np.int16]:
    """Multiples of a step in 16 bits; what is no number, or too large, is ``NONE``."""
    with np.errstate(invalid="ignore"):
        whole = np.rint(np.asarray(values, dtype=np.float64) / step)
        fits = np.abs(whole) < -NONE
    return np.where(fits, np.nan_to_num(whole, nan=0.0, posinf=0.0, neginf=0.0), NONE).astype("<i2")


def percent(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Whole percent in 8 bits, 255 where there is no number."""
    with np.errstate(invalid="ignore"):
        whole = np.clip(np.rint(100.0 * np.asarray(values, dtype=np.float64)), 0.0, 254.0)
    return np.where(np.isnan(whole), 255, np.nan_to_num(whole)).astype("|u1")


def codes(values: NDArray[Any]) -> NDArray[np.int8]:
    """Codes in 8 bits, -1 where there is none."""
    whole = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(whole), np.nan_to_num(whole), -1.0).astype("|i1")


def floats(values: NDArray[Any]) -> NDArray[np.float32]:
    """Numbers that are read: 32 bits."""
    with np.errstate(over="ignore"):
        return np.asarray(values, dtype="<f4")
