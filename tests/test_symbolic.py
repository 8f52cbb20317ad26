import numpy as np
import pytest
import sympy as sp
import xarray as xr

import biomech as bm
from biomech import symbolic
from biomech.errors import ModelError
from biomech.model.mirror import other_side

POSES = [
    {},
    {"hip_flexion_r": 50.0, "hip_rotation_r": -20.0, "hip_adduction_r": -7.0, "knee_angle_r": -75.0,
     "ankle_angle_r": 12.0, "subtalar_angle_r": 5.0, "mtp_angle_r": 3.0, "lumbar_extension": -10.0,
     "lumbar_bending": 3.0, "lumbar_rotation": 5.0},
]  # fmt: skip


@pytest.mark.parametrize("pose", POSES, ids=["neutral", "bent"])
@pytest.mark.parametrize(
    "muscle", ["rect_fem_r", "vas_lat_r", "psoas_r", "med_gas_r", "glut_max1_r", "flex_hal_r", "ercspn_r", "sar_r"]
)
def test_lengths_and_arms_agree_with_the_kernels(gait2392, muscle, pose):
    ds = gait2392.muscle_geometry(**pose)
    at = {name: float(np.radians(value)) for name, value in pose.items()}
    length = symbolic.muscle_length(gait2392, muscle, at)
    place = {symbol: sp.Float(at.get(symbol.name, 0.0), 30) for symbol in length.free_symbols}
    assert float(length.subs(place).evalf(30)) == pytest.approx(float(ds.length.sel(muscle=muscle)[0]), abs=1e-12)
    for symbol in place:
        arm = float(symbolic.moment_arm(length, symbol.name).subs(place).evalf(30))
        assert arm == pytest.approx(float(ds.moment_arm.sel(muscle=muscle, coordinate=symbol.name)[0]), abs=1e-12)


def test_all_lines_of_the_small_model(small):
    pose = {name: value for name, value in POSES[1].items() if name in small.coordinates}
    ds = small.muscle_geometry(**pose)
    at = {symbolic.coordinate(name): sp.Float(float(np.radians(value)), 30) for name, value in pose.items()}
    for muscle in (m for m in small.muscles if m.endswith("_r")):
        length = symbolic.muscle_length(small, muscle)
        assert float(length.subs(at).evalf(30)) == pytest.approx(float(ds.length.sel(muscle=muscle)[0]), abs=1e-12)
        for symbol in length.free_symbols:
            arm = float(symbolic.moment_arm(length, symbol.name).subs(at).evalf(30))
            assert arm == pytest.approx(float(ds.moment_arm.sel(muscle=muscle, coordinate=symbol.name)[0]), abs=1e-12)


def test_printed_equations_are_those_of_the_kernels(small):
    """With any forces in any sagittal posture, the printed sums are what the kernels find."""
    straight = small.replace({"joints/ankle_*/torsion": 0.0})
    pose = {"pelvis_tilt": -4.0, "pelvis_tx": 0.1, "pelvis_ty": 0.9, "hip_flexion": 30.0, "knee_angle": -45.0,
            "ankle_angle": 20.0, "lumbar_extension": -12.0}  # fmt: skip
    for name in ("hip_flexion", "knee_angle", "ankle_angle"):
        value = pose.pop(name)
        pose |= {f"{name}_r": value, f"{name}_l": value}
    force = xr.DataArray([[40.0, 350.0, 0.0]] * 2, coords={"foot": ["right", "left"], "axis": list("xyz")})
    point = xr.DataArray([[0.07, 0.01, 0.1], [0.07, 0.01, -0.1]], coords=force.coords)
    ground = xr.Dataset({"force": force, "point": point})
    required = bm.static_optimization(straight, pose, ground).required_moment[0]
    arms = straight.muscle_geometry(**pose).moment_arm[0]

    place = {symbolic.coordinate(c): v if c[-3:] in ("_tx", "_ty") else np.radians(v) for c, v in pose.items()}
    place |= dict(zip(sp.symbols("p_x p_y R_x R_y", real=True), (0.07, 0.01, 40.0, 350.0), strict=True))
    place[sp.Symbol("g", positive=True)] = small.value("settings/gravity")
    pull = {muscle: 10.0 * (i + 1) for i, muscle in enumerate(symbolic.sagittal_lengths(small))}
    for muscle, length in symbolic.sagittal_lengths(small).items():
        place[symbolic.muscle_force(muscle)] = pull[muscle]
        for c in symbolic.SAGITTAL:
            arm = symbolic.moment_arm(length, c)
            place[symbolic.arm_symbol(muscle, c)] = float(arm.subs(place)) if arm != 0 else 0.0
    for name, equation in symbolic.sagittal_equilibrium(small).items():
        both = [m for right in pull for m in (right, other_side(right))]
        muscles = sum(pull.get(m, pull.get(other_side(m))) * float(arms.sel(muscle=m, coordinate=name)) for m in both)
        passive = 0.0 if name.startswith("pelvis") else 7.0
        found = float(equation.lhs.subs({**place, sp.Symbol(f"M_{name}"): 7.0}))
        assert found == pytest.approx(muscles + passive - float(required.sel(coordinate=name)), abs=1e-9), name


def test_latex_names_every_line(small):
    text = symbolic.latex(symbolic.sagittal_equilibrium(small))
    assert text.count("&= 0") == len(symbolic.SAGITTAL)
    for word in (r"\text{gluteus maximus}", r"\theta_k", "R_{y}", r"75.16 g"):
        assert word in text


def test_unknown_names_are_refused(small):
    with pytest.raises(ModelError, match="biceps"):
        symbolic.muscle_length(small, "biceps_brachii_r")
    with pytest.raises(ModelError, match="patella"):
        symbolic.transform(small, "patella")
