"""Stance parameters from outside the package: a row is added to the table, and all that follows from it follows.

A parameter that is added may change what others hold (``changes``) or what the posture is asked to meet (``targets``);
then nothing is compiled. It takes columns of its own behind all others, so those that kernels know by number stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from keyword import iskeyword

from biomech._arguments import instance, real_number, shown
from biomech.errors import StanceError
from biomech.stance.declarations import PARTS, Condition, Parameter
from biomech.stance.parameters import CHOICES, CODES, COLUMN, PARAMETERS, POLICY_DIMS, RESERVED

#: What ``sweep``, ``stability`` and ``prepare`` take besides stance parameters.
OPTIONS = (
    "model", "vary", "criterion", "weight", "strength", "tone", "stiffness_margin", "short_range_stiffness",
    "variables", "threads", "progress", "to", "chunks",
)  # fmt: skip
_UNITS = ("deg", "m", "kg", "1")
_TEXTS = ("name", "unit", "long_name", "meaning", "per", "frame", "beside", "coordinate", "no_default")


def register_parameter(parameter: Parameter) -> None:
    """Add a stance parameter to the table, for all bodies and until Python ends.

    From then on ``sweep``, ``stability``, ``prepare`` and the priors of ``biomech.uncertainty`` know it. Every process
    must add it for itself; add it before anything is asked, not while another thread sweeps. Type checkers know only
    the table's own names: hand it over as ``**{"name": value}`` where they look.

    Parameters
    ----------
    parameter : Parameter
        Its row. It may not leave an angle to policies.

    Raises
    ------
    StanceError
        The row is not sound, or its name is taken.

    Examples
    --------
    A knapsack: mass behind the trunk, added to whatever else is carried.

    >>> import numpy as np
    >>> from biomech.stance.declarations import Parameter
    >>> from biomech.stance.registration import registered
    >>> def with_knapsack(values):
    ...     mass = values["load_mass"] + values["knapsack"]
    ...     moment = values["load_mass"][:, None] * values["load_position"]
    ...     moment = moment + values["knapsack"][:, None] * np.array([-0.2, 0.3, 0.0])
    ...     return {"load_mass": mass, "load_position": moment / np.maximum(mass, 1e-9)[:, None]}
    >>> row = Parameter("knapsack", 0.0, 0.0, 40.0, "kg", "mass on the back", carried=True, changes=with_knapsack)
    >>> import biomech as bm
    >>> with registered(row):  # register_parameter(row) adds it for good
    ...     ds = bm.sweep(bm.load_model(), pelvic_tilt=0, knapsack=[0, 20])
    >>> bool(ds.lumbar_compression[1] > ds.lumbar_compression[0])
    True
    """
    _check(instance("parameter", parameter, Parameter, "a Parameter"))
    COLUMN[parameter.name] = sum(row.width for row in PARAMETERS.values())
    PARAMETERS[parameter.name] = parameter


@contextmanager
def registered(*parameters: Parameter) -> Iterator[None]:
    """The same for the time of a block, for tests and trials; blocks lie one in the other."""
    names = []
    try:
        for parameter in parameters:
            register_parameter(parameter)
            names.append(parameter.name)
        yield
    finally:
        for name in names:
            del PARAMETERS[name], COLUMN[name]


def _check(row: Parameter) -> None:
    """Refuse a row that cannot be read, or whose names are taken."""
    where = f"parameter {shown(row.name)}"
    for text in _TEXTS:
        instance(f"{where}: {text}", getattr(row, text), str, "text")
    _check_name(row)
    _check_range(row)
    where = f"parameter {row.name}"
    if row.unit not in _UNITS:
        raise StanceError(f"{where}: unit = {shown(row.unit)}: allowed is {', '.join(_UNITS)}")
    if row.policies is not None:
        raise StanceError(f"{where}: policies are the package's own; give none")
    if row.beside and row.beside not in PARAMETERS:
        raise StanceError(f"{where}: beside = {shown(row.beside)} is no stance parameter")
    if row.changes is not None and not callable(row.changes):
        raise StanceError(f"{where}: changes = {shown(row.changes)}: must be a function of the values of stances")
    labels = row.targets if isinstance(row.targets, Mapping) else {None: None}
    if not all(isinstance(label, str) and callable(added) for label, added in labels.items()):
        raise StanceError(
            f"{where}: targets = {shown(row.targets)}: must map labels to functions of the values of stances"
        )
    for condition in instance(f"{where}: needs", row.needs, tuple, "a tuple of Condition"):
        _check_condition(where, condition)


def _check_name(row: Parameter) -> None:
    name = row.name
    if not name.isidentifier() or iskeyword(name):
        raise StanceError(f"parameter: name = {shown(name)}: must be a Python identifier, to be a keyword of sweep")
    if row.per and row.per not in PARTS:
        raise StanceError(f"parameter {name}: per = {shown(row.per)}: allowed is {', '.join(PARTS)}, or nothing")
    taken = {*PARAMETERS, *CHOICES, *CODES, *POLICY_DIMS.values(), *RESERVED, *OPTIONS, *PARTS}
    taken |= {f"{other}_{part}" for other, about in PARAMETERS.items() for part in about.parts}
    for own in (name, *(f"{name}_{part}" for part in row.parts)):
        if own in taken:
            raise StanceError(f"parameter {name}: the name {own!r} is taken")


def _check_range(row: Parameter) -> None:
    where = f"parameter {row.name}"
    least = real_number(f"{where}: least", row.least)
    most = real_number(f"{where}: most", row.most)
    if not least < most:
        raise StanceError(f"{where}: least = {least:g} must lie below most = {most:g}")
    real_number(f"{where}: default", row.default, least, most)
    if row.symmetric_at is not None:
        real_number(f"{where}: symmetric_at", row.symmetric_at, least, most)


def _check_condition(where: str, condition: object) -> None:
    known = instance(f"{where}: needs", condition, Condition, "a Condition for each")
    if instance(f"{where}: needs", known.choice, str, "the name of a choice") not in CHOICES:
        raise StanceError(f"{where}: needs {known.choice}; allowed is {', '.join(CHOICES)}")
    words = CHOICES[known.choice].names
    if callable(known.words):
        return
    if not known.words:
        raise StanceError(f"{where}: needs {known.choice}: must name some word of {', '.join(words)}")
    for word in instance(f"{where}: needs {known.choice}", known.words, tuple, "a tuple of words"):
        if word not in words:
            raise StanceError(f"{where}: needs {known.choice} = {shown(word)}; allowed is {', '.join(words)}")
