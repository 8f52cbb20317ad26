"""The built-in models."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from biomech._arguments import shown
from biomech.errors import ModelError
from biomech.model.mirror import with_left_side
from biomech.model.model import Model
from biomech.model.tables import SCHEMA, read_table

MODELS = ("adult", "gait2392", "small")


def load_model(name: str = "adult") -> Model:
    """One of the built-in models.

    Parameters
    ----------
    name : {"adult", "gait2392", "small"}
        ``"adult"``: 55 muscles a side, gait2392's legs with reviewed strengths and a trunk of ten muscles a side.
        ``"gait2392"``: the published model (Delp et al. 1990, IEEE TBME 37:757), 92 muscles. ``"small"``: trunk,
        pelvis, femur, shank and rigid foot with one line of action per group, small enough to read whole.

    Returns
    -------
    Model
        Immutable; every number carries its source in the tables (``biomech/model/data``).

    Raises
    ------
    ModelError
        There is no model of that name.

    Examples
    --------
    >>> import biomech as bm
    >>> len(bm.load_model("gait2392").muscles)
    92
    """
    if not isinstance(name, str) or name not in MODELS:
        raise ModelError(f"name = {shown(name)}: there is no such model; models are {', '.join(MODELS)}")
    return _load(name)


@cache
def _load(name: str) -> Model:
    folder = files("biomech.model") / "data" / name
    return Model(name, {table: with_left_side(read_table(table, folder)) for table in SCHEMA})
