"""Arrays as kernels take them: the type of their entries and the number of their dimensions.

An entry point, and every tuple of tables that it takes, is annotated with these, so that its compiled form follows from
its source alone.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray


class ArrayKind(NamedTuple):
    """Code of NumPy's for the type of the entries (``f8``), and the number of dimensions; C-contiguous."""

    code: str
    ndim: int


Array1 = Annotated[NDArray[np.float64], ArrayKind("f8", 1)]
Array2 = Annotated[NDArray[np.float64], ArrayKind("f8", 2)]
Array3 = Annotated[NDArray[np.float64], ArrayKind("f8", 3)]
Index1 = Annotated[NDArray[np.int64], ArrayKind("i8", 1)]
Index2 = Annotated[NDArray[np.int64], ArrayKind("i8", 2)]
Flags1 = Annotated[NDArray[np.bool_], ArrayKind("b1", 1)]
Flags2 = Annotated[NDArray[np.bool_], ArrayKind("b1", 2)]
#: Without a sign, so that kernels need not ask whether one counts from the end.
IndexArray = Annotated[NDArray[np.uint64], ArrayKind("u8", 1)]
