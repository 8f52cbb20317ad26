"""``biomech sweep``."""

from __future__ import annotations

import sys
from pathlib import Path

from biomech.cli.answers import judged, wanted, write_answers
from biomech.cli.common import (
    Bodies,
    Criterion,
    Force,
    Format,
    Model,
    Progress,
    Seed,
    ShortRangeStiffness,
    StiffnessMargin,
    Strength,
    Study,
    Threads,
    Together,
    Tone,
    ToStudy,
    Variables,
    Weight,
)
from biomech.cli.destination import Destination, destination_of, whole
from biomech.cli.options import with_stance_options
from biomech.cli.outcome import Exit
from biomech.cli.request import Request, read_request


@with_stance_options
def sweep(
    study: Study = None,
    /,
    *,
    together: Together = None,
    model: Model = None,
    bodies: Bodies = None,
    seed: Seed = None,
    criterion: Criterion = None,
    weight: Weight = None,
    strength: Strength = None,
    tone: Tone = None,
    stiffness_margin: StiffnessMargin = None,
    short_range_stiffness: ShortRangeStiffness = None,
    variables: Variables = None,
    format: Format = None,
    to: ToStudy = None,
    force: Force = False,
    threads: Threads = None,
    progress: Progress = None,
    **stance: str | None,
) -> Exit:
    """Which muscles carry the load in a set of stances, and what it does to the joints."""
    settings = {
        "together": together,
        "model": model,
        "bodies": bodies,
        "seed": seed,
        "criterion": criterion,
        "weight": weight,
        "strength": strength,
        "tone": tone,
        "stiffness_margin": stiffness_margin,
        "short_range_stiffness": short_range_stiffness,
        "variables": variables,
        "format": format,
        "to": to,
        "threads": threads,
    }
    request = read_request(study, settings, stance)
    with request.naming():
        destination = destination_of(request.settings, force)
    form = "words" if _is_read_at_once(request) else destination.format
    asked = wanted(request.settings.get("variables"), form)
    if destination.is_study:
        return _store(request, destination, asked, progress)
    with destination.opened() as file:
        answers = [("", request.solve(asked, progress=progress))]
        write_answers(answers, form, file)
    destination.finish("written")
    return judged(answers)


def _is_read_at_once(request: Request) -> bool:
    """Whether a person at a terminal asks for one posture, and for nothing in particular of it."""
    given = {"to", "format", "variables"} & set(request.settings)
    return not given and request.is_one_posture and sys.stdout.isatty()


def _store(request: Request, destination: Destination, variables: list[str] | None, progress: bool | None) -> Exit:
    """Write netCDF or a store; a file may take the place of another, a store is gone on with or stays."""
    path = destination.path
    assert path is not None  # what is a study has an ending
    if destination.force and path.suffix == ".nc":
        with whole(path, force=True) as making:
            ds = request.solve(variables, making, progress)
    else:
        try:
            ds = request.solve(variables, path, progress)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(*_how_to_go_on(path)) from None
    destination.finish("written")
    return judged([("", ds)])


def _how_to_go_on(path: Path) -> list[str]:
    """What to say of a store that was begun."""
    return [f"the same command goes on with {path}"] if path.suffix == ".zarr" and path.exists() else []
