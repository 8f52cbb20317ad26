import numpy as np
import pandas as pd
import pytest
import xarray as xr

import biomech as bm
from biomech.errors import StanceError
from biomech.stance.parsing import parse_stance

SIDE = xr.DataArray([0.0, 10.0], dims="side", coords={"side": ["right", "left"]})


@pytest.mark.parametrize(
    ("stance", "named"),
    [
        ({}, "pelvic_tilt: has no default"),
        ({"pelvic_tilt": 40}, r"pelvic_tilt = 40: allowed is -25..35 deg"),
        (
            {"pelvic_tilt": "relaxed"},
            r"pelvic_tilt = 'relaxed': must be degrees in -25..35 deg, or a policy: least_effort",
        ),
        ({"pelvic_tilt": ["least_effort", "least_effort"]}, "names a policy twice"),
        ({"pelvic_tilt": [0, "dangling"]}, "pelvic_tilt = 'dangling'"),
        ({"pelvic_tilt": [50, "least_effort"]}, "pelvic_tilt = 50"),
        ({"pelvic_tilt": float("nan")}, "pelvic_tilt = nan"),
        ({"foot_rotaton": 3}, r"foot_rotaton: unknown stance parameter \(did you mean 'foot_rotation'\?\)"),
        ({"weather": 3}, "weather: unknown stance parameter; parameters are foot_rotation"),
        ({"foot_rotation": 91}, r"foot_rotation = 91: allowed is -30..90 deg"),
        ({"foot_rotation": [0, 10, -31]}, r"foot_rotation = -31 \(entry 2\)"),
        ({"knee_flexion": 121}, r"knee_flexion = 121: allowed is -10..120 deg"),
        ({"knee_flexion": float("nan")}, "knee_flexion = nan"),
        ({"knee_flexion": [0, float("inf")]}, r"knee_flexion = inf \(entry 1\)"),
        ({"knee_flexion": "bent"}, "knee_flexion = 'bent': must be degrees in -10..120 deg, or a policy: passive"),
        ({"knee_flexion": None}, "knee_flexion = None"),
        ({"knee_flexion": True}, "knee_flexion = True"),
        ({"knee_flexion": []}, r"knee_flexion"),
        ({"knee_flexion": np.empty(0)}, r"knee_flexion: is empty"),
        ({"knee_flexion": [[0, 1], [2, 3]]}, r"knee_flexion: has shape \(2, 2\)"),
        ({"knee_flexion": [[0, 1], [2]]}, "knee_flexion"),
        ({"weight_shift": 1.2}, r"weight_shift = 1.2: allowed is 0..1$"),
        ({"weight_shift": SIDE / 10}, "weight_shift: is not a parameter of a leg"),
        ({"foot_rotation": SIDE.assign_coords(side=["r", "l"])}, "foot_rotation: dimension 'side' has labels"),
        ({"foot_rotation": xr.DataArray([1.0, 2.0, 3.0], dims="side")}, "foot_rotation: dimension 'side'"),
        ({"foot_rotation": xr.DataArray([1.0], dims="muscle")}, "must not use the dimension 'muscle'"),
        ({"stance_width": 0.01}, r"stance_width = 0.01: allowed is 0.05..1 m"),
        ({"trunk_lean": -31}, "trunk_lean = -31"),
        ({"knee_laxity": 30}, "knee_laxity = 30"),
        ({"slope": 31}, "slope = 31"),
        ({"friction": -0.1}, "friction = -0.1"),
        ({"load_mass": -1}, r"load_mass = -1: allowed is 0..200 kg"),
        ({"load_mass": 5}, "load_mass = 5: needs load_position"),
        ({"load_mass": 5, "load_position": 0.3}, "load_position: must be"),
        ({"load_mass": 5, "load_position": (0.3, 0.1)}, r"load_position: has shape \(2,\)"),
        ({"load_mass": 5, "load_position": (0.3, 0.1, 5.0)}, "load_position = 5"),
        ({"support": "hands"}, "support = 'hands': allowed is both, right, left"),
        ({"support": []}, "support: is empty"),
        ({"pelvic_tilt": ["hanging", [1, 2]]}, r"pelvic_tilt = \[1, 2\]: must be degrees in"),
        ({"support": xr.DataArray(["both", "right"], dims="side")}, "support: is not a parameter of a leg"),
        ({"support": xr.DataArray(["both"] * 3, dims="axis")}, "support: must not have an 'axis' dimension"),
        ({"arms": xr.DataArray(["fixed"], dims="foot")}, "arms: must not use the dimension 'foot'"),
        ({"foot_rotation": [0, 10], "slope": xr.DataArray([1.0] * 3, dims="foot_rotation")}, "do not broadcast"),
        (
            {
                "foot_rotation": xr.DataArray([1.0, 2.0], dims="case"),
                "knee_flexion": xr.DataArray([1.0] * 3, dims="case"),
            },
            "do not broadcast",
        ),
    ],
)
def test_bad_stances_are_refused_by_name(adult, stance, named):
    asked = stance if "pelvic_tilt" in stance or not stance else {"pelvic_tilt": 0, **stance}
    with pytest.raises(StanceError, match=named):
        bm.sweep(adult, **asked)


@pytest.mark.parametrize(
    ("keywords", "named"),
    [
        ({"strength": "dynamic"}, "strength = 'dynamic': allowed is isometric, force_length"),
        ({"criterion": "squares"}, "criterion = 'squares'"),
        ({"weight": {"soleus_r": 0.0}}, r"weight\['soleus_r'\] = 0.0: must be a positive number"),
        ({"weight": {"soleus": 1.0}}, "no muscle or group matches 'soleus'"),
        ({"weight": [1.0, 2.0]}, r"weight: has shape \(2,\); must be numbers of shape \(110,\)"),
        ({"weight": np.full(110, np.nan)}, r"weight\['glut_med1_r'\] = nan"),
    ],
)
def test_bad_keywords_are_refused_by_name(adult, keywords, named):
    with pytest.raises(StanceError, match=named):
        bm.sweep(adult, pelvic_tilt=0, **keywords)


def test_a_model_is_asked_for():
    with pytest.raises(StanceError, match="model = 'adult'"):
        bm.sweep("adult", pelvic_tilt=0)


def test_labels_that_disagree_are_refused():
    one = xr.DataArray([1.0, 2.0], dims="case", coords={"case": ["a", "b"]})
    stance = {"pelvic_tilt": 0, "foot_rotation": one, "knee_flexion": one.assign_coords(case=["b", "c"])}
    with pytest.raises(StanceError, match=r"knee_flexion: has no case a, which foot_rotation has"):
        parse_stance(stance)
    assert len(parse_stance(stance | {"knee_flexion": one.drop_vars("case")})) == 2


def test_what_is_asked_is_read_once():
    angles, case = np.array([1.0, 2.0]), xr.DataArray([3.0, 4.0], dims="case", coords={"case": ["a", "b"]})
    grid = parse_stance({"pelvic_tilt": 0, "foot_rotation": angles, "slope": case})
    angles[:], case[:] = 9.0, 9.0
    assert grid.dims["foot_rotation"].tolist() == [1.0, 2.0]
    assert grid.all().values["foot_rotation"][:, 0].tolist() == [1.0, 1.0, 2.0, 2.0]
    assert grid.all().values["slope"].tolist() == [3.0, 4.0, 3.0, 4.0]


def test_postures_may_be_changed_and_grids_not():
    grid = parse_stance({"pelvic_tilt": 0})
    with pytest.raises(ValueError, match="read-only"):
        grid.arrays["slope"][()] = 5.0
    grid.all().values["slope"] += 5.0
    assert grid.all().values["slope"].tolist() == [0.0]


def test_errors_are_one_tree():
    for error in (bm.StanceError, bm.ModelError, bm.ProblemError, bm.UnreachablePosture):
        assert issubclass(error, bm.BiomechError)


@pytest.mark.parametrize(
    ("stance", "named"),
    [
        ({"slope": np.ma.array([0.0, 5.0], mask=[False, True])}, "slope: has masked entries"),
        ({"slope": xr.DataArray([0.0, 5.0], dims=[3])}, "slope: has the dimension 3"),
        ({"slope": xr.DataArray([0.0, 5.0], dims="status")}, "'status': is a variable of the answer"),
        ({"slope": xr.DataArray([0.0, 5.0], dims="muscle")}, "slope: must not use the dimension 'muscle'"),
        ({"support": xr.DataArray(["both", "right"], dims="side")}, "support: is not a parameter of a leg"),
        ({"arms": [["fixed"], ["fixed", "hanging"]]}, "arms = .*: allowed is hanging, fixed, thighs"),
        (
            {name: np.zeros(65_536) for name in ("slope", "cross_slope", "friction", "tilt_change")},
            "slope 65536 x .* = 1.84e[+]19 postures",
        ),
        (
            {"slope": xr.DataArray([[0.0, 5.0]], dims=["a", "b"], coords={"b": [1, 2]}).stack(ab=["a", "b"])},
            "slope: dimension 'ab' has a MultiIndex",
        ),
    ],
)
def test_labels_and_masks_are_meant_or_refused(adult, stance, named):
    with pytest.raises(StanceError, match=named):
        bm.sweep(adult, pelvic_tilt=0, **stance)


@pytest.mark.parametrize(
    ("keywords", "named"),
    [
        ({"strength": np.array(["isometric"])}, "strength = "),
        ({"weight": {3: 1.0}}, "weight: has the label 3"),
        ({"weight": {"soleus_r": True}}, r"weight\['soleus_r'\] = True: must be a positive number"),
        ({"weight": np.ma.array(np.ones(110), mask=[True] + [False] * 109)}, "weight: has masked entries"),
        ({"weight": pd.Series(np.ones(110))}, "weight: has the label 0"),
        ({"weight": pd.Series([1.0, 2.0], index=["soleus_r", "soleus_r"])}, "weight: names 'soleus_r' twice"),
        ({"tone": {3: 0.1}}, "tone: has the label 3"),
        ({"tone": {"abdominals": True}}, r"tone\['abdominals'\] = True"),
        ({"stiffness_margin": {3: 1.0}}, "stiffness_margin: has the label 3"),
        ({"variables": 5}, "variables = 5: must be a list of names"),
        ({"threads": True}, "threads = True: must be a whole number"),
    ],
)
def test_options_that_make_no_sense_are_refused_by_name(adult, keywords, named):
    with pytest.raises(StanceError, match=named):
        bm.sweep(adult, pelvic_tilt=0, **keywords)


def test_an_array_of_policies_is_a_list_of_them():
    grid = parse_stance({"pelvic_tilt": np.array(["hanging", "passive"])})
    assert grid.dims["tilt_policy"].tolist() == ["hanging", "passive"]
    with pytest.raises(StanceError, match="pelvic_tilt: a DataArray of policies is not taken"):
        parse_stance({"pelvic_tilt": xr.DataArray(["hanging", "passive"], dims="case")})


def test_masked_coordinates_and_foreign_options_are_refused(adult):
    with pytest.raises(StanceError, match="knee_angle_r: has masked entries"):
        adult.kinematics(knee_angle_r=np.ma.array([0.0, 5.0], mask=[False, True]))
    with pytest.raises(StanceError, match="strength: is an option of sweep that stability does not have"):
        bm.stability(adult, pelvic_tilt=0, strength="isometric")
