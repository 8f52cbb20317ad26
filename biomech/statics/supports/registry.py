"""Every support, found by the code of its word."""

from __future__ import annotations

import numpy as np

from biomech.errors import ModelError, StanceError
from biomech.model.compiled import CompiledModel
from biomech.model.forces.contact import ContactTables
from biomech.model.roles import SIDES
from biomech.stance.choices import SUPPORTS
from biomech.stance.parameters import PARAMETERS
from biomech.statics.supports.base import Support
from biomech.statics.supports.both import BothFeet
from biomech.statics.supports.one_leg import LeftLeg, RightLeg
from biomech.statics.supports.seat import Seat
from biomech.statics.supports.step import Step
from biomech.statics.supports.stride import Stride

_SUPPORTS: dict[str, Support] = {}
_FEET = (("_r", "_l"), ("_r",), ("_l",))


def register(support: Support) -> None:
    """Make a support known: from then on a stance may ask for it by its word.

    Parameters
    ----------
    support : Support
        Takes the place of one that was registered before under the same word, but for the package's.

    Raises
    ------
    StanceError
        The word is taken, or names feet or stance parameters that there are not, or that do not go together.
    """
    if not isinstance(support, Support):
        raise StanceError(f"support = {support!r}: must be a biomech.statics.supports.base.Support")
    word = support.word
    if tuple(word.feet) not in _FEET:
        raise StanceError(f"feet = {word.feet!r}: must be {', '.join(map(str, _FEET))}")
    if word.raised and not set(word.raised) < set(word.feet):
        raise StanceError(f"raised = {word.raised!r}: must be one of the feet, {word.feet!r}, with the other flat")
    if word.is_symmetric and (len(word.feet) != 2 or word.raised):
        raise StanceError(f"feet = {word.feet!r}: one foot {'that is raised ' if word.raised else ''}is not symmetric")
    for name in word.parameters:
        if name not in PARAMETERS:
            raise StanceError(f"parameters: {name!r} is no stance parameter; there are {', '.join(PARAMETERS)}")
    SUPPORTS.add(word)
    _SUPPORTS[word.name] = support


def unregister(support: Support) -> None:
    """Make a support from outside unknown again.

    Raises
    ------
    StanceError
        It is one of the package's.
    """
    if _SUPPORTS.get(support.word.name) is not support:
        return
    SUPPORTS.remove(support.word.name)
    del _SUPPORTS[support.word.name]


def support_of(code: int) -> Support:
    """The support of a code, an index into ``SUPPORTS``."""
    return _SUPPORTS[SUPPORTS[code]]


def _check_foot(compiled: CompiledModel, foot: str, said: str) -> None:
    """Refuse a foot that is not there, or has no sole."""
    role, contact = f"calcn{foot}", compiled.contact
    if role not in compiled.segments:
        raise ModelError(f"{said}: the body has no segment of the role {role}, on which it would stand")
    if not np.any(~contact.seat & (contact.segment == 1 + compiled.segments.index(role))):
        side = SIDES[foot]
        raise ModelError(f"{said}: no contact_points of a sole on the role {role}: the {side} foot cannot stand")


def contacts_of(compiled: CompiledModel, code: int) -> ContactTables:
    """The contact points of a support, an index into ``SUPPORTS``."""
    contact, support = compiled.contact, support_of(code)
    said, shape = f"support = {support.word.name!r}", contact.seat.shape
    for foot in ["_r"] if compiled.half else support.word.feet:
        _check_foot(compiled, foot, said)
    keep = support.contacts(compiled)
    if not (isinstance(keep, np.ndarray) and keep.dtype == np.bool_ and keep.shape == shape):
        raise StanceError(f"{said}: contacts must be flags of shape {shape}, one a contact point")
    if not keep.any():
        raise StanceError(f"{said}: no contact point of this model may carry load")
    frame, segments = support.frames(compiled), len(compiled.segments)
    if not (isinstance(frame, np.ndarray) and frame.dtype == np.int64 and frame.shape == shape):
        raise StanceError(f"{said}: frames must be whole numbers of shape {shape}, one a contact point")
    if not ((frame >= 0) & (frame <= segments)).all():
        raise StanceError(f"{said}: frames must be 0 for the ground, or 1..{segments} for a segment")
    return ContactTables(
        contact.segment[keep], contact.local[keep], contact.direction[keep], frame[keep], contact.seat[keep]
    )


for _support in (BothFeet(), RightLeg(), LeftLeg(), Seat(), Step(), Stride()):
    register(_support)
