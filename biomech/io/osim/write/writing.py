"""A body to a model file that OpenSim opens: the way back from ``read_osim``."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from xml.etree.ElementTree import Element, ProcessingInstruction, indent, tostring
from xml.sax.saxutils import quoteattr

import numpy as np

from biomech._arguments import instance, one_of, shown
from biomech.errors import BiomechWarning, ModelError
from biomech.io._text import read_path, write_whole
from biomech.io._xml import NOTE
from biomech.io.osim.description import GROUND, opensim_name
from biomech.io.osim.model import read_osim
from biomech.io.osim.write.bushings import add_bushings, add_point_springs
from biomech.io.osim.write.elements import add, add_named, body_path, check_name
from biomech.io.osim.write.functions import curves_of
from biomech.io.osim.write.joints import add_coordinate_forces, add_couplers, add_joint, add_reserves
from biomech.io.osim.write.paths import PathWriter, add_groups, add_wrap_object
from biomech.model.model import Model
from biomech.model.tables import Table, complete

Tables = Mapping[str, Table]

#: Of the format: OpenSim 4.0 and all after it open it.
VERSION = "40000"
#: Tables whose rows are objects of OpenSim, and what a message calls one.
_NAMED = {
    "segments": "segment",
    "joints": "joint",
    "coordinates": "coordinate",
    "muscles": "muscle",
    "couplers": "coupler",
    "wraps": "wrap",
    "passive_paths": "passive path",
    "path_actuators": "path actuator",
    "coordinate_forces": "force",
    "bushings": "bushing",
    "point_springs": "point_spring",
}
#: What OpenSim says of who made a body.
_CREDITS = ("credits", "publications")
#: Characters that no XML 1.0 can hold.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_osim(model: Model, path: str | Path) -> None:
    """Write a body as a model file of OpenSim 4, which has the same lengths, moment arms and weight.

    Parameters
    ----------
    model : Model
        A body, built in or read from a file. A body from a file, as it was read, is read back the same to the last bit;
        of one that was changed since, what a model file can hold.
    path : str or path-like
        The file, which ends in ``.osim``. It is there whole or as it was before.

    Raises
    ------
    ModelError
        A name is none that OpenSim can have, a text has characters that XML has not, there are other credits than
        ``credits`` and ``publications``, or a joint moves in a way that none of OpenSim's does; the message names it.
    FileError
        The file cannot be written.

    Warns
    -----
    BiomechWarning
        The body has what OpenSim has no word for: one warning lists what. Of a built-in body these are passive tissue,
        soles, trusted ranges and settings; ``read_osim`` puts those in by its own rule. Of a body from a file the
        warning lists the tables that are read back with other numbers, as after a change of soles or passive tissue.

    Notes
    -----
    Joints are CustomJoint, EllipsoidJoint and WeldJoint, coordinates that follow others CoordinateCouplerConstraint,
    points of soles and seat markers. Muscles are of the class whose curve of active force they have, Thelen2003Muscle
    of a built-in body; their other curves are OpenSim's own. Passive paths are PathSpring, Ligament and
    Blankevoort1991Ligament. Springs, limits, ligaments and bushings have no damping, prescribed coordinates stay at
    their default. What ``read_osim`` left out of a file stays left out, and stands in the file in a note (an XML
    processing instruction), so that answers that depend on it are refused of what is read back, too.

    Examples
    --------
    >>> import biomech as bm, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "arm.osim"
    >>> bm.write_osim(bm.read_osim("arm26.osim"), path)  # doctest: +SKIP
    """
    instance("model", model, Model, "a model", ModelError)
    place = read_path("path", path)
    if place.suffix.lower() != ".osim":
        raise ModelError(f"path = {shown(str(place))}: must end in .osim")
    tables = complete(model.tables)
    _check_names(tables)
    root = _document(model.name, tables)
    _check_text(root)
    indent(root, "\t")
    words = tostring(root, encoding="unicode")
    write_whole("path", place, f'<?xml version="1.0" encoding="UTF-8" ?>\n{words}\n')
    if lost := _not_written(tables) + _read_otherwise(model, tables, place):
        warnings.warn(f"{place.name}: not written: {'; '.join(lost)}", BiomechWarning, stacklevel=2)


#: Whose the bodies are that come with the package.
_OWN = "Written by biomech, whose own bodies are made of gait2392 (Delp et al. 1990, CC BY 3.0): see its NOTICE.md."


def _document(name: str, tables: Tables) -> Element:
    root = Element("OpenSimDocument", {"Version": VERSION})
    called = [f"model name={quoteattr(name)}"] if opensim_name(name) != name else []
    for note in [*called, *_notes(tables["left_out"])]:
        root.append(ProcessingInstruction(NOTE, note))
    model = add_named(root, "Model", opensim_name(name))
    curves = curves_of(tables)
    paths = PathWriter(tables, curves)
    framed = paths.framed_points()
    for credit, text in zip(tables["credits"].rows, tables["credits"].text("text"), strict=True):
        add(model, credit, text)
    if not _was_read(tables):
        add(model, "credits", _OWN)
    add(model, "length_units", "meters")
    add(model, "force_units", "N")
    add(model, "gravity", (0.0, -tables["settings"].value("gravity"), 0.0))
    _add_body(model, tables, GROUND, paths, framed)
    bodies = add(add(model, "BodySet"), "objects")
    for segment in _bodies(tables):
        _add_body(bodies, tables, segment, paths, framed)
    joints = add(add(model, "JointSet"), "objects")
    for joint in tables["joints"].rows:
        add_joint(joints, tables, joint, curves)
    add_couplers(add(add(model, "ConstraintSet"), "objects"), tables, curves)
    forces = add(model, "ForceSet")
    acting = add(forces, "objects")
    for muscle in tables["muscles"].rows:
        paths.add_muscle(acting, muscle)
    for passive in tables["passive_paths"].rows:
        paths.add_passive_path(acting, passive)
    for actuator in tables["path_actuators"].rows:
        paths.add_path_actuator(acting, actuator)
    add_coordinate_forces(acting, tables, curves)
    add_bushings(acting, tables)
    add_point_springs(acting, tables)
    add_reserves(acting, tables)
    add_groups(add(forces, "groups"), tables)
    _add_markers(add(add(model, "MarkerSet"), "objects"), tables)
    return root


def _bodies(tables: Tables) -> list[str]:
    """Segments in the order in which the table of wraps has those that hold some, then the others."""
    holders = [own for own in tables["wraps"].text("segment") if own != GROUND]
    return [*dict.fromkeys([*holders, *tables["segments"].rows])]


def _add_body(parent: Element, tables: Tables, name: str, paths: PathWriter, framed: Mapping[str, list[str]]) -> None:
    """A body, or ground: what it weighs, the frames in which points move, and what paths wrap over."""
    element = add_named(parent, "Ground" if name == GROUND else "Body", name)
    if name in framed:
        holder = add(element, "components")
        for point in framed[name]:
            paths.add_point_frame(holder, point)
    own = tables["wraps"]
    wraps = [wrap for wrap, of in zip(own.rows, own.text("segment"), strict=True) if of == name]
    if wraps:
        holder = add(add(element, "WrapObjectSet"), "objects")
        for wrap in wraps:
            add_wrap_object(holder, tables, wrap)
    if name == GROUND:
        return
    segments, inertias = tables["segments"], tables["inertias"]
    add(element, "mass", segments.value(name, "mass"))
    add(element, "mass_center", segments.numbers("com_x", "com_y", "com_z")[segments.index(name)])
    moments = np.zeros(6)
    if name in inertias.rows:
        moments = inertias.numbers("xx", "yy", "zz", "xy", "xz", "yz")[inertias.index(name)]
    add(element, "inertia", moments)


def _add_markers(parent: Element, tables: Tables) -> None:
    """Points of soles and seat, as markers."""
    own = tables["contact_points"]
    for i, name in enumerate(own.rows):
        element = add_named(parent, "Marker", "_".join(name.split()))
        add(element, "socket_parent_frame", body_path(own.text("segment")[i]))
        add(element, "location", own.numbers("x", "y", "z")[i])
        add(element, "fixed", True)


def _check_names(tables: Tables) -> None:
    for credit in tables["credits"].rows:
        one_of("credits", credit, _CREDITS, ModelError)
    for table, word in _NAMED.items():
        for name in tables[table].rows:
            check_name(word, name)
    for words in tables["muscles"].text("groups"):
        for group in filter(None, words.split(";")):
            if not group.isprintable():
                raise ModelError(f"group = {shown(group)}: OpenSim's names have no such letters")


def _check_text(root: Element) -> None:
    """Refuse what no parser would read."""
    for element in root.iter():
        for words in (element.text or "", *element.attrib.values()):
            if _NO_XML.search(words):
                where = element.tag if isinstance(element.tag, str) else "note"
                raise ModelError(f"{where} = {shown(words)}: has characters that XML cannot hold")


# ---- what OpenSim has no word for ---------------------------------------------------------------------------------


def _notes(left_out: Table) -> list[str]:
    """What was left out of a file that was read, for the note of the file that is written."""
    columns = ("kind", "name", "muscle", "affects")
    rows = zip(*(left_out.text(column) for column in columns), strict=True)
    return [" ".join(["left_out", *(f"{c}={quoteattr(v)}" for c, v in zip(columns, row, strict=True))]) for row in rows]


def _not_written(tables: Tables) -> list[str]:
    """What of a body is not in its file, in words; what ``read_osim`` itself put in is not of the body."""
    lost = []
    left_out = tables["left_out"]
    if len(left_out):
        named = dict.fromkeys(zip(left_out.text("kind"), left_out.text("name"), strict=True))
        lost.append("left out of the file that was read: " + ", ".join(f"{kind} {name!r}" for kind, name in named))
    if len(tables["patellae"]):
        lost.append("patellae: " + ", ".join(tables["patellae"].rows))
    leverage = tables["muscles"].numbers("leverage")
    if changed := [name for name, own in zip(tables["muscles"].rows, leverage, strict=True) if own != 1.0]:
        lost.append(f"leverage of {', '.join(changed)}")
    slack = tables["muscles"].numbers("tendon_slack_length")
    if changed := [name for name, own in zip(tables["muscles"].rows, slack, strict=True) if own < 0.0]:
        lost.append(f"tendon slack lengths below zero, written as 0, of {', '.join(changed)}")
    if not _was_read(tables) and len(tables["contact_points"]):
        lost.append("passive tissue, trusted ranges, what soles and seat are, settings but gravity")
    return lost


def _was_read(tables: Tables) -> bool:
    """Whether a body is from a file: those have defaults of their coordinates, or something to say."""
    return len(tables["defaults"]) > 0 or len(tables["notes"]) > 0


def _read_otherwise(model: Model, tables: Tables, place: Path) -> list[str]:
    """Tables of a body from a file that are read back from its own with other cells, in words; and its roles."""
    if not _was_read(tables):
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", BiomechWarning)
            back = read_osim(place)
    except ModelError as wrong:
        return [f"what read_osim needs: {wrong}"]
    found = complete(back.tables)
    other = [name for name, own in tables.items() if name != "notes" and not _is_same(own, found[name])]
    other += ["roles"] if back.roles.record() != model.roles.record() else []
    return [f"read back otherwise: {', '.join(other)}"] if other else []


def _is_same(own: Table, other: Table) -> bool:
    """Whether two tables have the same cells, wherever those are from; NaN is NaN."""
    columns = [column for column in own.columns if column != "source"]
    return len(own) == len(other) and all(
        a == b or (a != a and b != b)
        for column in columns
        for a, b in zip(own.columns[column], other.columns[column], strict=True)
    )
