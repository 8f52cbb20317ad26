"""A model file to its description: bodies and joints, then what refers to them."""

from __future__ import annotations

from pathlib import Path

from biomech.io._xml import Element
from biomech.io.osim.description import Force, Marker, OsimModel
from biomech.io.osim.parse.bodies import body_elements, ground_element, read_body
from biomech.io.osim.parse.constraints import read_couplers
from biomech.io.osim.parse.document import Document, open_document
from biomech.io.osim.parse.forces import FORCES, ForceReader, is_active
from biomech.io.osim.parse.frames import Frames, located, socket
from biomech.io.osim.parse.joints import read_joints
from biomech.io.osim.parse.muscles import MUSCLES, read_muscle
from biomech.io.osim.parse.paths import PathReader
from biomech.io.osim.parse.values import names, objects, refuse_duplicates, text, vector
from biomech.io.osim.parse.wraps import read_wraps, wrap_elements

#: OpenSim's own gravity, where a file states none.
GRAVITY = (0.0, -9.80665, 0.0)

#: The most muscles that are read; a whole body has some 1000.
MOST_MUSCLES = 3000

#: Parts of a model that hold what is read.
_READ = ("Ground", "BodySet", "JointSet", "ConstraintSet", "ForceSet", "ActuatorSet", "DynamicsEngine", "defaults")
#: Endings of parts and of components that have none in statics, or that are read where something refers to them.
_NO_PART = (
    *("Geometry", "VisibleObject", "Appearance", "Preferences", "Controller", "Probe", "Reporter", "Analysis"),
    *("Marker", "Station", "Frame", "connectors"),
)
#: Forces of the ground on the body: where it is measured or stands on soles, another part of the pose gives them.
_GROUND_FORCES = (
    *("HuntCrossleyForce", "ElasticFoundationForce", "SmoothSphereHalfSpaceForce", "ExponentialContactForce"),
    *("AckermannVanDenBogert2010Force", "EspositoMiller2018Force", "ExternalForce", "ExternalLoads"),
)
#: Endings of components that pull at bodies, whatever their class.
_FORCE_LIKE = ("Force", "Muscle", "Actuator", "Ligament", "Spring", "Motor")
_COMPONENT_SETS = ("components", "ComponentSet", "MiscModelComponentSet")


def read_description(path: str | Path) -> OsimModel:
    """What an OpenSim model file says.

    One ``BiomechWarning`` lists what is left out; a file without such things reads without one.

    Parameters
    ----------
    path
        A ``.osim`` file of OpenSim 1.x to 4.x. No other file is opened, whatever it names.

    Raises
    ------
    ModelError
        If the file is no such model, or something in it cannot be: the message names line, element and value.
    """
    document, model = open_description(path)
    document.warn()
    return model


def open_description(path: str | Path) -> tuple[Document, OsimModel]:
    """A document and what it says, before it is warned of what is left out."""
    document = open_document(path)
    return document, _read_model(document)


def _read_model(document: Document) -> OsimModel:
    bodies = body_elements(document)
    frames = Frames(document, bodies)
    joints, tree = read_joints(document, frames, bodies)
    motions = {own.name: own.motion for joint in joints for own in joint.coordinates}
    ground = ground_element(document)
    wrapped = wrap_elements(document, [*([ground] if ground is not None else []), *bodies, *frames.offsets])
    wraps = read_wraps(document, frames, wrapped)
    paths = PathReader(document, frames, motions, wraps, [own for _, own in wrapped])
    forces = _read_forces(document, ForceReader(document, frames, paths, motions))
    couplers = read_couplers(document, motions)
    _note_components(document)
    element = document.model
    return OsimModel(
        document.name,
        document.version,
        text(document, element, "credits"),
        text(document, element, "publications"),
        text(document, element, "length_units", default="meters"),
        text(document, element, "force_units", default="N"),
        vector(document, element, "gravity", GRAVITY),
        tuple(read_body(document, own) for own in bodies),
        joints,
        tree,
        couplers,
        tuple(wraps),
        forces,
        _read_groups(document),
        _read_markers(document, frames),
        frames.named(),
        tuple(document.left_out),
    )


def _read_forces(document: Document, reader: ForceReader) -> tuple[Force, ...]:
    """Muscles and other forces in the order of the file; a class that is not known is left out where it acts."""
    elements = [*objects(document.model, "ForceSet", "ActuatorSet")]
    elements += [own for own in _components(document) if own.tag in MUSCLES or own.tag in FORCES]
    muscles = [own for own in elements if own.tag in MUSCLES]
    refuse_duplicates(document, muscles, "muscle")
    if len(muscles) > MOST_MUSCLES:
        raise document.error(document.model, f"has {len(muscles)} muscles: at most {MOST_MUSCLES} are read")
    found: list[Force] = []
    for own in elements:
        if own.tag in MUSCLES:
            found.append(read_muscle(document, reader.paths, own))
        elif own.tag in FORCES:
            found.append(reader.read(own))
        elif is_active(document, own):
            document.leave_out(own, "contact" if own.tag in _GROUND_FORCES else "force")
    return tuple(found)


def _read_groups(document: Document) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The groups of forces: names of muscles under a name."""
    place = document.model.child("ForceSet", "ActuatorSet")
    groups = place.child("groups") if place is not None else None
    found = groups.children if groups is not None else ()
    return tuple((own.name, names(document, own, "members")) for own in found if own.tag == "ObjectGroup")


def _read_markers(document: Document, frames: Frames) -> tuple[Marker, ...]:
    """The markers; one on a body that is not there is left out."""
    found = []
    for own in objects(document.model, "MarkerSet"):
        given = socket(document, own, "parent_frame", "body") or socket(document, own, "body")
        if own.tag == "Marker" and frames.exists(own, given):
            frame = frames.find(own, given)
            found.append(Marker(own.name, frame.body, located(frame, vector(document, own, "location")), own.line))
        else:
            document.leave_out(own, "marker")
    return tuple(found)


def _components(document: Document) -> list[Element]:
    return [own for place in _COMPONENT_SETS for own in objects(document.model, place)]


def _affected(document: Document, component: Element) -> str:
    """What depends on a component that is not known."""
    if component.tag in _GROUND_FORCES:
        return "contact"
    return "force" if component.tag.endswith(_FORCE_LIKE) and is_active(document, component) else "model"


def _note_components(document: Document) -> None:
    """Leave out what is not known to have no part in statics."""
    for own in _components(document):
        if not (own.tag in MUSCLES or own.tag in FORCES or own.tag.endswith(_NO_PART)):
            document.leave_out(own, _affected(document, own))
    for own in document.model.children:
        known = own.tag in _READ or own.tag in _COMPONENT_SETS or own.tag.removesuffix("Set").endswith(_NO_PART)
        if own.children and not known:
            document.leave_out(own, "model")
