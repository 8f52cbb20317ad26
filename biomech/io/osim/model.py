"""A model file to a body that answers: what it says, what its parts are, and what stands in for what it does not say."""

from __future__ import annotations

from pathlib import Path

from biomech.io.osim.anatomy import find_anatomy
from biomech.io.osim.defaults import with_defaults
from biomech.io.osim.reading import read_description
from biomech.io.osim.tables import tables_of
from biomech.model.model import Model
from biomech.model.roles import make_roles


def read_osim(path: str | Path) -> Model:
    """A body from a model file of OpenSim 1.x to 4.x."""
    description = read_description(path)
    anatomy = find_anatomy(description)
    tables, said = with_defaults(tables_of(description), description, anatomy)
    given = {
        "segments": anatomy.segments,
        "joints": anatomy.joints,
        "coordinates": anatomy.coordinates,
        "signs": anatomy.signs,
    }
    return Model(description.name or Path(path).stem, tables, make_roles(tables, given, anatomy.mirror))
