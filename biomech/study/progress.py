"""Progress of long work."""

from __future__ import annotations

from typing import Any


def progress_bar(count: int, unit: str, progress: bool | None) -> Any:
    """A bar of tqdm: shown, hidden, or (None) shown in a terminal when the work takes more than two seconds."""
    from tqdm import tqdm

    shown = {"disable": not progress, "delay": 0.0} if progress is not None else {"disable": None, "delay": 2.0}
    return tqdm(total=count, unit=f" {unit}", **shown)
