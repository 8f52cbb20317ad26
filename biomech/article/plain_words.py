"""Names of the analysis in the words of somebody who teaches movement."""

from __future__ import annotations

from functools import cache

from biomech._arguments import one_of, text
from biomech.model.mirror import side_of
from biomech.model.roles import bare
from biomech.reference_data import read_rows

#: Muscle groups, by where one feels them.
_GROUPS = {
    "lumbar_extensors": "lower back",
    "abdominals": "belly",
    "gluteus_maximus": "buttock",
    "gluteus_medius": "side of the hip",
    "gluteus_minimus": "deep side of the hip",
    "deep_external_rotators": "deep hip rotators",
    "hip_flexors": "front of the hip",
    "adductors": "inner thigh",
    "quadriceps": "front of the thigh",
    "hamstrings": "back of the thigh",
    "plantarflexors": "calf",
    "dorsiflexors": "shin",
}
#: Joints whose name is no word of every day.
_JOINTS = {"lumbosacral": "lowest joint of the spine"}
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


def plain_group(name: str) -> str:
    """A muscle group, by where one feels it; one that has no plain words keeps its name.

    Examples
    --------
    >>> from biomech.article.plain_words import plain_group
    >>> plain_group("quadriceps"), plain_group("my_own_group")
    ('front of the thigh', 'my own group')
    """
    return _GROUPS.get(text("name", name), plain_name(name))


def plain_joint(name: str) -> str:
    """A joint, with its side.

    Examples
    --------
    >>> from biomech.article.plain_words import plain_joint
    >>> plain_joint("knee_r"), plain_joint("lumbosacral")
    ('right knee', 'lowest joint of the spine')
    """
    return _JOINTS.get(text("name", name), plain_name(name))


def plain_name(name: str) -> str:
    """A name of the model, its underscores as blanks and its side in front.

    Examples
    --------
    >>> from biomech.article.plain_words import plain_name
    >>> plain_name("hip_flexion_l"), plain_name("lumbar_extension")
    ('left hip flexion', 'lumbar extension')
    """
    side = side_of(text("name", name))
    words = bare(name).replace("_", " ")
    return words if side == "midline" else f"{side} {words}"


def capital(words: str) -> str:
    """Words at the head of a sentence, a table or a panel.

    Examples
    --------
    >>> from biomech.article.plain_words import capital
    >>> capital("back of the thigh")
    'Back of the thigh'
    """
    words = text("words", words)
    return words[:1].upper() + words[1:]
