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
    r"examples/(\w+)\.py": r"/gallery/\1.rst",
}


def redirect(app: Sphinx, docname: str, source: list[str]) -> None:
    """Rewrite the links of one page."""
    for path, page in SHOWN.items():
        source[0] = re.sub(rf"\]\((?:\.\./)+{path}(#[\w-]+)?\)", lambda found: f"]({found.expand(page)}{found[found.re.groups] or ''})", source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect with Sphinx."""
    app.connect("source-read", redirect)
    return {"parallel_read_safe": True}
