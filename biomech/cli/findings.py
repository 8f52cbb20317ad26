"""``biomech findings``."""

from __future__ import annotations

import csv
import json
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TextIO

from cyclopts import Parameter

from biomech.cli.common import Force, Format, Model, Progress, ToText
from biomech.cli.destination import SUFFIXES, destination_of
from biomech.cli.request import naming, read_request

if TYPE_CHECKING:
    from biomech.article.findings import Finding

_TEXT = {suffix: form for suffix, form in SUFFIXES.items() if form != "study"}
_COLUMNS = ("name", "claim", "sentence", "verdict", "threshold", "samples")


def findings(
    *names: Annotated[str, Parameter(help="Sentences to test (turnout_back); by default all.")],
    samples: Annotated[int, Parameter(help="Bodies that are drawn; docs/findings has 1024.")] = 32,
    seed: Annotated[int, Parameter(help="The same seed gives the same bodies.")] = 0,
    model: Model = None,
    format: Format = None,
    to: ToText = None,
    force: Force = False,
    progress: Progress = None,
) -> None:
    """What mechanics and measurements say of the article, sentence by sentence."""
    from biomech.article.findings import assess_hypotheses
    from biomech.model.catalog import load_model

    request = read_request(None, {"model": model, "format": format, "to": to}, {})
    with naming({}):
        destination = destination_of(request.settings, force, _TEXT)
        body = load_model(request.settings.get("model", "adult"))
        with destination.opened() as file:
            found = assess_hypotheses(names or None, body, samples=samples, seed=seed, progress=progress)
            {"table": _write_words, "csv": _write_csv, "json": _write_json}[destination.format](found, samples, file)
    destination.finish("written")


def _write_words(found: Sequence[Finding], samples: int, file: TextIO) -> None:
    """Each sentence with its verdict, and what would decide what is open."""
    from biomech.article.verdicts import VERDICTS

    for claim in dict.fromkeys(own.hypothesis.claim for own in found):
        file.write(f"{claim}\n")
        for own in found:
            if own.hypothesis.claim == claim:
                words = [f"{own.verdict.upper()}: {own.hypothesis.text}"]
                words += [own.threshold.sentence] if own.threshold else []
                file.write(_filled(" ".join(words)))
        file.write("\n")
    file.write(f"What a verdict means, of {samples} bodies:\n")
    counts = Counter(own.verdict for own in found)
    for verdict, meaning in VERDICTS.items():
        if counts[verdict]:
            file.write(_filled(f"{verdict} ({counts[verdict]} of {len(found)}): {meaning}."))
    if samples < 1000:
        print(
            "biomech: fewer than a thousand bodies: a verdict near its edge may differ from docs/findings",
            file=sys.stderr,
        )


def _filled(words: str) -> str:
    return textwrap.fill(words, 79, initial_indent="  ", subsequent_indent="    ") + "\n"


def _rows(found: Sequence[Finding], samples: int) -> list[dict[str, str | int]]:
    return [
        dict(
            zip(
                _COLUMNS,
                (
                    own.hypothesis.name,
                    own.hypothesis.claim,
                    own.hypothesis.text,
                    own.verdict,
                    own.threshold.sentence if own.threshold else "",
                    samples,
                ),
                strict=True,
            )
        )
        for own in found
    ]


def _write_csv(found: Sequence[Finding], samples: int, file: TextIO) -> None:
    writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(found, samples))


def _write_json(found: Sequence[Finding], samples: int, file: TextIO) -> None:
    json.dump(_rows(found, samples), file, indent=1)
    file.write("\n")
