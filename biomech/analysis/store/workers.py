"""Tasks of a study on the workers of a Dask cluster: the same tasks, computed and written where the workers are."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biomech._kernels.identity import kernel_identity
from biomech.errors import StudyError

if TYPE_CHECKING:
    from biomech.analysis.store.reading import Store

#: Does a task of the study in a place, and says how many postures it has.
Doing = Callable[[Path, Any, int], int]


def active_client() -> Any | None:
    """The client of a cluster that this process works with, if it has one (``with Client(...):``)."""
    distributed = sys.modules.get("distributed")  # who has a client has imported it
    if distributed is None:
        return None
    try:
        return distributed.default_client()
    except ValueError:
        return None


def compute_on(
    client: Any, store: Store, study: Any, missing: list[int], do: Doing, advance: Callable[[int], None]
) -> None:
    """Let workers do tasks; ``advance`` is told how many postures are done.

    Raises
    ------
    StudyError
        A worker has other kernels: the numbers would not be of one piece.
    """
    from distributed import as_completed

    # a task of its own: what was scattered would be lost with the worker that holds it, this is made anew
    shared, own = client.submit(_as_it_is, study, pure=False), kernel_identity()
    futures = client.map(_do_alike, missing, do=do, path=str(store.path), study=shared, kernels=own, pure=False)
    try:
        for future in as_completed(futures):  # type: ignore[no-untyped-call]
            advance(future.result())
            future.release()
    except BaseException:
        client.cancel(futures)
        raise


def _as_it_is(study: Any) -> Any:
    return study


def _do_alike(task: int, do: Doing, path: str, study: Any, kernels: tuple[str, str]) -> int:
    """Do a task where the kernels are those of who asks."""
    here = kernel_identity()
    if here != kernels:
        raise StudyError(
            f"{path}: a worker has the kernels {here[0]} {here[1][:8]}, not {kernels[0]} {kernels[1][:8]}: numbers "
            "would not be of one piece; give all one version and one CPU level (BIOMECH_CPU)"
        )
    return do(Path(path), study, task)
