"""
The article's page
==================

The article's claims with two bodies side by side, what hands would feel, verdicts, and what people did.

Writes one file that any browser opens without network; ``docs/article`` is what it writes with 1024 samples.

::

    python examples/article_page.py [FOLDER] [--samples N]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import biomech as bm


def main() -> None:
    """Assess the claims, and write the page."""
    parser = argparse.ArgumentParser(description="The article's claims as a page with bodies on it")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("out/article"))
    parser.add_argument("--samples", type=int, default=32, help="bodies that are drawn for each claim")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    place = bm.view.article_page(options.folder / "index.html", samples=options.samples)
    print(f"written: {place}")


if __name__ == "__main__":
    main()
