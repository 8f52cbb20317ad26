"""What a policy is: a rule that finds an angle which nobody gives.

A policy is one object in a file of its own. It says of which ``angle`` it is, has a ``word`` by which a stance asks for
it, and numbers its own statuses; ``find`` does the work. ``registry.register`` makes it known.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from biomech.model.model import Model
from biomech.pipeline.stance_batch import SharingObjective
from biomech.stance.choices import PolicyWord
from biomech.stance.stance import Stance

Array = NDArray[np.float64]

#: Status of an angle that was given, not found.
PRESCRIBED = -1
#: What a policy may report beside its angle.
DETAILS = ("minimum", "interval", "hanging_moment")


@dataclass(frozen=True)
class Finding:
    """What a policy found, per stance.

    ``angle`` in deg, NaN where none was found: (stance,), of the knee (stance, 2) with the right one first. ``status``,
    of the same shape, holds numbers of ``Policy.statuses``, or ``PRESCRIBED`` for a leg that the policy leaves as it
    is. ``details`` may hold fields of ``PolicyResult`` by name: ``minimum`` (stance, MINIMA) and ``interval``
    (stance, 2) in deg, ``hanging_moment`` (stance,) in N.m.
    """

    angle: Array
    status: NDArray[np.int8]
    details: Mapping[str, Array] = field(default_factory=dict)


class Policy(ABC):
    """A rule for one angle.

    Attributes
    ----------
    angle : str
        The stance parameter that it gives: ``pelvic_tilt``, ``trunk_lean`` or ``knee_flexion``.
    word : PolicyWord
        The word that asks for it, with what a stance must know of it.
    statuses : mapping of str to int
        What it may say, with the number that answers bear: 0 to 127. Numbers are published and never change. A name
        that another policy of the angle uses has its number; a new name has a number that none of them has.
    """

    angle: ClassVar[str]
    word: ClassVar[PolicyWord]
    statuses: ClassVar[Mapping[str, int]]

    @abstractmethod
    def find(self, model: Model, stance: Stance, objective: SharingObjective) -> Finding:
        """Find the angle of every stance.

        Parameters
        ----------
        model : Model
            The body.
        stance : Stance
            Stances that ask for this policy; other angles are those that were given or found last.
        objective : SharingObjective
            How effort is counted.

        Returns
        -------
        Finding
            Never raises for a stance: the status says what was found.
        """
