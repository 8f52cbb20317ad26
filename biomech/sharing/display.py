"""How a problem shows itself; kernels are made of its class, so it is said from outside."""

from __future__ import annotations

from biomech._display import About, Folded, counted, shows
from biomech.sharing.problem import LoadSharingProblem


def describe_problem(problem: LoadSharingProblem) -> str:
    """A batch of problems in a line."""
    batch, rows, unknowns = problem.coefficients.shape
    return f"{counted(batch, 'problem')} of {counted(rows, 'row')} and {counted(unknowns, 'unknown')}"


@shows(LoadSharingProblem)
def _problem(problem: LoadSharingProblem) -> About:
    line = describe_problem(problem)
    parts = {name: getattr(problem, name).shape for name in ("coefficients", "demand", "upper", "lower", "weight")}
    return About("LoadSharingProblem", line, {"size": line}, (Folded("arrays", ["array", "shape"], parts.items()),))
