"""A model file to a body that answers: what it says, what its parts are, and what stands in for what is not said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from biomech.errors import ModelError
from biomech.io._text import read_path
from biomech.io.osim.anatomy.defaults import with_defaults
from biomech.io.osim.anatomy.parts import find_anatomy
from biomech.io.osim.description import LeftOut, OsimModel, UnknownWrap, WrapEllipsoid, WrapTorus
from biomech.io.osim.lines import located
from biomech.io.osim.parse.reading import open_description
from biomech.io.osim.tabulate.forces import not_computed, said_of_curves, said_of_motion
from biomech.io.osim.tabulate.tables import not_said, tables_of
from biomech.model.model import Model
from biomech.model.roles import ROLES, make_roles
from biomech.model.tables import COLUMNS, Table

#: What is left out of these kinds is looked at by muscle, not by itself.
_BY_MUSCLE = ("path",)


def read_osim(path: str | Path) -> Model:
    """A body from a model file of OpenSim 1.x to 4.x.

    Parameters
    ----------
    path : str or path-like
        An ``.osim`` file. No other file is opened, whatever it names.

    Returns
    -------
    Model
        With the file's names, signs and numbers. Its parts have roles by how they hang together and move
        (``biomech.io.osim.anatomy``): a leg or an arm alone has those that it has. ``Model.said`` tells in one line
        what stands in for what the file does not say (``biomech.io.osim.anatomy.defaults``), ``Model.left_out`` what
        the file has and is not computed: an answer that depends on it is refused.

    Raises
    ------
    ModelError
        There is no such file, it is no such model, or something in it cannot be: the message names line, element and
        value.
    StanceError
        ``path`` is no path.

    Warns
    -----
    BiomechWarning
        Something is left out: one warning lists what.

    Examples
    --------
    >>> import biomech as bm
    >>> model = bm.read_osim("subject01.osim")  # doctest: +SKIP
    >>> bm.sweep(model, pelvic_tilt=0, knee_flexion=[0, 30])  # doctest: +SKIP
    """
    place = read_path("path", path)
    document, description = open_description(place)
    more = [*not_said(description), *not_computed(description)]
    document.left_out += more
    document.warn()
    try:
        return _body(description, more, place.stem)
    except ModelError as error:  # it names the row of a table, of which whoever has the file knows nothing
        raise located(error, document, description) from None


def _body(description: OsimModel, more: Iterable[LeftOut], stem: str) -> Model:
    """The body of a description; ``more``: what its tables do not say, ``stem``: its name if it has none."""
    anatomy = find_anatomy(description)
    tables, said = with_defaults(tables_of(description), description, anatomy)
    said += [*said_of_curves(description), *said_of_motion(description)]
    tables |= _told("credits", _credits(description))
    tables |= _told("left_out", _left_out(description, more))
    given: dict[str, Mapping[str, Any]] = {
        "segments": anatomy.segments,
        "joints": anatomy.joints,
        "coordinates": anatomy.coordinates,
        "signs": anatomy.signs,
    }
    roles = make_roles(tables, given, anatomy.mirror)
    by_name = [role for kind in ROLES for role in roles.of(kind) if role not in given[kind]]
    if by_name:
        said.append(f"known by name alone: {', '.join(by_name)}")
    tables |= _told("notes", ({"note": f"{i}", "text": text} for i, text in enumerate(said)))
    return Model(description.name.strip() or stem, tables, roles)


def _told(name: str, rows: Iterator[dict[str, str]]) -> dict[str, Table]:
    """A table of words, if there are any."""
    listed = [{"source": "read_osim", **row} for row in rows]
    return {name: Table(name, {c: tuple(row[c] for row in listed) for c in COLUMNS[name]})} if listed else {}


def _credits(description: OsimModel) -> Iterator[dict[str, str]]:
    """Who made the body, and where it is described."""
    for credit, text in (("credits", description.credits), ("publications", description.publications)):
        if text:
            yield {"credit": credit, "text": text}


def _left_out(description: OsimModel, more: Iterable[LeftOut]) -> Iterator[dict[str, str]]:
    """What is not computed: of muscles by the muscle that runs over it, the rest as it stands in the file."""
    count = 0
    for muscle in description.muscles:
        for own in muscle.path.wraps:
            wrap = description.wraps[own.wrap]
            if (isinstance(wrap, WrapEllipsoid | WrapTorus) and wrap.active) or isinstance(wrap, UnknownWrap):
                kind = wrap.kind if isinstance(wrap, UnknownWrap) else type(wrap).__name__
                about = {"kind": kind, "name": wrap.name, "muscle": muscle.name, "affects": "path"}
                yield {"part": f"{count}", **about}
                count += 1
    for part in (*more, *description.left_out):
        if part.affects not in _BY_MUSCLE or part.muscle:
            about = {"kind": part.kind, "name": part.name, "muscle": part.muscle, "affects": part.affects}
            yield {"part": f"{count}", **about}
            count += 1
