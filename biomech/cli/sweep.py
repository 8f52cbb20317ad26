"""``biomech sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from biomech.cli.answers import judged, wanted, write_answers
from biomech.cli.common import OUTPUT, SHARING, Force, Format, Model, Progress, Threads, Variables
from biomech.cli.destination import Destination, destination_of, whole
from biomech.cli.options import STANCE, with_stance_options
from biomech.cli.outcome import Exit
from biomech.cli.request import Request, naming, read_request

_NUMBERS = Parameter(group=SHARING, metavar="NAME=NUMBER,...")


@with_stance_options
def sweep(
    study: Annotated[Path | None, Parameter(metavar="STUDY.toml")] = None,
    /,
    *,
    together: Annotated[
        list[str] | None, Parameter(group=STANCE, metavar="DIM=NAME,NAME", negative=(), consume_multiple=False)
    ] = None,
    model: Model = None,
    bodies: Annotated[int | None, Parameter(group=SHARING)] = None,
    seed: Annotated[int | None, Parameter(group=SHARING)] = None,
    criterion: Annotated[str | None, Parameter(group=SHARING, metavar="NAME")] = None,
    weight: Annotated[str | None, _NUMBERS] = None,
    strength: Annotated[str | None, Parameter(group=SHARING, metavar="RULE")] = None,
    tone: Annotated[str | None, _NUMBERS] = None,
    stiffness_margin: Annotated[str | None, _NUMBERS] = None,
    short_range_stiffness: Annotated[float | None, Parameter(group=SHARING)] = None,
    variables: Variables = None,
    format: Format = None,  # noqa: A002
    to: Annotated[str | None, Parameter(group=OUTPUT, metavar="FILE")] = None,
    force: Force = False,
    threads: Threads = None,
    progress: Progress = None,
    **stance: str | None,
) -> Exit:
    """Which muscles carry the load in a set of stances, and what it does to the joints.

    Parameters
    ----------
    study
        A file that says what the options say (docs/command_line.md); an option comes before it. Paths in it are from
        the folder in which the command runs.
    together
        Parameters that vary together along one dimension, in place of a grid: squat=knee_flexion,trunk_lean. Once for
        each dimension.
    bodies
        So many bodies, drawn from what nobody knows of a body, along a first dimension.
    seed
        The same seed gives the same bodies; 0 by default.
    criterion
        How load is shared: power:2 (the default, least sum of squared activations), power:3 and so on up to 5,
        soft_saturation or min_max.
    weight
        Weight of muscles in the cost, by name or pattern (soleus_*=2); 1 for all others.
    strength
        isometric (the default) or force_length.
    tone
        Least activation of a group, or of the muscles that a name or pattern matches (lumbar_extensors=0.02).
    stiffness_margin
        Least stiffness of coordinates, N.m/rad (lumbar_extension=0).
    short_range_stiffness
        Stiffness of a muscle times its length over its force, for the margins alone; 10 by default.
    to
        A file in place of standard output, by its ending: .csv, .json, .nc (netCDF), or .zarr, a store that may be
        larger than memory and goes on where it was stopped when the same command is run again.
    """
    settings = {name: value for name, value in locals().items() if name not in ("study", "stance", "force", "progress")}
    request = read_request(study, settings, stance)
    with request.naming():
        destination = destination_of(request.settings, force)
    asked = wanted(request.settings.get("variables"), destination.format)
    if destination.is_study:
        return _store(request, destination, asked, progress)
    with destination.opened() as file:
        answers = [("", request.solve(asked, progress=progress))]
        write_answers(answers, destination.format, file)
    destination.finish("written")
    return judged(answers)


def _store(request: Request, destination: Destination, variables: list[str] | None, progress: bool | None) -> Exit:
    """Write netCDF or a store; a file may take the place of another, a store is gone on with or stays."""
    path = destination.path
    assert path is not None  # what is a study has an ending
    if destination.force and path.suffix == ".nc":
        with whole(path, force=True) as making:
            ds = request.solve(variables, making, progress)
    else:
        with naming(request.places):
            ds = request.solve(variables, path, progress)
    destination.finish("written")
    return judged([("", ds)])
