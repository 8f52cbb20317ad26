"""A body becomes another person's: by height, mass, sex, lengths of its own, and strength.

Every rule and its source:

- *Lengths.* A segment is longer in proportion to height, unless its length is given (``PARTS`` says between which two
  points). Across its long axis it grows with height in either case: the breadth of a joint follows the skeleton, not
  the weight that it has come to carry (Ruff, Scott & Liu 1991, Am J Phys Anthropol 86:397; from memory, medium), and
  a long thigh is not a thick one. With its segment go joints, paths, contacts, what slides along splines, the centre
  of mass, and the points of ``settings`` (shoulder, hand, sole). A tendon's arm at the patella lies across: height.
- *Masses.* In proportion to the body's, or with ``sex`` the shares and centres of de Leva 1996 (J Biomech 29:1223,
  ``data/de_leva_1996.csv``): those of thigh, shank and of what L5/S1 carries lie along the segment where they say.
- *Fibres.* Optimal fibre and tendon slack length in the ratio of the muscle's whole length at the neutral pose, as
  OpenSim's scale tool has it (Delp et al. 2007, IEEE TBME 54:1940): normalised lengths there stay.
- *Strength.* The volume of muscle follows height times mass (Handsfield et al. 2014, J Biomech 47:631: MRI of 35
  muscles of 24 people, 8 of them women), force is volume over fibre length. Young people agree: moments over mass x
  gravity x height of women are 1.00 of men's, the geometric mean of six motions of hip, knee and ankle (.82 at 55 to
  65, .90 past that; Anderson et al. 2007, J Biomech 40:3105); so ``sex`` changes no strength. High for legs of young
  adults, low for trunks and for weight that is fat.
- *Passive paths* (springs and ligaments). Slack lengths as fibres, in the ratio of the path's whole length; at the same
  strain the tension goes with the body's mass: ligaments are as strong for their load. So do path actuators.
- *Bushings and springs* between segments: where they are with the segments, stiffness by what forces and moments of
  a similar body are over its lengths and angles: along an axis mass over height, about one mass times height; a
  spring's length at rest with height.
- *The rest* (passive moments, arms, abdominal pressure) as in ``biomech.model.proportions``, by mass and height.

Of a similar body, every length times s and every mass times m, moments of weight, of passive tissue and of abdominal
pressure are m s times what they were; so are those of muscles if forces are m times, ``strength=m``. Friction is a
ratio, and the contact force is counted in body weights. Activations are then the same in the same stance, whose own
lengths (``stance_width``, say) are s times as well, for any s and m. A body of one density has m = s^3. That holds to
rounding where the posture is held and its angles are given; a policy that searches for the tilt stops at its own
tolerance, and what is missing in a posture that is not held is measured in N.m.

Angles stay, with every range of motion; so does the range of a coordinate that slides, in m.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biomech._arguments import mapping, one_of, real_number, refusal
from biomech.errors import ModelError
from biomech.model.compiled import compile_model
from biomech.model.geometry import pose_muscles
from biomech.model.mechanics.wrapping.tables import rotation_of
from biomech.model.mirror import is_symmetric, other_side, side_of
from biomech.model.parts import PARTS, joint_in_child, part_length, part_of
from biomech.model.proportions import grown
from biomech.model.scaling_rows import BY_ROWS, grow_rows, times
from biomech.model.tables import Table, optional

Array = NDArray[np.float64]
Tables = Mapping[str, Table]


#: How strength may follow the body.
RULES = ("volume", "mass^(2/3)")
SEXES = ("female", "male")
#: Volume of a leg's muscles, cm3, over height times mass, m kg: slope and offset (Handsfield et al. 2014, as Rajagopal
#: et al. 2016 quote it; from memory, but it gives the 7315 cm3 of docs/theory/models.md; medium).
_VOLUME = (47.05, 1289.6)
#: m and kg. ANSUR II (Gordon et al. 2014, NATICK/TR-15/007) has 6,068 adults of 1.41 to 1.99 m and 36 to 144 kg (from
#: memory); beyond that there is room, but not for a child, nor for what comes of another unit.
HEIGHTS, MASSES = (1.2, 2.2), (25.0, 250.0)
#: A length that is given, over what it is in proportion to height. Of people's own, none comes near.
_OFF_PROPORTION = (0.5, 2.0)
#: Units in which people give lengths and masses, in m and kg.
_LENGTH_UNITS = {"cm": 0.01, "mm": 0.001, "inches": 0.0254, "feet": 0.3048}
_MASS_UNITS = {"lb": 0.45359237, "g": 0.001}
#: Points of ``settings``: the part in whose frame they are, and along which axis.
_POINTS = {
    "shoulder_x": ("trunk", "x"), "shoulder_y": ("trunk", "y"), "hand_rest_x": ("thigh", "x"),
    "hand_rest_y": ("thigh", "y"), "toe_tip": ("foot", "x"), "sole_height": ("foot", "y"),
}  # fmt: skip


class _Growth(NamedTuple):
    """Factors: of height, of the whole mass, and of each part along its long axis."""

    height: float
    mass: float
    parts: Mapping[str, float]

    def of(self, part: str | None) -> Array:
        """Factors along x, y and z."""
        factors = np.full(3, self.height)
        if part is not None:
            factors["xyz".index(PARTS[part].axis)] = self.parts[part]
        return factors


def scale_tables(
    tables: Tables, height: object, mass: object, sex: object, lengths: object, strength: object
) -> dict[str, Table]:
    """Tables of another person's body; the arguments are those of ``Model.scaled``.

    Raises
    ------
    ModelError
        An argument is no number of a person, or the body lacks what it asks for.
    """
    growth = _read_growth(tables, height, mass, lengths)
    own_sex = None if sex is None else one_of("sex", sex, SEXES, ModelError)
    rule = _read_strength(strength)
    scaled = _with_places(tables, growth)
    scaled = _with_masses(scaled, growth, own_sex)
    scaled = _with_tissue(scaled, growth, own_sex)
    if BY_ROWS & {*tables}:
        scaled = grow_rows(tables, scaled, growth.height, lambda segment: growth.of(part_of(segment)))
    return _with_paths(tables, scaled, growth, rule)


def _read_growth(tables: Tables, height: object, mass: object, lengths: object) -> _Growth:
    """The factors that height, mass and lengths ask for."""
    settings = tables["settings"]
    if "height" not in settings.rows:
        raise ModelError(
            "height: the model does not say how tall its body is; add a row 'height' to its settings: "
            'model.with_rows({"settings": [{"setting": "height", "value": 1.8, "unit": "m", "source": "..."}]})'
        )
    own_height, own_mass = settings.value("height"), float(tables["segments"].numbers("mass").sum())
    taller = 1.0 if height is None else _person("height", height, HEIGHTS, "m", _LENGTH_UNITS) / own_height
    heavier = 1.0 if mass is None else _person("mass", mass, MASSES, "kg", _MASS_UNITS) / own_mass
    parts = dict.fromkeys(PARTS, taller)
    for part, given in mapping("lengths", {} if lengths is None else lengths, "parts to m", ModelError).items():
        own = part_length(tables, one_of("lengths", part, PARTS, ModelError))
        if own <= 0.0:
            raise ModelError(f"lengths[{part!r}]: the model has no {part} ({PARTS[part].ends})")
        least, most = (own * taller * factor for factor in _OFF_PROPORTION)
        parts[part] = _person(f"lengths[{part!r}]", given, (least, most), "m", _LENGTH_UNITS) / own
    return _Growth(taller, heavier, parts)


def _person(name: str, value: object, limits: tuple[float, float], unit: str, units: Mapping[str, float]) -> float:
    """A measure of a person; a value that is one in another unit is refused with a hint."""
    least, most = limits
    number = real_number(name, value, error=ModelError)
    if least <= number <= most:
        return number
    meant = [f"{number:g} {other} are {number * size:.4g} {unit}" for other, size in units.items()
             if least <= number * size <= most]  # fmt: skip
    hint = f" ({'; '.join(meant)})" if meant else ""
    raise refusal(name, value, f"in {least:.4g}..{most:.4g} {unit}{hint}", ModelError)


def _read_strength(strength: object) -> str | float:
    """A rule, or the factor of every force."""
    if isinstance(strength, str):
        return one_of("strength", strength, RULES, ModelError)
    factor = real_number("strength", strength, error=ModelError)
    if not 0.0 < factor <= 100.0:
        allowed = f"a factor above 0 and at most 100, or one of {', '.join(RULES)}"
        raise refusal("strength", strength, allowed, ModelError)
    return factor


def _with_places(tables: Tables, growth: _Growth) -> dict[str, Table]:
    """Joints, paths, contacts, centres of mass, splines and points of settings, each as its segment has grown."""
    scaled = dict(tables)
    for name, column, axes in (
        ("segments", "segment", ("com_x", "com_y", "com_z")),
        ("joints", "parent", ("x", "y", "z")),
        ("path_points", "segment", ("x", "y", "z")),
        ("contact_points", "segment", ("x", "y", "z")),
    ):
        for k, axis in enumerate(axes):
            factors = [_axis_factor(growth, segment, k) for segment in tables[name].text(column)]
            scaled[name] = times(scaled[name], axis, factors)
    if "wraps" in tables:
        scaled["wraps"] = _with_sizes(tables["wraps"], growth)
    for name in ("bushings", "point_springs"):
        if name in tables:
            scaled[name] = _with_stiffness(tables[name], growth)
    scaled["patellae"] = times(tables["patellae"], "z", [growth.height] * len(tables["patellae"]))
    owned = _spline_factors(tables, growth)
    factors = [owned.get(spline, 1.0) for spline in tables["splines"].text("spline")]
    scaled["splines"] = times(tables["splines"], "value", factors)
    settings = tables["settings"]
    along = {row: float(growth.of(part)["xyz".index(axis)]) for row, (part, axis) in _POINTS.items()}
    along["height"] = growth.height
    scaled["settings"] = times(settings, "value", [along.get(row, 1.0) for row in settings.rows])
    return scaled


def _with_sizes(wraps: Table, growth: _Growth) -> Table:
    """Surfaces where their segments have taken them, as large as those are now along their axes.

    Along an axis r of the surface that is the mean of the segment's factors, weighed by r^2, and across it that of the
    axes across: geometric means, so that scaling back gives the surface back. (OpenSim's are arithmetic.)
    """
    factors = np.array([[_axis_factor(growth, s, k) for k in range(3)] for s in wraps.text("segment")])
    along = [rotation_of(wraps, row).T ** 2 @ np.log(own) for row, own in enumerate(factors)]
    across = [2 if kind == "cylinder" else 3 for kind in wraps.text("kind")]
    radius = [float(np.mean(own[:count])) for own, count in zip(along, across, strict=True)]
    sizes = {"radius": np.exp(radius), "length": np.exp([own[2] for own in along])}
    for column, by in {**{axis: factors[:, k] for k, axis in enumerate("xyz")}, **sizes}.items():
        wraps = wraps.with_column(column, tuple((wraps.numbers(column) * by).tolist()))
    return wraps


def _with_stiffness(table: Table, growth: _Growth) -> Table:
    """Bushings or springs where their segments have taken them, as stiff as those of a similar body."""
    factors: dict[str, float | list[float]] = {"rest_length": growth.height, "stiffness": growth.mass / growth.height}
    for k, axis in enumerate("xyz"):
        factors[f"rotational_stiffness_{axis}"] = growth.mass * growth.height
        factors[f"translational_stiffness_{axis}"] = growth.mass / growth.height
        for end in ("first", "second"):
            factors[f"{end}_{axis}"] = [_axis_factor(growth, segment, k) for segment in table.text(end)]
    for column, own in factors.items():
        if column in table.columns:
            table = times(table, column, own if isinstance(own, list) else [own] * len(table))
    return table


def _axis_factor(growth: _Growth, segment: str, axis: int) -> float:
    """How a place in a segment's frame moves; one on the ground stays."""
    return 1.0 if segment == "ground" else float(growth.of(part_of(segment))[axis])


def _spline_factors(tables: Tables, growth: _Growth) -> dict[str, float]:
    """The factor of each spline's values: that of the segment along which it slides, the same for all that use it."""
    joints, couplings, points = tables["joints"], tables["couplings"], tables["path_points"]
    parent = dict(zip(joints.rows, joints.text("parent"), strict=True))
    slides = zip(couplings.text("spline"), couplings.text("joint"), couplings.text("component"), strict=True)
    uses = [(spline, parent[joint], "xyz".index(component)) for spline, joint, component in slides]
    for axis, column in enumerate(("spline_x", "spline_y")):
        moves = zip(points.text(column), points.text("segment"), strict=True)
        uses += [(spline, segment, axis) for spline, segment in moves if spline]
    factors: dict[str, float] = {}
    for spline, segment, axis in uses:
        factor = _axis_factor(growth, segment, axis)
        if factors.setdefault(spline, factor) != factor:
            raise ModelError(
                f"splines: {spline!r} is shared by parts of the body that grow by {factors[spline]:g} and {factor:g}; "
                "give each a spline of its own"
            )
    return factors


def _with_masses(tables: dict[str, Table], growth: _Growth, sex: str | None) -> dict[str, Table]:
    """Masses in proportion, or by the shares of a sex, with the centres of mass that go with them."""
    segments = tables["segments"]
    if sex is None:
        return {**tables, "segments": times(segments, "mass", [growth.mass] * len(segments))}
    mass = growth.mass * float(segments.numbers("mass").sum()) * _shares(segments, sex)
    segments = segments.with_numbers("mass", dict(enumerate(mass.tolist())))
    centre = {part: people.centre * part_length(tables, part) for part, people in _people(sex).items() if people.centre}
    joints = tables["joints"]
    near = dict(zip(joints.text("child"), joints.rows, strict=True))  # what the centre is measured from
    placed = {
        i: centre[part] + (0.0 if part == "trunk" else float(joint_in_child(tables, near[segment])[1]))
        for i, segment in enumerate(segments.rows)
        if (part := part_of(segment)) in centre
    }
    return {**tables, "segments": segments.with_numbers("com_y", placed)}


def _shares(segments: Table, sex: str) -> Array:
    """The share of the body's mass that each segment has; what is no part of ``PARTS`` keeps its own.

    A part of several segments is shared among them as it was. A body may lack a part: those that it has then are as
    they are to one another.
    """
    mass = segments.numbers("mass")
    share = mass / mass.sum()
    keys = [(part_of(segment), side_of(segment)) for segment in segments.rows]
    known = np.array([part is not None for part, _ in keys])
    for part, side in set(keys):
        if part is not None:
            own = [i for i, key in enumerate(keys) if key == (part, side)]
            whole = float(mass[own].sum())
            share[own] = _people(sex)[part].mass * (mass[own] / whole if whole > 0.0 else 1.0 / len(own))
    share[known] *= (1.0 - share[~known].sum()) / share[known].sum()
    return np.asarray(share)


class _People(NamedTuple):
    """Of a part of the body: its share of the mass, and its centre along y, over its length; 0 where none is known."""

    mass: float
    centre: float


@cache
def _people(sex: str) -> dict[str, _People]:
    """Parts of the body of de Leva 1996; the trunk's frame is at its lower end, that of a leg's bone at its upper."""
    text = (files("biomech.model") / "data" / "de_leva_1996.csv").read_text(encoding="utf-8")
    people = {}
    for row in csv.DictReader(text.splitlines()):
        if row["sex"] == sex:
            upward = 1.0 if row["part"] == "trunk" else -1.0
            people[row["part"]] = _People(float(row["mass"]), upward * float(row["centre"] or 0.0))
    return people


def _with_tissue(tables: dict[str, Table], growth: _Growth, sex: str | None) -> dict[str, Table]:
    """What ``proportions`` knows to follow, but for the points that have grown with their segments already."""
    named = {("settings", row) for row in (*_POINTS, "height")}
    if sex is not None:
        named.add(("settings", "arms_mass"))
        segments, settings = tables["segments"], tables["settings"]
        trunk = [i for i, segment in enumerate(segments.rows) if part_of(segment) == "trunk"]
        share = _people(sex)["arms"].mass / _people(sex)["trunk"].mass
        arms = share * float(segments.numbers("mass")[trunk].sum())
        tables = {**tables, "settings": settings.with_numbers("value", {settings.index("arms_mass"): arms})}
    along = {"thigh": growth.parts["thigh"], "foot": growth.parts["foot"], "sole": growth.height}
    whole = {"body_mass": growth.mass, "mass": growth.mass, "length": growth.height}
    return grown(tables, {**whole, **along}, named)


def _with_paths(before: Tables, tables: dict[str, Table], growth: _Growth, rule: str | float) -> dict[str, Table]:
    """Muscles and passive paths, each by how much longer it has become."""
    muscle, passive = _longer(before, tables, growth)
    found = _with_muscles(before, tables, growth, rule, muscle)
    if "passive_paths" in tables:
        table = times(tables["passive_paths"], "slack_length", passive.tolist())
        stiffness = [  # N/m, or N per strain
            growth.mass / (own if kind == "spring" else 1.0)
            for kind, own in zip(table.text("kind"), passive.tolist(), strict=True)
        ]
        for column, by in (("stiffness", stiffness), ("strength", [growth.mass] * len(table))):
            table = table.with_column(column, tuple((table.numbers(column) * by).tolist()))
        found["passive_paths"] = table
    if "path_actuators" in tables:
        table = tables["path_actuators"]
        found["path_actuators"] = times(table, "optimal_force", [growth.mass] * len(table))
    return found


def _with_muscles(
    before: Tables, tables: dict[str, Table], growth: _Growth, rule: str | float, longer: Array
) -> dict[str, Table]:
    """Fibres and tendons by the muscle's length, forces by the rule."""
    muscles = tables["muscles"]
    for column in ("optimal_fibre_length", "tendon_slack_length"):
        muscles = times(muscles, column, longer.tolist())
    if rule == "volume":
        height, mass = before["settings"].value("height"), float(before["segments"].numbers("mass").sum())
        volume = _volume(height * growth.height, mass * growth.mass) / _volume(height, mass)
        stronger = volume / longer
    elif rule == "mass^(2/3)":
        stronger = np.full(len(muscles), growth.mass ** (2.0 / 3.0))
    else:
        stronger = np.full(len(muscles), float(rule))
    return {**tables, "muscles": times(muscles, "max_isometric_force", stronger.tolist())}


def _volume(height: float, mass: float) -> float:
    """Volume of a leg's muscles, cm3, of a person of a height (m) and mass (kg)."""
    slope, offset = _VOLUME
    return slope * height * mass + offset


def _longer(before: Tables, after: Tables, growth: _Growth) -> tuple[Array, Array]:
    """By what factor each muscle's and passive path's whole length has grown at the neutral pose.

    Alike on both sides of a body.
    """
    lengths = []
    for tables in (before, after):
        compiled = compile_model(tables, half=False)
        _, state = pose_muscles(compiled, np.zeros(len(compiled.coordinates)))
        lengths.append(dict(zip([*compiled.muscles, *compiled.passive_paths], state.length, strict=False)))
    muscles = len(before["muscles"])
    names = (*before["muscles"].rows, *optional(before, "passive_paths").rows)
    mirrored = is_symmetric(before)  # lengths of both sides differ by rounding, which would make it lopsided
    of = [other_side(name) if mirrored and side_of(name) == "left" else name for name in names]
    old, new = (np.array([float(own[name]) for name in of]) for own in lengths)
    longer = np.divide(new, old, out=np.full(len(names), growth.height), where=old > 0.0)
    return longer[:muscles], longer[muscles:]
