"""What a model file has and is not computed: answers that depend on it are refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from biomech.errors import ModelError
from biomech.model.tables import Table, complete

#: Of what is left out, what some answer is refused for; the rest is said alone.
REFUSED = ("path", "joint", "constraint", "spring", "force", "gravity")


def check_left_out(model: str, tables: Mapping[str, Table], kinds: Collection[str]) -> bool:
    """Refuse a body of which something is not computed.

    Parameters
    ----------
    model : str
        What the body is called.
    tables : mapping of str to Table
        Its tables, of which ``left_out`` says what it is.
    kinds : collection of str
        On what the answer depends: among ``REFUSED``.

    Raises
    ------
    ModelError
        Names everything of these kinds, and the muscles that are to be left out if nothing else is.
    """
    every = complete(tables)
    table = every["left_out"]
    rows = [i for i, affects in enumerate(table.text("affects")) if affects in kinds]
    if not rows:
        return True
    muscle, kind, name = ([table.text(column)[i] for i in rows] for column in ("muscle", "kind", "name"))
    each = [f"{of or 'it'} has the {what} {called!r}" for of, what, called in zip(muscle, kind, name, strict=True)]
    muscles = [*dict.fromkeys(own for own in muscle if own in every["muscles"].rows)]
    remedy = f"; without({muscles!r}) leaves those muscles out" if muscles else ""
    raise ModelError(f"model {model!r}: the answer depends on what is not computed: {'; '.join(each)}{remedy}")


def told_left_out(tables: Mapping[str, Table]) -> tuple[str, ...]:
    """Class and name of each such part, and the muscle or kind of part that it concerns."""
    table = complete(tables)["left_out"]
    own = zip(table.text("kind"), table.text("name"), table.text("muscle"), table.text("affects"), strict=True)
    return tuple(f"{kind} {name!r} ({muscle or affects})" for kind, name, muscle, affects in own)
