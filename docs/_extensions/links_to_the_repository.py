"""Links that lead out of ``docs`` where pages are read in the repository lead to the site's own pages on the site."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

#: What is read beside ``docs`` in the repository, and the page of the site that shows it.
SHOWN = {
    r"CHANGELOG\.md": "/about/changelog.md",
    r"CONTRIBUTING\.md": "/about/contributing.md",
    r"NOTICE\.md": "/about/credits.md",
    r"README\.md": "/index.md",
    r"examples/(?P<name>\w+)\.py": r"/gallery/\g<name>.rst",
}


def redirect(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Rewrite the links of one page."""
    for path, page in SHOWN.items():
        source[0] = re.sub(rf"\]\((?:\.\./)+{path}(?P<part>#[\w-]+)?\)", rf"]({page}\g<part>)", source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect with Sphinx."""
    app.connect("source-read", redirect)
    return {"parallel_read_safe": True}
