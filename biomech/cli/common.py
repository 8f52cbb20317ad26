"""Options beside the stance parameters, each with what the help says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from biomech.cli.options import STANCE

SHARING = Group("Body and load sharing", sort_key=2)
OUTPUT = Group("Output", sort_key=3)

Study = Annotated[
    Path | None,
    Parameter(
        metavar="STUDY.toml",
        help="A file that says what the options say, by the same names (docs/reference/command_line.md). An option "
        "comes before it. Paths in it start from the folder in which the command runs.",
    ),
]
Together = Annotated[
    list[str] | None,
    Parameter(
        group=STANCE,
        metavar="DIM=NAME,NAME",
        negative=(),
        help="Parameters that vary together along one dimension, in place of a grid (squat=knee_flexion,trunk_lean). "
        "Once for each dimension.",
    ),
]

Model = Annotated[
    str | None, Parameter(group=SHARING, metavar="NAME", help="The body: adult (the default), gait2392 or small.")
]
Bodies = Annotated[
    int | None,
    Parameter(
        group=SHARING, help="So many bodies, drawn from what nobody knows of a body, along a first dimension body."
    ),
]
Seed = Annotated[int | None, Parameter(group=SHARING, help="The same seed gives the same bodies; by default 0.")]
Criterion = Annotated[
    str | None,
    Parameter(
        group=SHARING,
        metavar="NAME",
        help="How load is shared: power:2 (the default: least sum of squared activations) to power:5, soft_saturation "
        "or min_max.",
    ),
]
Weight = Annotated[
    str | None,
    Parameter(
        group=SHARING,
        metavar="NAME=NUMBER,...",
        help="Weight of muscles in the cost, by name or pattern (soleus_*=2); 1 for all others.",
    ),
]
Strength = Annotated[
    str | None,
    Parameter(
        group=SHARING,
        metavar="RULE",
        help="Strength of a muscle: isometric (the default), or force_length, where its length counts.",
    ),
]
Tone = Annotated[
    str | None,
    Parameter(
        group=SHARING,
        metavar="NAME=NUMBER,...",
        help="Least activation of a group, or of muscles by name or pattern, 0 to 1 (lumbar_extensors=0.02).",
    ),
]
StiffnessMargin = Annotated[
    str | None,
    Parameter(
        group=SHARING,
        metavar="NAME=NUMBER,...",
        help="Least stiffness of coordinates that muscles must give, N.m/rad (lumbar_extension=0).",
    ),
]
ShortRangeStiffness = Annotated[
    float | None,
    Parameter(
        group=SHARING,
        help="Stiffness of a muscle times its length over its force, for the margins alone; by default 10.",
    ),
]

Variables = Annotated[
    str | None,
    Parameter(
        group=OUTPUT,
        metavar="NAMES",
        help="What is kept of the answer (lumbar_compression,group_activation; docs/glossary.md). By default "
        "everything; in a table the compression of the joints and how hard the muscle groups work.",
    ),
]
Format = Annotated[
    str | None,
    Parameter(
        group=OUTPUT,
        metavar="FORMAT",
        help="What goes to standard output: table, csv or json; by default a table, and one posture in a terminal is "
        "told in words.",
    ),
]
ToStudy = Annotated[
    str | None,
    Parameter(
        group=OUTPUT,
        metavar="FILE",
        help="A file in place of standard output, by its ending: .csv, .json, .nc (netCDF), or .zarr: a store that may "
        "be larger than memory, and that the same command goes on with where it was stopped.",
    ),
]
ToText = Annotated[
    str | None,
    Parameter(group=OUTPUT, metavar="FILE", help="A file in place of standard output, by its ending: .csv or .json."),
]
Force = Annotated[
    bool,
    Parameter(
        group=OUTPUT,
        negative=(),
        show_default=False,
        help="Write over a file that is there; never over a folder or a store.",
    ),
]
Threads = Annotated[
    int | None, Parameter(group=OUTPUT, help="Threads among which the postures are divided; by default 1.")
]
Progress = Annotated[
    bool | None,
    Parameter(group=OUTPUT, help="Show a bar; by default only in a terminal, when it takes long."),
]
