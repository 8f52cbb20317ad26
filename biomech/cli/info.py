"""``biomech info``."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from biomech.cli.common import OUTPUT

if TYPE_CHECKING:
    from biomech.model.model import Model


def info(
    model: Annotated[str | None, Parameter(help="adult, gait2392 or small.")] = None,
    /,
    *,
    format: Annotated[
        str,
        Parameter(
            group=OUTPUT,
            metavar="FORMAT",
            help="table; or json: the same with each muscle's strength and all sources.",
        ),
    ] = "table",
) -> None:
    """What a model is made of; or which models there are, and what this installation computes with."""
    from biomech._arguments import one_of
    from biomech.cli.request import naming
    from biomech.model.catalog import MODELS

    with naming({}):
        one_of("format", format, ("table", "json"))
        about = _installation() if model is None else _model(one_of("MODEL", model, MODELS))
    if format == "json":
        json.dump(about, sys.stdout, indent=1)
        sys.stdout.write("\n")
        return
    lines = _installation_lines(about) if model is None else _model_lines(about)
    sys.stdout.write("\n".join(lines) + "\n")


def _installation() -> dict[str, Any]:
    """Version, models, and the library of kernels in use."""
    from biomech._kernels.cpu import chosen_levels
    from biomech._version import __version__
    from biomech.model.catalog import MODELS, load_model

    return {
        "version": __version__,
        "python": sys.version.split()[0],
        "cpu": chosen_levels()[0] if chosen_levels() else "unknown",
        "kernels": _kernels(),
        "models": {name: _in_short(load_model(name)) for name in MODELS},
    }


def _kernels() -> str:
    """Where compiled kernels come from: the first library that this CPU can run."""
    from biomech._kernels.cpu import chosen_levels
    from biomech._kernels.library import BUILT, INSTALLED, Manifest, Unfit, manifest_path

    for level in chosen_levels():
        for folder in (INSTALLED, BUILT):
            try:
                found = Manifest.read(manifest_path(folder, level))
            except Unfit:
                continue
            return f"{found.code} ({found.compiler})"
    return "none for this CPU; they are compiled at their first use"


def _in_short(model: Model) -> str:
    return (
        f"{model.body_mass:.1f} kg, {len(model.muscles)} muscles in {len(model.groups)} groups, "
        f"{len(model.segments)} segments, {len(model.coordinates)} coordinates"
    )


def _installation_lines(about: dict[str, Any]) -> Iterator[str]:
    yield f"biomech {about['version']}, Python {about['python']}"
    yield f"CPU level {about['cpu']}"
    yield f"kernels   {about['kernels']}"
    yield ""
    yield "Models (biomech info MODEL says more):"
    for name, said in about["models"].items():
        yield f"  {name:<9} {said}"


def _model(name: str) -> dict[str, Any]:
    """A model as its tables have it."""
    from biomech.analysis.output.provenance import model_hash
    from biomech.model.catalog import load_model

    model = load_model(name)
    segments, joints, coordinates = (model.tables[own] for own in ("segments", "joints", "coordinates"))
    ends = zip(joints.text("parent"), joints.text("child"), strict=True)
    ranges = zip(coordinates.numbers("range_min"), coordinates.numbers("range_max"), strict=True)
    motions = coordinates.text("motion")
    strengths = model.tables["muscles"].numbers("max_isometric_force")
    return {
        "model": name,
        "in_short": _in_short(model),
        "sha256": model_hash(model),
        "body_mass_kg": model.body_mass,
        "segment_mass_kg": dict(zip(segments.rows, segments.numbers("mass").tolist(), strict=True)),
        "joints": {joint: list(pair) for joint, pair in zip(joints.rows, ends, strict=True)},
        "coordinates": {
            own: {"unit": "deg" if motion == "rotation" else "m", "from": float(low), "to": float(high)}
            for own, motion, (low, high) in zip(coordinates.rows, motions, ranges, strict=True)
        },
        "groups": {group: list(members) for group, members in model.groups.items()},
        "max_isometric_force_N": dict(zip(model.muscles, strengths.tolist(), strict=True)),
        "sources": {
            own: list(dict.fromkeys(filter(None, table.text("source"))))
            for own, table in model.tables.items()
            if "source" in table.columns
        },
    }


def _model_lines(about: dict[str, Any]) -> Iterator[str]:
    yield f"{about['model']}: {about['in_short']}"
    yield from _section("Segments, kg", [f"{own} {mass:.4g}" for own, mass in about["segment_mass_kg"].items()])
    yield from _section("Joints", [f"{own} ({ends[0]} to {ends[1]})" for own, ends in about["joints"].items()])
    yield from _section(
        "Coordinates",
        [f"{own} ({way['from']:g}..{way['to']:g} {way['unit']})" for own, way in about["coordinates"].items()],
    )
    yield ""
    yield "Muscle groups, both sides, and the sum of their isometric strength"
    for group, members in about["groups"].items():
        strength = sum(about["max_isometric_force_N"][own] for own in members)
        right = [own.removesuffix("_r") for own in members if own.endswith("_r")] or members
        yield from _filled(f"{group} ({len(members)}, {strength:.0f} N): {', '.join(right)}")
    yield ""
    yield "Sources, of each table the first (all of them: --format json, and docs/theory/models.md)"
    for table, sources in about["sources"].items():
        more = f" (and {len(sources) - 1} more)" if len(sources) > 1 else ""
        yield from _filled(f"{table}: {sources[0]}{more}" if sources else f"{table}: none")


def _section(title: str, entries: Iterable[str]) -> Iterator[str]:
    yield ""
    yield title
    yield from _filled(", ".join(entries))


def _filled(words: str) -> list[str]:
    return textwrap.wrap(
        words, 79, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
