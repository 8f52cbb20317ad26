"""Whether what is asked goes together: parameters and words where they have a meaning, and what they need beside them.

All of it is read off the table of stance parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import shown
from biomech.errors import StanceError
from biomech.stance.declarations import Condition
from biomech.stance.labelled_values import Named
from biomech.stance.parameters import ANGLES, CHOICES, PARAMETERS, words_of


def spelled(name: str) -> str:
    """A parameter as it is given, with what is allowed: for messages that ask for it."""
    about = PARAMETERS[name]
    if about.per == "axis":
        return f"{name} = (x, y, z) in the {about.frame}, each in {about.range}"
    return f"{name} in {about.range}"


def fault(condition: Condition, given: NDArray[np.int64]) -> str:
    """What a message says where a condition does not hold: the words that are needed, or those few that are given."""
    words, names = words_of(condition), CHOICES[condition.choice].names
    if 2 * len([word for word in names.own if word in words]) > len(names.own):
        others = dict.fromkeys(names[int(code)] for code in given.ravel())
        why = f", {condition.why}" if condition.why else ""
        return f"means nothing with {condition.choice} = {_listed(others)}{why}"
    why = f"{condition.why}, " if condition.why else ""
    return f"needs {why}{condition.choice} = {_listed(words)}"


def _listed(words: Iterable[str]) -> str:
    *first, last = map(repr, words)
    return f"{', '.join(first)} or {last}" if first else last


def check_parameters(asked: Mapping[str, Any], stance: Mapping[str, Named]) -> None:
    """Refuse parameters that no stance of those that are asked for has a use for, or that lack one beside them.

    Raises
    ------
    StanceError
        With the parameter, the value, and what it needs.
    """
    for name, about in PARAMETERS.items():
        if about.beside and about.beside not in asked and name in asked:
            values = stance[name].values
            if (values != about.default).any():
                furthest = values.ravel()[np.abs(values - about.default).argmax()]
                raise StanceError(f"{name} = {furthest:g}: needs {spelled(about.beside)}")
    for name in asked:
        about_it = PARAMETERS.get(name)
        for condition in about_it.needs if about_it else ():
            if not _holds(condition, stance[condition.choice]).any():
                raise StanceError(f"{name} = {shown(asked[name])}: {fault(condition, stance[condition.choice].values)}")


def check_policies(stance: Mapping[str, Named]) -> None:
    """Refuse policies that some stance has no use for, or that need another angle in degrees."""
    for name, policies in ANGLES.items():
        code = stance[policies.code]
        if (code.values < 0).all():
            continue
        for index, word in enumerate(policies.words):
            follows = code.values == index
            if not follows.any():
                continue
            for condition in word.conditions:
                choice = stance[condition.choice]
                dims = dict.fromkeys(choice.dims + code.dims)
                over = choice.over(dims)
                without = ~_holds(condition, choice._replace(values=over)) & (code.over(dims) == index)
                if without.any():
                    given = np.broadcast_to(over, without.shape)[without]
                    raise StanceError(f"{name} = {word.name!r}: {fault(condition, given)}")
            if word.needs_degrees and (stance[ANGLES[word.needs_degrees].code].values >= 0).any():
                raise StanceError(f"{name} = {word.name!r}: needs {word.needs_degrees} in degrees; {word.why}")


def _holds(condition: Condition, choice: Named) -> Any:
    """Where a condition holds, over the choice's dimensions."""
    return np.isin(choice.values, [CHOICES[condition.choice].names.index(word) for word in words_of(condition)])
