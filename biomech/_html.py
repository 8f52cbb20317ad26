"""HTML of what notebooks show: every name is escaped, for it may come from anybody.

What is given as text is text, whatever stands in it; only what these functions made is markup (``Markup``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


class Markup(str):
    """HTML that is safe as it stands: what the functions of this module made."""

    __slots__ = ()


#: Looks of tables and details: they take the notebook's own colours, dark or light.
_TABLE = "border-collapse:collapse;font-size:90%;margin:.3em 0"
_CELL = "text-align:left;padding:.1em .8em .1em 0;vertical-align:top"


def escaped(value: object) -> Markup:
    """Text as HTML; what is markup already stays as it is."""
    return value if isinstance(value, Markup) else Markup(escape(str(value), quote=True))


def element(name: str, *content: object, style: str = "") -> Markup:
    """An element with what it holds, one after the other."""
    looks = f' style="{escape(style, quote=True)}"' if style else ""
    return Markup(f"<{name}{looks}>{''.join(map(escaped, content))}</{name}>")


def table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> Markup:
    """A table: its columns' heads, and the cells of each row."""
    top = element("tr", *(element("th", own, style=_CELL) for own in head))
    body = (element("tr", *(element("td", own, style=_CELL) for own in row)) for row in rows)
    return element("table", element("thead", top), element("tbody", *body), style=_TABLE)


def details(summary: object, *content: object) -> Markup:
    """What is folded away until somebody asks for it."""
    return element("details", element("summary", summary), *content)


def record(head: object, facts: Iterable[tuple[object, object]], *more: Markup) -> Markup:
    """How an object shows itself: its name, facts about it in a table, and what is folded away."""
    rows = (element("tr", element("th", name, style=_CELL), element("td", fact, style=_CELL)) for name, fact in facts)
    return element("div", element("strong", head), element("table", element("tbody", *rows), style=_TABLE), *more)
