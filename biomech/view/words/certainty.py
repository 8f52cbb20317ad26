"""How sure an answer is: what the certificate proves of it, and how many draws speak."""

from __future__ import annotations

import numpy as np
import xarray as xr

from biomech._display import counted
from biomech.pipeline.status import OPTIMAL
from biomech.view.words.answer import Answer
from biomech.view.words.phrases import one_part_in
from biomech.view.words.words import Line


def certificate(*answers: Answer) -> Line:
    """Equilibrium and optimality of what is held (the worst of several answers), and what is not known of people."""
    said, numbers = [], []
    for name, words in (
        ("equilibrium_residual", "forces and moments balance to {}"),
        ("duality_gap", "it is proven that no other sharing costs less by more than {}"),
    ):
        if all(name in answer.ds for answer in answers):
            value = max(_worst(answer, answer.ds[name]) for answer in answers)
            said.append(words.format(one_part_in(value)))
            numbers.append({"quantity": name, "name": "", "units": "1", "value": value})
    answer = answers[0]
    people = (
        f"{counted(answer.drawn, 'draw')} of what is uncertain stand behind each number"
        if answer.draws
        else "this is one body with the model's numbers; how far people differ, bm.uncertainty.propagate says"
    )
    return Line("how sure", "; ".join([*said, people]), tuple(numbers))


def unsaid(answer: Answer, wanted: dict[str, str]) -> Line:
    """What cannot be told for lack of variables."""
    missing = [f"{words} ({name})" for name, words in wanted.items() if name not in answer.ds.variables]
    return Line("not said, for lack of the variable", ", ".join(missing))


def _worst(answer: Answer, values: xr.DataArray) -> float:
    found = values.reset_coords(drop=True)
    if answer.status is not None:
        found = found.where(answer.status.reset_coords(drop=True) == OPTIMAL)
    return float(np.nanmax(found.values))
