"""What the page draws of a body, against what the model says of it by other ways."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import biomech as bm
from biomech.view.body_page.answer import read_answer
from biomech.view.body_page.packing import NONE, floats, pack, percent, rounded
from biomech.view.body_page.scene import PLACE, describe_body, place_body

TYPES = {"Float32Array": "<f4", "Int16Array": "<i2", "Uint8Array": "|u1", "Int8Array": "|i1"}


def unpacked(header, block):
    """Arrays (posture, column) as the script of the page reads them."""
    raw = base64.b64decode(block)
    found = {}
    for name, own in header["arrays"].items():
        data = np.frombuffer(raw, TYPES[own["type"]], own["count"], own["at"]).reshape(-1, header["count"])
        columns = [
            data[place]
            if place >= 0
            else np.full(header["count"], np.nan if (same := own["same"][-1 - place]) is None else same)
            for place in own["of"]
        ]
        found[name] = np.stack(columns, axis=1)
    return found


def test_packing_gives_back_what_it_was_given():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(7, 5)).astype("<f4")
    numbers[:, 1] = numbers[:, 0]
    numbers[:, 2] = 3.0
    numbers[:, 3] = np.nan
    whole = rng.integers(-9, 9, size=(7, 3)).astype("<i2")
    packed = pack({"numbers": numbers, "whole": whole})
    found = unpacked({"arrays": packed.header, "count": 7}, packed.block)
    np.testing.assert_array_equal(found["numbers"], numbers)
    np.testing.assert_array_equal(found["whole"], whole)
    assert packed.header["numbers"]["count"] == 2 * 7


def test_what_is_no_number_is_told():
    assert rounded(np.array([np.nan, 1.26, np.inf, 1e9]), 0.1).tolist() == [NONE, 13, NONE, NONE]
    assert percent(np.array([np.nan, 0.126, 1.0, 9.0])).tolist() == [255, 13, 100, 254]
    assert floats(np.array([1.5, np.nan])).dtype == np.float32


@pytest.fixture(scope="module", params=["adult", "gait2392", "small"])
def answer(request):
    model = bm.load_model(request.param)
    return read_answer(bm.sweep(model, pelvic_tilt=[0, 10], knee_flexion=[0, 20, 45], foot_rotation=20), None, None)


def places(answer):
    """Segments' places and directions as the page has them, (posture, segment, ...)."""
    drawn = place_body(answer)
    turn = Rotation.from_quat(drawn["turn"].reshape(-1, 4).astype(float)).as_matrix()
    return drawn["place"] * PLACE, turn.reshape(*drawn["place"].shape[:2], 3, 3)


def test_segments_lie_where_the_model_has_them(answer):
    where = answer.model.kinematics(bm.pose(answer.ds)).transpose("pelvic_tilt", "knee_flexion", ...)
    place, turn = places(answer)
    np.testing.assert_allclose(place, where.origin.values.reshape(place.shape), atol=0.5001 * PLACE)
    np.testing.assert_allclose(turn, where.rotation.values.reshape(turn.shape), atol=1e-4)


def test_drawn_paths_are_as_long_as_the_muscles(answer):
    """Lengths from the points that are sent, as the script joins them; the model's own come from its kernels."""
    model = answer.model
    true = model.muscle_geometry(bm.pose(answer.ds)).length.transpose("pelvic_tilt", "knee_flexion", "muscle")
    true = true.values.reshape(len(answer), -1)
    place, turn = places(answer)
    for m, muscle in enumerate(describe_body(model)["muscles"]):
        for i in range(len(answer)):
            points = []
            for point in muscle["points"]:
                angle = answer.angle[i, point["by"]] if "by" in point else 0.0
                if "from" in point and not point["from"] <= angle <= point["to"]:
                    continue
                at = np.array(point["at"])
                if "slide" in point:
                    first, step, along = point["slide"]
                    at = np.array(
                        [np.interp(angle, first + step * np.arange(len(along)), own) for own in np.transpose(along)]
                    )
                points.append(place[i, point["on"]] + turn[i, point["on"]] @ at)
            length = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
            np.testing.assert_allclose(length, true[i, m], atol=1.5e-3, err_msg=muscle["name"])


@pytest.mark.parametrize(
    "stance",
    [
        {"pelvic_tilt": 0, "knee_flexion": [0, 15]},
        {"pelvic_tilt": "rhythm", "trunk_lean": [0, 30, 60]},
        {"pelvic_tilt": "rhythm", "trunk_lean": [0, 30], "arms": "fixed"},
        {"pelvic_tilt": "rhythm", "trunk_lean": [0, 30], "load_mass": 15.0, "load_position": (-0.1, 0.3, 0.0)},
        {"pelvic_tilt": 0, "support": "right", "knee_flexion": [5, 20]},
    ],
)
def test_the_line_of_gravity_falls_where_the_ground_pushes(stance):
    """Its place comes from masses; the other from the forces of the ground, which balance the weight."""
    answer = read_answer(bm.sweep(bm.load_model(), **stance), None, None)
    drawn = place_body(answer)["centre"] * PLACE
    push = answer.values("ground_force", "foot", "axis")[..., 1:2]
    where = np.nan_to_num(answer.values("center_of_pressure", "foot", "axis"))
    resultant = (push * where).sum(axis=1) / push.sum(axis=1)
    np.testing.assert_allclose(drawn[:, [0, 2]], resultant[:, [0, 2]], atol=5e-4)


def test_what_is_described_is_named_by_the_model(answer):
    body = describe_body(answer.model)
    assert body["segments"] == list(answer.model.segments)
    assert [own["name"] for own in body["muscles"]] == list(answer.model.muscles)
    assert [own["name"] for own in body["joints"]] == list(answer.ds.joint.values)
    for i, joint in enumerate(body["joints"]):
        side = joint["name"][-2:] if joint["name"][-2:] in ("_r", "_l") else ""
        assert body["segments"][body["joints"][i]["on"]].endswith(side)
