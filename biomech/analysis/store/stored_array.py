"""A variable of a store: read when it is asked for, as the type that it has in an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core.indexing import ExplicitIndexer, IndexingSupport, explicit_indexing_adapter

from biomech._arguments import shown
from biomech.analysis.store.layout import Kept
from biomech.errors import StudyError


class StoredArray(BackendArray):
    """What xarray reads a variable through.

    Parameters
    ----------
    path : Path
        The store.
    kept : Kept
        The variable.
    shape : tuple of int
        Its shape.
    """

    def __init__(self, path: Path, kept: Kept, shape: tuple[int, ...]) -> None:
        self.path, self.kept, self.shape = path, kept, shape
        self.dtype = np.dtype(kept.dtype)
        self._opened: Any = None

    def __getitem__(self, key: ExplicitIndexer) -> Any:
        return explicit_indexing_adapter(key, self.shape, IndexingSupport.OUTER, self._decoded)

    def numbers(self, key: tuple[Any, ...]) -> NDArray[Any]:
        """Numbers as they are kept.

        Raises
        ------
        StudyError
            A chunk cannot be read, or is not what was written.
        """
        import zarr

        try:
            if self._opened is None:
                self._opened = zarr.open_array(self.path / self.kept.name, mode="r", zarr_format=3)
            return np.asarray(self._opened.oindex[key] if key else self._opened[...])
        except Exception as error:  # whatever a library makes of bytes that anybody may have changed
            raise self._unreadable(error) from error

    def _decoded(self, key: tuple[Any, ...]) -> NDArray[Any]:
        numbers = self.numbers(key)
        try:
            return self.kept.decoded(numbers)
        except ValueError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> StudyError:
        return StudyError(
            f"{self.path}: {self.kept.name} cannot be read ({shown(error)}); a task of which the chunk of status is "
            "removed is computed anew by the same sweep"
        )
