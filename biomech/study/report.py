"""What a sweep says of itself: how many answers are of which kind, and why the first that is not optimal is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biomech.model.model import Model
from biomech.statics.stance import Stance
from biomech.study.answer import Answers
from biomech.study.standing import STATUSES, UNCERTIFIED, UNREACHABLE, Effort, obstacle, parts

#: Why a posture is uncertified: it balances, and nothing is missing.
UNPROVEN = "its forces balance, but that no cheaper sharing exists could not be proven; duality_gap says how far"

#: What a warning of postures that are not optimal advises.
MASK_HINT = "ds.where(ds.status == 0) keeps what is held"


@dataclass(frozen=True)
class Tally:
    """How many answers of a stretch of postures are of each status; the first that is not optimal, and why."""

    counts: NDArray[np.int64]
    first: int
    status: int
    reason: str

    @classmethod
    def of(cls, status: NDArray[np.int8], why: Callable[[int], str]) -> Tally:
        """Of one stretch; ``why`` gives the reason of a posture that is not optimal."""
        counts = np.bincount(status, minlength=len(STATUSES))
        if not status.any():
            return cls(counts, -1, 0, "")
        i = int(np.flatnonzero(status)[0])
        return cls(counts, i, int(status[i]), why(i))

    def joined(self, after: Tally) -> Tally:
        """With the stretch that follows."""
        if self.first >= 0 or after.first < 0:
            return Tally(self.counts + after.counts, self.first, self.status, self.reason)
        return Tally(self.counts + after.counts, int(self.counts.sum()) + after.first, after.status, after.reason)

    @property
    def message(self) -> str:
        """One sentence."""
        said = ", ".join(f"{count} {name}" for name, count in zip(STATUSES, self.counts, strict=True) if count)
        why = f"; posture {self.first} is {STATUSES[self.status]}: {self.reason}" if self.first >= 0 else ""
        return said + why


def hindrance(model: Model, stance: Stance, effort: Effort, answers: Answers, i: int) -> str:
    """Why posture ``i`` of a block of stances is not optimal."""
    if answers.status[i] != UNREACHABLE:
        return shortage(model, answers, i)
    one = stance.take(np.array([i]))
    return obstacle(model, next(parts(model, one, effort)), one)


def shortage(model: Model, answers: Answers, i: int) -> str:
    """What an overloaded posture lacks, and the muscle that limits it."""
    if answers.status[i] == UNCERTIFIED:
        return UNPROVEN
    short = answers.sheets.shortfall[i]
    if not np.isfinite(short).all():
        return "the numbers of this posture overflow; a parameter of the model is far from that of any body"
    worst = int(np.abs(short).argmax())
    unit = "N.m" if model.flat().is_rotation[worst] else "N"
    limit = answers.limiting[i]
    cause = f"{model.muscles[limit]} is at full strength" if limit >= 0 else "no muscle could give it, nor the ground"
    return f"{short[worst]:+.3g} {unit} are missing at {model.coordinates[worst]}; {cause}"
