"""The small model, made from the adult: one line of action per group and side.

The line of a group is the central axis of the wrench that its muscles, each at full strength, exert together across a
joint at the neutral pose (Zatsiorsky 2002, ch. 1): it has the force and, but for the small moment along itself, the
moment of the group. The tables in ``data/small`` are what this module gives; ``python -m biomech.model.reduced_model
FOLDER`` writes them.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biomech.model.catalog import load_model
from biomech.model.geometry import pose_muscles
from biomech.model.mirror import side_of
from biomech.model.model import Model
from biomech.model.tables import SCHEMA

Array = NDArray[np.float64]
Record = dict[str, str]

#: Group: inner segment, outer segment, and the joint whose crossing is lumped.
LINES = {
    "lumbar_extensors": ("pelvis", "torso", "lumbosacral"),
    "abdominals": ("pelvis", "torso", "lumbosacral"),
    "gluteus_maximus": ("pelvis", "femur_r", "hip_r"),
    "gluteus_medius": ("pelvis", "femur_r", "hip_r"),
    "gluteus_minimus": ("pelvis", "femur_r", "hip_r"),
    "deep_external_rotators": ("pelvis", "femur_r", "hip_r"),
    "adductors": ("pelvis", "femur_r", "hip_r"),
    "hip_flexors": ("pelvis", "femur_r", "hip_r"),
    "hamstrings": ("pelvis", "tibia_r", "hip_r"),
    "quadriceps": ("femur_r", "tibia_r", "knee_r"),
    "plantarflexors": ("tibia_r", "calcn_r", "ankle_r"),
    "dorsiflexors": ("tibia_r", "calcn_r", "ankle_r"),
}
_SOURCE = "lump of the adult model at the neutral pose"
_FOOT = ("talus_r", "calcn_r", "toes_r")


class _Neutral:
    """The adult at its neutral pose."""

    def __init__(self, adult: Model) -> None:
        self.compiled = adult.compiled()
        q = np.zeros(len(self.compiled.coordinates))
        self.frames, self.state = pose_muscles(self.compiled, q)

    def origin(self, segment: str) -> Array:
        return np.asarray(self.frames.origin[1 + self.compiled.segments.index(segment)])

    def into(self, segment: str, point: Array) -> Array:
        """A point of ground in a segment's frame."""
        turn = self.frames.rotation[1 + self.compiled.segments.index(segment)].reshape(3, 3)
        return np.asarray(turn.T @ (point - self.origin(segment)))


def reduce_model(adult: Model) -> dict[str, list[Record]]:
    """Tables of the small model, right side and midline, as records."""
    neutral = _Neutral(adult)
    muscles, points = [], []
    for group, (inner, outer, joint) in LINES.items():
        muscle, ends = _line(adult, neutral, group, joint)
        muscles.append(muscle)
        for i, (segment, end) in enumerate(zip((inner, outer), ends, strict=True)):
            x, y, z = neutral.into(segment, end)
            points.append(
                _record(
                    "path_points",
                    point=f"{group}_r.{i}",
                    muscle=f"{group}_r",
                    segment=segment,
                    kind="fixed",
                    x=x,
                    y=y,
                    z=z,
                )
            )
    return {
        "segments": _segments(adult, neutral),
        "joints": _joints(adult, neutral),
        "coordinates": _coordinates(adult),
        "couplings": [],
        "splines": [],
        "muscles": muscles,
        "path_points": points,
        "patellae": [],
        "patellar_tendon": [],
    }


def _line(adult: Model, neutral: _Neutral, group: str, joint: str) -> tuple[Record, tuple[Array, Array]]:
    """Strength and central axis of a group, and the points of the axis nearest to where its muscles cross the joint."""
    compiled, paths = neutral.compiled, neutral.compiled.paths
    child = 1 + compiled.joints.index(joint)
    outer = {s for s in range(len(compiled.tree.parent)) if _hangs_on(compiled.tree.parent, s, child)}
    total, ends, weights = np.zeros(6), [], []
    for m in _members(adult, group):
        strength = compiled.muscle.max_force[m]
        for s in range(paths.start[m], paths.start[m + 1] - 1):
            near, far = paths.segment[s] in outer, paths.segment[s + 1] in outer
            if near != far:
                total += (strength if near else -strength) * neutral.state.wrench[s]
                inside, outside = (s + 1, s) if near else (s, s + 1)
                ends.append((neutral.state.position[inside].copy(), neutral.state.position[outside].copy()))
                weights.append((m, strength))
    force, moment = total[:3], total[3:] + _sliding_couple(neutral, _members(adult, group), joint, total)
    size = float(np.linalg.norm(force))
    foot = np.cross(force, moment) / size**2
    share = np.array([w for _, w in weights])
    means = np.average(np.array(ends), axis=0, weights=share)
    line = tuple(foot + force * float(force @ (mean - foot)) / size**2 for mean in means)
    length = float(np.linalg.norm(line[1] - line[0]))
    optimal, normalised = _fibre(neutral, [m for m, _ in weights], share)
    muscle = _record(
        "muscles",
        muscle=f"{group}_r",
        max_isometric_force=size,
        optimal_fibre_length=optimal,
        tendon_slack_length=length - optimal * normalised,
        pennation=0.0,
        leverage=1.0,
        groups=group,
    )
    return muscle, (line[0], line[1])


def _sliding_couple(neutral: _Neutral, members: list[int], joint: str, total: Array) -> Array:
    """What the muscles do at a sliding joint beyond turning it, as a couple about its axis.

    At the knee the patella's sliding and the tibia's gliding change the quadriceps' moment; a hinge has neither.
    """
    compiled, f = neutral.compiled, neutral.frames
    tree, child = compiled.tree, 1 + compiled.joints.index(joint)
    motions = tree.motions[tree.start[child] : tree.start[child + 1]]
    couple = np.zeros(3)
    for c in {int(c) for kind, c, _, _ in motions if kind == 0}:
        axis = f.screw[c, :3]
        arms = {int(m): arm for (m, of), arm in zip(compiled.paths.arms, neutral.state.arm, strict=True) if of == c}
        wanted = sum(compiled.muscle.max_force[m] * arms.get(m, 0.0) for m in members)
        couple += (wanted - axis @ (total[3:] - np.cross(f.origin[child], total[:3]))) * axis
    return couple


def _members(adult: Model, group: str) -> list[int]:
    """Right-hand muscles of a group; of the hip flexors those that no other line holds."""
    groups = dict(zip(adult.muscles, adult.tables["muscles"].text("groups"), strict=True))
    own = [m for m in adult.compiled().muscles if side_of(m) == "right" and group in groups[m].split(";")]
    if group == "hip_flexors":
        own = [m for m in own if groups[m] == group]
    return [adult.compiled().muscles.index(m) for m in own]


def _hangs_on(parent: NDArray[np.int64], segment: int, child: int) -> bool:
    while segment > 0 and segment != child:
        segment = int(parent[segment])
    return segment == child


def _fibre(neutral: _Neutral, members: list[int], share: Array) -> tuple[float, float]:
    """Mean optimal fibre length and mean normalised fibre length at the neutral pose, by strength."""
    t = neutral.compiled.muscle
    along = neutral.state.length - t.slack_length
    normalised = np.hypot(along, t.height) / t.optimal_length
    return (
        float(np.average(t.optimal_length[members], weights=share)),
        float(np.average(normalised[members], weights=share)),
    )


def _segments(adult: Model, neutral: _Neutral) -> list[Record]:
    """Talus, calcaneus and toes become one rigid foot, with its frame in the calcaneus; the talus stays, massless."""
    table = adult.tables["segments"]
    records = []
    for name in ("pelvis", "torso", "femur_r", "tibia_r", "talus_r", "calcn_r"):
        mass, centre = table.value(name, "mass"), table.numbers("com_x", "com_y", "com_z")[table.index(name)]
        if name == "talus_r":
            mass = 0.0
        if name == "calcn_r":
            rows = [table.index(part) for part in _FOOT]
            masses = table.numbers("mass")[rows]
            places = [
                _in_ground(neutral, part, table.numbers("com_x", "com_y", "com_z")[table.index(part)]) for part in _FOOT
            ]
            mass, centre = float(masses.sum()), neutral.into(name, np.average(places, axis=0, weights=masses))
        records.append(_record("segments", segment=name, mass=mass, com_x=centre[0], com_y=centre[1], com_z=centre[2]))
    return records


def _in_ground(neutral: _Neutral, segment: str, local: Array) -> Array:
    turn = neutral.frames.rotation[1 + neutral.compiled.segments.index(segment)].reshape(3, 3)
    return np.asarray(neutral.origin(segment) + turn @ local)


def _joints(adult: Model, neutral: _Neutral) -> list[Record]:
    """The adult's joints without the knee's sliding; the ankle turns about two axes, the foot behind it is rigid."""
    table = adult.tables["joints"]
    records = []
    for name in ("ground_pelvis", "lumbosacral", "hip_r", "knee_r", "ankle_r", "subtalar_r"):
        i = table.index(name)
        x, y, z = table.numbers("x", "y", "z")[i]
        if name == "knee_r":
            x, y, z = neutral.into("femur_r", neutral.origin("tibia_r"))
        records.append(
            _record(
                "joints",
                joint="foot_r" if name == "subtalar_r" else name,
                parent=table.text("parent")[i],
                child=table.text("child")[i],
                x=x,
                y=y,
                z=z,
                torsion=table.value(name, "torsion"),
            )
        )
    return records


def _coordinates(adult: Model) -> list[Record]:
    """The adult's free coordinates; ankle and subtalar joint turn about z and x of the ankle."""
    table = adult.tables["coordinates"]
    turned = {"ankle_angle_r": (0.0, 0.0, 1.0), "subtalar_angle_r": (1.0, 0.0, 0.0)}
    records = []
    for i, name in enumerate(table.rows):
        if side_of(name) == "left" or table.text("stance")[i] != "free":
            continue
        row: dict[str, Any] = {column: table.columns[column][i] for column in SCHEMA["coordinates"]}
        if name in turned:
            row |= dict(zip(("axis_x", "axis_y", "axis_z"), turned[name], strict=True))
            row["joint"] = "ankle_r"
        records.append(_record("coordinates", **{key: value for key, value in row.items() if key != "source"}))
    return records


def _record(table: str, **cells: Any) -> Record:
    """Cells as text, numbers to a nanometre."""
    record = dict.fromkeys(SCHEMA[table], "")
    for column, value in {"source": _SOURCE, **cells}.items():
        record[column] = value if isinstance(value, str) else repr(round(float(value), 9) + 0.0)
    return record


def write(tables: Mapping[str, Iterable[Record]], folder: Path) -> None:
    """Write tables as CSV files."""
    for name, records in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(SCHEMA[name]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(records)


if __name__ == "__main__":
    write(reduce_model(load_model()), Path(sys.argv[1]))
