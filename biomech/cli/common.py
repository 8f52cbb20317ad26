"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Group, Parameter

OUTPUT = Group("Output", sort_key=3)
SHARING = Group("Body and load sharing", sort_key=2)

Model = Annotated[
    str | None, Parameter(help="The body: adult (the default), gait2392 or small.", group=SHARING, metavar="NAME")
]
Variables = Annotated[
    str | None,
    Parameter(
        help="What is kept of the answer (lumbar_compression,group_activation). By default everything, in a table the "
        "compression of the joints and how hard the muscle groups work.",
        group=OUTPUT,
        metavar="NAMES",
    ),
]
Format = Annotated[
    str | None,
    Parameter(help="What goes to standard output: table (the default), csv or json.", group=OUTPUT, metavar="FORMAT"),
]
Force = Annotated[
    bool,
    Parameter(help="Write over a file that is there.", group=OUTPUT, negative=(), show_default=False),
]
Threads = Annotated[int | None, Parameter(help="Threads among which the postures are divided.", group=OUTPUT)]
Progress = Annotated[
    bool | None,
    Parameter(help="Show a bar; by default in a terminal, when it takes long.", group=OUTPUT),
]
