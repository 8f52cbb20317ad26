"""Progress of long work."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Any

import numpy as np

from biomech._arguments import refusal


def read_progress(progress: object) -> bool | None:
    """Whether to show a bar, as the caller asks for it; refused by name where that is nothing of the kind."""
    if progress is not None and not isinstance(progress, bool | np.bool_):
        raise refusal("progress", progress, "True, False or None")
    return None if progress is None else bool(progress)


def progress_bar(count: int, unit: str, progress: bool | None, done: int = 0) -> Any:
    """A bar of tqdm: shown, hidden, or (None) shown to a person when the work takes more than two seconds.

    A person is there in a terminal and in a notebook. There the bar is a widget where ipywidgets are installed, and
    text where they are not. ``done`` were done before. tqdm's own ``TQDM_DISABLE`` hides what nobody asked for.
    """
    notebook = _in_notebook()
    hidden: bool | None
    if progress is None and os.environ.get("TQDM_DISABLE", "0") not in ("", "0"):
        hidden, delay = True, 0.0
    elif progress is None:
        hidden, delay = (False if notebook else None), 2.0  # None: where there is no terminal
    else:
        hidden, delay = not progress, 0.0
    return _bar(notebook)(total=count, initial=done, unit=f" {unit}", disable=hidden, delay=delay)


def _in_notebook() -> bool:
    """Whether this is the kernel of a notebook."""
    # where nobody has imported IPython this is none
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def _bar(notebook: bool) -> Any:
    """The kind of bar; ``tqdm.auto`` would warn where there are no widgets."""
    if notebook and importlib.util.find_spec("ipywidgets"):
        from tqdm.notebook import tqdm as widget

        return widget
    from tqdm import tqdm

    return tqdm
