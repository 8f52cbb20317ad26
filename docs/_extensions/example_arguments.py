"""What each example is asked for in the gallery: its own defaults, written where builds go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: Examples that write a folder; all others but the last draw a figure.
FOLDERS = {"article_page", "findings", "validation"}
NOTHING_WRITTEN = {"study_on_a_cluster"}
#: Seen from the examples, where the gallery runs them.
_OUT = Path("../build/gallery")


def arguments(_settings: dict[str, Any], script: dict[str, Any]) -> list[str]:
    """The command line of one example."""
    name = Path(script["src_file"]).stem
    if name in NOTHING_WRITTEN:
        return []
    return [str(_OUT / name)] if name in FOLDERS else ["--figure", str(_OUT / f"{name}.png")]
