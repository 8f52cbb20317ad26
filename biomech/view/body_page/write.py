"""``page``: an answer as one file that any browser opens, without network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biomech._arguments import text
from biomech._whole_files import whole_file
from biomech.errors import StanceError
from biomech.view.body_page.answer import read_answer
from biomech.view.body_page.contents import contents

if TYPE_CHECKING:
    import xarray as xr

    from biomech.model.model import Model

#: Parts of the script that every page has, in the order in which they are read.
SCRIPTS = ("data.js", "figure.js", "muscles.js", "body.js", "charts.js", "panel.js", "frame.js")


@dataclass(frozen=True)
class Page:
    """What a page is made of: template, heading, style sheet, its own script, and data that the script reads."""

    template: str
    heading: str
    style: str
    script: str
    data: Any


def page(
    ds: xr.Dataset,
    path: str | os.PathLike[str],
    *,
    model: Model | None = None,
    coordinates: Any = None,
    ground_reaction: xr.Dataset | None = None,
    title: str | None = None,
) -> Path:
    """Write an answer as a page with a body on it: one file, for any browser, also on a phone, without network.

    A slider for every dimension that was swept in numbers, a choice for every one of words; the body with its muscles,
    the forces of ground and joints to scale, the soles with the centre of pressure, the line of gravity; who carries
    how much, joint forces in newtons and body weights; and whether all of that is proven.

    Parameters
    ----------
    ds : Dataset
        What ``sweep`` or ``static_optimization`` answered, or a part of it. What it lacks is not shown, and said;
        ``status`` and ``coordinate_angle`` it must have.
    path : path-like
        The file, ``.html``. It is written whole or not at all, over one that is there.
    model : Model, optional
        The body, where ``ds`` does not tell it.
    coordinates : mapping or Dataset, optional
        What ``static_optimization`` took, where ``ds`` has no ``coordinate_angle`` any more.
    ground_reaction : Dataset, optional
        What ``static_optimization`` took, where ``ds`` has no ``ground_force`` and ``center_of_pressure`` any more.
    title : str, optional
        Heading of the page.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    StanceError
        ``ds`` is no answer, lacks what a body cannot be drawn without, or has more postures than a page holds: the
        message says how to thin it. Nothing is written.

    Examples
    --------
    >>> import biomech as bm, tempfile, pathlib
    >>> ds = bm.sweep(bm.load_model("small"), pelvic_tilt=0, knee_flexion=[0, 10, 20])
    >>> folder = tempfile.TemporaryDirectory()
    >>> bm.view.page(ds, pathlib.Path(folder.name) / "knees.html").name
    'knees.html'
    >>> folder.cleanup()
    """
    place = read_place(path)
    answer = read_answer(ds, model, coordinates, ground_reaction)
    heading = _heading(ds) if title is None else text("title", title)
    header, packed = contents(answer)
    script = "\n".join(asset(name) for name in (*SCRIPTS, "page.js"))
    data = {"header": header, "block": packed.block}
    return write_page(place, Page(asset("page.html"), heading, asset("page.css"), script, data))


def read_place(path: object) -> Path:
    """Where a page is to be written, whose folder there must be."""
    if not isinstance(path, str | os.PathLike):
        raise StanceError(f"path = {path!r}: must be the path of a file to write")
    place = Path(os.fspath(path))
    if place.is_dir() or not place.name:
        raise StanceError(f"path = {str(path)!r}: is a folder; must be the path of a file to write")
    if not place.parent.is_dir():
        raise StanceError(f"path = {str(path)!r}: there is no folder {str(place.parent)!r}")
    return place


def _heading(ds: xr.Dataset) -> str:
    return str(ds.attrs.get("meaning") or "Which muscles carry the load?")


@cache
def asset(name: str, package: str = "biomech.view.body_page") -> str:
    """A part of a page, as it lies in the package."""
    return (files(package) / "assets" / name).read_text(encoding="utf-8")


def write_page(place: Path, page: Page) -> Path:
    """Fill a template and write it beside its place, then there.

    The page may load nothing, and run only the scripts whose hashes it names: not even what slipped past the escaping.
    """
    library = asset("three.bundle.js").replace("</script", "<\\/script")
    own = "(() => {\n'use strict';\n" + page.script + "\n})();"
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(page.style)}'; "
        f"script-src '{_hash(library)}' '{_hash(own)}'; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "TITLE": html.escape(page.heading),
        "POLICY": html.escape(policy),
        "STYLE": page.style,
        "LIBRARY": library,
        "SCRIPT": own,
        "DATA": as_json(page.data),
    }
    pieces = page.template.split("@@")  # every other piece is the name of a part
    filled = "".join(parts[piece] if i % 2 else piece for i, piece in enumerate(pieces))
    try:
        with whole_file(place) as making:
            making.write_text(filled, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StanceError(f"path = {str(place)!r}: cannot be written ({error.strerror})") from error
    return place


def as_json(data: Any) -> str:
    """JSON that can stand inside a script element, whatever names are in it."""
    told = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return told.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
