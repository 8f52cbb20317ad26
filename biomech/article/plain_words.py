"""Names of the analysis in the words of somebody who teaches movement."""

from __future__ import annotations

from functools import cache

from biomech._arguments import one_of, text
from biomech.reference_data import read_rows

#: Ways of holding the pelvis.
_WAYS = {
    "pelvis level": "held level",
    "least effort": "where standing costs least",
    "hanging": "hanging in the hips",
    "passive": "where the passive tissue rests",
    "by rhythm": "turning with the lean, as measured",
    "no friction": "slippery floor",
    "friction 0.6": "floor that grips",
}


@cache
def _priors() -> dict[str, str]:
    return {row["prior"]: row["plain"] for row in read_rows("prior_names")}


def plain_prior(name: str) -> str:
    """What a prior is about.

    Raises
    ------
    StanceError
        It has no plain name.

    Examples
    --------
    >>> from biomech.article.plain_words import plain_prior
    >>> plain_prior("riener_scale")
    'how stiff the passive tissue at hip, knee and ankle is'
    """
    return _priors()[one_of("name", name, _priors())]


def plain_way(label: str) -> str:
    """A column's label; what has no plain words stays as it is.

    Examples
    --------
    >>> from biomech.article.plain_words import plain_way
    >>> plain_way("least effort, no friction")
    'where standing costs least, slippery floor'
    """
    return ", ".join(_WAYS.get(part, part) for part in text("label", label).split(", "))
