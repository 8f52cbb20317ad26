"""The oldest versions that pyproject.toml allows, as constraints of pip: one ``name==version`` a line.

python oldest.py [EXTRA ...]     those of the package, and of these extras

Of a package that is named twice the higher bound counts.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

#: ``name[extra] >= bound`` or ``== bound``; what a requirement says besides is no bound from below.
_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(?:\[(?P<extras>[^\]]*)\])?\s*(?:[><=~]=\s*(?P<bound>[0-9][^,;\s]*))?"
)


def requirements(project: Mapping[str, object], extras: Iterable[str]) -> Iterator[re.Match[str]]:
    """Every requirement, those of extras and of the extras that they name among them."""
    waiting = [*project["dependencies"], *(own for extra in extras for own in project["optional-dependencies"][extra])]
    while waiting:
        found = _REQUIREMENT.match(waiting.pop(0))
        if found["name"] == project["name"]:
            waiting += requirements_of(project, found["extras"])
        else:
            yield found


def requirements_of(project: Mapping[str, object], extras: str) -> list[str]:
    """The requirements of some extras, as they are written."""
    return [own for extra in extras.split(",") for own in project["optional-dependencies"][extra.strip()]]


def oldest(project: Mapping[str, object], extras: Iterable[str]) -> dict[str, str]:
    """The oldest version of each package.

    Raises
    ------
    ValueError
        A requirement has no bound from below.
    """
    lowest: dict[str, str] = {}
    for found in requirements(project, extras):
        name, bound = found["name"], found["bound"]
        if bound is None:
            raise ValueError(f"{found.string}: has no bound from below")
        lowest[name] = max(lowest.get(name, "0"), bound, key=_numbers)
    return lowest


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


if __name__ == "__main__":
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, version in sorted(oldest(project, sys.argv[1:]).items()):
        print(f"{name}=={version}")
