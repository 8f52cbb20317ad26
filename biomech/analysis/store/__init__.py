"""Studies as files: written task by task, resumed, opened, and described so that they can be computed again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr


def store_study(to: object, study: Any, progress: bool | None) -> tuple[xr.Dataset, str]:
    """Compute a study into a store or a file, by its ending; the dataset, and what is to be warned of.

    Raises
    ------
    StanceError
        ``to`` is no local path that ends in ``.zarr`` or ``.nc``.
    StudyError
        It holds something else, or cannot be written.
    """
    from biomech.analysis.store.reading import read_place

    place = read_place("to", to)
    if place.suffix == ".nc":
        from biomech.analysis.store.netcdf import write_file

        return write_file(place, study, progress)
    from biomech.analysis.store.writing import write_study

    return write_study(place, study, progress)
