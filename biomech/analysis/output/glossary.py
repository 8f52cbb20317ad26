"""The glossary's tables of outputs and statuses, made from their declarations.

``python -m biomech.analysis.output.glossary docs/reference/glossary.md`` writes them anew between their marks; what
else stands in the page stays.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from biomech.analysis.output.policy_variables import POLICY_OUTPUTS
from biomech.analysis.output.variables import GIVEN, declared_outputs
from biomech.pipeline.output_declaration import OutputDeclaration
from biomech.pipeline.status import STATUS_CODES
from biomech.stance.parameters import PARAMETERS

#: A table between its marks: its name, and what stands there.
_TABLE = re.compile(r"(<!-- table of (?P<name>[a-z ]+), made [^>]*-->\n).*?(<!-- end of table -->\n)", re.DOTALL)


def sweep_table() -> str:
    """What a sweep answers with, a row a variable. An angle that may be asked for stands among the parameters."""
    asked = {name for name in PARAMETERS if name != "pelvic_tilt"}  # which has no default, and no row there
    outputs = [*declared_outputs("sweep"), *POLICY_OUTPUTS]
    return _table(output for output in outputs if output.name not in asked)


def measured_table() -> str:
    """What ``static_optimization`` answers with besides."""
    common = {output.name for output in declared_outputs("sweep")}
    return _table(output for output in (*declared_outputs("static_optimization"), *GIVEN) if output.name not in common)


def status_table() -> str:
    """What the numbers of a posture are, by its status."""
    return _rows(("code", "what the numbers are"), ((f"{s.code} {s.name}", s.meaning) for s in STATUS_CODES))


def with_tables(page: str) -> str:
    """A page with its tables made anew."""
    return _TABLE.sub(lambda found: found[1] + TABLES[found["name"]]() + found[3], page)


def _table(outputs: Iterable[OutputDeclaration]) -> str:
    heads = ("variable", "units", "own dimensions", "meaning", "sign, frame")
    return _rows(heads, (_cells(output) for output in outputs))


def _cells(output: OutputDeclaration) -> tuple[str, ...]:
    codes = ", ".join(f"{k} {flag.replace('_', ' ')}" for flag, k in output.flag_numbers.items())
    described = "(a coordinate) " if output.describes else ""
    meaning = described + "; ".join(filter(None, (output.meaning or output.long_name, codes)))
    where = output.frame if " " in output.frame else f"in {output.frame}" if output.frame else ""
    sign = "; ".join(filter(None, (output.sign, where)))
    return f"`{output.name}`", output.units, ", ".join(output.dims), meaning, sign


def _rows(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    def lines() -> Iterator[str]:
        yield f"| {' | '.join(heads)} |"
        yield f"|{'---|' * len(heads)}"
        for row in rows:
            yield f"| {' | '.join(row)} |"

    return "".join(f"{line}\n" for line in lines())


#: What makes each table, by the name in its mark.
TABLES: dict[str, Callable[[], str]] = {
    "variables": sweep_table,
    "measured variables": measured_table,
    "statuses": status_table,
}

if __name__ == "__main__":
    for argument in sys.argv[1:]:
        path = Path(argument)
        path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")
