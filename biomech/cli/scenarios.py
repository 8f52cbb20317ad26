"""``biomech scenarios``."""

from __future__ import annotations

import sys
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from cyclopts import Parameter

from biomech.cli.answers import judged, wanted, write_answers
from biomech.cli.common import Force, Format, Model, Threads, ToText, Variables
from biomech.cli.destination import SUFFIXES, destination_of
from biomech.cli.outcome import Exit
from biomech.cli.request import naming, read_request

_TEXT = {suffix: form for suffix, form in SUFFIXES.items() if form != "study"}


def scenarios(
    *names: Annotated[str, Parameter(help="Those to run; without any they are listed.")],
    model: Model = None,
    variables: Variables = None,
    format: Format = None,
    to: ToText = None,
    force: Force = False,
    threads: Threads = None,
) -> Exit | None:
    """The situations of the article: what there are, or what the muscles do in some of them."""
    from biomech._arguments import one_of
    from biomech.article.scenarios import SCENARIOS, run
    from biomech.model.catalog import load_model

    given = {"model": model, "variables": variables, "format": format, "to": to, "threads": threads}
    request = read_request(None, given, {})
    with naming({}):
        destination = destination_of(request.settings, force, _TEXT)
        for name in names:
            one_of("scenario", name, SCENARIOS)
        body = load_model(request.settings.get("model", "adult"))
    if not names:
        _list()
        return None
    asked = wanted(request.settings.get("variables"), destination.format)
    with destination.opened() as file, naming({}):
        options = {"variables": asked, "threads": request.settings.get("threads", 1)}
        answers = []
        for name in dict.fromkeys(names):
            with _named(name):
                answers.append((name, run(name, body, **options)))
        write_answers(answers, destination.format, file)
    destination.finish("written")
    return judged(answers)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Say of warnings within which scenario they speak of."""
    with warnings.catch_warnings(record=True) as said:
        yield
    for own in said:
        warnings.warn(f"{name}: {str(own.message).removeprefix('sweep: ')}", own.category, stacklevel=3)


def _list() -> None:
    """Name and meaning of every situation."""
    from biomech.article.scenarios import SCENARIOS

    longest = max(map(len, SCENARIOS))
    for name, own in SCENARIOS.items():
        indent = " " * (longest + 2)
        sys.stdout.write(
            textwrap.fill(own.meaning, 79, initial_indent=f"{name:<{longest}}  ", subsequent_indent=indent) + "\n"
        )
