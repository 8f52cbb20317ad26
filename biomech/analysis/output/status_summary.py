"""What a sweep says of itself: how many answers are of which kind, and why the first that is not optimal is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from biomech.analysis.output.unreachable import OVERFLOW, explain_unreachable
from biomech.model.model import Model
from biomech.pipeline.result_schema import RAW
from biomech.pipeline.solve_stances import StanceSolution
from biomech.pipeline.stance_batch import SharingObjective, split_batches
from biomech.pipeline.status import STATUSES, UNCERTIFIED, UNREACHABLE
from biomech.stance.stance import Stance

#: Why a posture is uncertified: it balances as far as its residual says, and nothing is missing.
_UNPROVEN = (
    "its forces balance to {:.1e} of what is asked, but that no cheaper sharing exists could not be proven; "
    "duality_gap says how far"
)
#: The same where it does not balance to this part: neither that it can be held nor that it cannot is known.
_UNBALANCED, _OPEN = (
    1e-6,
    ("neither that it can be held nor that it cannot could be proven; its forces balance to {:.1e} of what is asked"),
)
#: What a warning of postures that are not optimal advises.
MASK_HINT = "ds.where(ds.status == 0) keeps what is held"


#: A reason, or how to find it: who may be asked for it only once, at the end, need not work it out before.
Reason = str | Callable[[], str]


@dataclass(frozen=True)
class StatusSummary:
    """How many answers of a stretch of postures are of each status; the first that is not optimal, and why."""

    counts: NDArray[np.int64]
    first: int
    status: int
    why: Reason

    @classmethod
    def of(cls, status: NDArray[np.int8], why: Callable[[int], Reason]) -> StatusSummary:
        """Of one stretch; ``why`` gives the reason of a posture that is not optimal."""
        counts = np.bincount(status, minlength=len(STATUSES))
        if not status.any():
            return cls(counts, -1, 0, "")
        i = int(np.flatnonzero(status)[0])
        return cls(counts, i, int(status[i]), why(i))

    def joined(self, after: StatusSummary) -> StatusSummary:
        """With the stretch that follows."""
        if self.first >= 0 or after.first < 0:
            return StatusSummary(self.counts + after.counts, self.first, self.status, self.why)
        return StatusSummary(self.counts + after.counts, int(self.counts.sum()) + after.first, after.status, after.why)

    @cached_property
    def reason(self) -> str:
        """Why the first that is not optimal is not."""
        return self.why if isinstance(self.why, str) else self.why()

    @cached_property
    def message(self) -> str:
        """One sentence."""
        said = ", ".join(f"{count} {name}" for name, count in zip(STATUSES, self.counts, strict=True) if count)
        why = f"; posture {self.first} is {STATUSES[self.status]}: {self.reason}" if self.first >= 0 else ""
        return said + why


def explain_failure(
    model: Model, stance: Stance, objective: SharingObjective, solved: StanceSolution, i: int
) -> Reason:
    """Why posture ``i`` of a block of stances is not optimal."""
    if solved.status[i] != UNREACHABLE:
        return explain_shortfall(model, solved, i)
    one = stance.take(np.array([i]))
    # a way out takes as long as hundreds of postures: it is looked for once a sweep, not once a block
    return lambda: explain_unreachable(model, next(split_batches(model, one, objective)), one)


def explain_shortfall(model: Model, solved: StanceSolution, i: int, *, most: str = "at full strength") -> str:
    """What an overloaded posture lacks, and the muscle that limits it; of an uncertified one what is not known.

    ``most`` says what the bound of a muscle is.
    """
    if solved.status[i] == UNCERTIFIED:
        residual = float(solved["equilibrium_residual"][i])
        if not np.isfinite(residual):
            return OVERFLOW
        return (_UNPROVEN if residual <= _UNBALANCED else _OPEN).format(residual)
    short = solved.results.shortfall[i]
    if not np.isfinite(short).all():
        return OVERFLOW
    worst = int(np.abs(short).argmax())
    unit = "N.m" if model.compiled().is_rotation[worst] else "N"
    limit = solved.limiting[i]
    cause = f"{limit} is {most}" if limit else "no muscle could give it, nor the ground"
    return f"{short[worst]:+.3g} {unit} are missing at {model.coordinates[worst]}; {cause}{_pushed(solved, i, worst)}"


def _pushed(solved: StanceSolution, i: int, coordinate: int) -> str:
    """What tissue, springs and limits do at a coordinate, where they ask for more than is missing there."""
    if not getattr(solved.results, RAW["passive_moment"].array).shape[1]:
        return ""  # it was not asked for
    push, short = float(solved["passive_moment"][i, coordinate]), float(solved.results.shortfall[i, coordinate])
    if push * short >= 0.0 or abs(push) < abs(short):
        return ""
    unit = "N.m" if solved.model.compiled().is_rotation[coordinate] else "N"
    return f", against {push:+.3g} {unit} of its tissue, springs and limits"
