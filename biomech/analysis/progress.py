"""Progress of long work."""

from __future__ import annotations

from typing import Any

import numpy as np

from biomech._arguments import refusal


def read_progress(progress: object) -> bool | None:
    """Whether to show a bar, as the caller asks for it; refused by name where that is nothing of the kind."""
    if progress is not None and not isinstance(progress, bool | np.bool_):
        raise refusal("progress", progress, "True, False or None")
    return None if progress is None else bool(progress)


def progress_bar(count: int, unit: str, progress: bool | None, done: int = 0) -> Any:
    """A bar of tqdm: shown, hidden, or (None) shown in a terminal when the work takes more than two seconds.

    ``done`` were done before.
    """
    from tqdm import tqdm

    shown = {"disable": not progress, "delay": 0.0} if progress is not None else {"disable": None, "delay": 2.0}
    return tqdm(total=count, initial=done, unit=f" {unit}", **shown)
