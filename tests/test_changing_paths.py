"""Arcs and moving points that are drawn of a path: with them it is as long as it is computed."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from shared_reference import OSIM

import biomech as bm
from biomech.errors import BiomechWarning
from biomech.model.geometry import followed, pose_muscles
from biomech.model.mechanics.path_points import CONDITIONAL, MOVING
from biomech.view.body_page.changing_paths import ON_ARC, ORDER, describe_wraps, moving_points, place_paths
from biomech.view.body_page.packing import NONE
from biomech.view.body_page.scene import PLACE, describe_body

EXAMPLE = Path(__file__).parents[1] / "examples" / "rajagopal_like" / "subject_walk_scaled.osim"
FILES = [EXAMPLE, *(OSIM / "models" / f"{name}.osim" for name in ("arm26", "arm_wraps", "leg6dof9musc"))]
FILES += [OSIM / "more_models" / "gait10dof18musc.osim"]

rng = np.random.default_rng(6)


def read(file: Path) -> bm.Model:
    if not file.exists():
        pytest.skip("needs the reference models of OpenSim")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiomechWarning)
        model = bm.read_osim(file)
    over = sorted({own.split("(")[1][:-1] for own in model.left_out if own.startswith(("WrapEllipsoid", "WrapTorus"))})
    return model.without(over) if over else model


def angles(model: bm.Model, count: int) -> np.ndarray:
    table = model.tables["coordinates"]
    low = np.array([max(-90.0, table.value(name, "range_min")) for name in model.coordinates])
    high = np.array([min(90.0, table.value(name, "range_max")) for name in model.coordinates])
    return low + (high - low) * rng.random((count, len(low)))


def drawn_length(model: bm.Model, i: int, q: np.ndarray, told: dict[str, np.ndarray]) -> float:
    """Length of muscle ``i`` as a page lays it: points that act, and arcs, in their order."""
    moved = moving_points(model)
    compiled = model.compiled()
    paths, (frames, state) = compiled.paths, pose_muscles(compiled, q)
    found = []
    for n, p in enumerate(range(paths.start[i], paths.start[i + 1])):
        low, high = paths.active[p]
        if paths.kind[p] != CONDITIONAL or low <= q[paths.coordinate[p]] <= high:
            turn, origin = frames.rotation[paths.segment[p]].reshape(3, 3), frames.origin[paths.segment[p]]
            local = told["moved"][moved[p]] * PLACE if p in moved else paths.local[p]
            found.append((float(n), state.position[p] if paths.kind[p] == MOVING else turn @ local + origin))
    for own in describe_wraps(model).get(model.muscles[i], []):
        if told["wrap_order"][own["use"]] != NONE:
            turn, origin = frames.rotation[own["on"] + 1].reshape(3, 3), frames.origin[own["on"] + 1]
            for at in told["wrap_place"][own["use"]] * PLACE:
                found.append((told["wrap_order"][own["use"]] * ORDER, turn @ at + origin))
    points = np.array([at for _, at in sorted(found, key=lambda one: one[0])])
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


@pytest.mark.parametrize("file", FILES, ids=lambda own: own.stem)
def test_a_drawn_path_is_as_long_as_the_computed_one(file: Path) -> None:
    model = read(file)
    angle = angles(model, 6)
    angle = np.asfortranarray(angle)  # as an answer may have them
    found = place_paths(model, angle, np.ones(len(angle), dtype=bool), PLACE)
    follows = model.tables["couplers"].text("dependent") if "couplers" in model.tables else ()
    free = {name: own for name, own in zip(model.coordinates, angle.T, strict=True) if name not in follows}
    length = model.muscle_geometry(free).length.values
    compiled = model.compiled()
    counted = compiled.counted(angle)
    q = followed(compiled, np.ascontiguousarray(np.where(compiled.is_rotation, np.radians(counted), counted)))
    assert "wrap_order" not in found or 0.05 < (found["wrap_order"] != NONE).mean() < 1.0
    for posture in range(len(angle)):
        for i in range(len(model.muscles)):
            drawn = drawn_length(model, i, q[posture], {name: own[posture] for name, own in found.items()})
            # chords are shorter than arcs by some per mille of these
            assert drawn == pytest.approx(length[posture, i], abs=3e-3), model.muscles[i]


def test_what_is_not_there_is_not_drawn() -> None:
    model = read(EXAMPLE)
    found = place_paths(model, angles(model, 2), np.array([True, False]), PLACE)
    assert (found["wrap_order"][0] != NONE).any()
    assert (found["wrap_order"][1] == NONE).all()
    assert found["wrap_place"].shape[2:] == (ON_ARC, 3)


def test_a_body_without_wraps_has_nothing_of_it(adult: bm.Model) -> None:
    assert place_paths(adult, np.zeros((2, len(adult.coordinates))), np.ones(2, dtype=bool), PLACE) == {}
    assert not any("wraps" in muscle for muscle in describe_body(adult)["muscles"])


def test_arms_that_are_segments_are_drawn_once(adult: bm.Model) -> None:
    assert describe_body(adult)["arms"]
    body = describe_body(read(EXAMPLE))
    assert body["arms"] is None
    assert {"humerus_r", "ulna_l"} <= {bone["segment"] for bone in body["bones"]}
