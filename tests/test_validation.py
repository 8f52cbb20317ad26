"""Validation figures stay within stated bands, so that no later change worsens them unseen."""

import csv
import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import biomech as bm
from biomech.analysis.joint_strength import maximal_moment, moment_arm_rows, strength_curves
from biomech.article import validation
from biomech.article.validation import SPINE, measurements, postures, spine_scores, stance_of, validate
from biomech.errors import StanceError

PAGE = Path(__file__).parents[1] / "docs" / "validation" / "README.md"


@pytest.fixture(scope="module")
def ds():
    return validate(samples=128, progress=False)


def test_the_spine_rows(ds):
    """(a) and (b): at least 5 of 6 inside with tone; the mean error of the ratios below 20 %."""
    scores = spine_scores(ds)
    assert int(scores.inside.sel(variant="with_tone")) >= 5
    assert float(scores.ratio_error.sel(variant="with_tone")) < 0.20
    assert float(scores.ratio_error.sel(variant="as_built")) < 0.55


@pytest.mark.parametrize(
    ("variant", "row", "low", "high"),
    [
        ("as_built", "disc_standing", -0.33, -0.27), ("as_built", "disc_flexed", -0.10, 0.0),
        ("as_built", "disc_round_back", 0.15, 0.23), ("with_tone", "disc_standing", -0.05, 0.02),
        ("with_tone", "disc_flexed", 0.05, 0.13), ("with_tone", "disc_round_back", 0.13, 0.22),
        ("with_tone", "disc_close", 0.2, 0.32), ("with_tone", "disc_away", 0.18, 0.28),
        ("with_tone", "disc_sitting", -0.05, 0.05), ("as_built", "hip_two_legged", -0.42, -0.33),
        ("as_built", "hip_one_legged", 0.12, 0.24), ("as_built", "hip_knee_bend", 0.15, 0.27),
        ("as_built", "hip_stand_up", 0.13, 0.25), ("as_built", "knee_knee_bend", 0.18, 0.28),
        ("as_built", "knee_stand_up", 0.29, 0.40), ("as_built", "knee_one_legged", -0.36, -0.25),
        ("as_built", "hip_stairs_up", 0.28, 0.42), ("as_built", "knee_stairs_up", 0.22, 0.33),
    ],
)  # fmt: skip
def test_errors_stay_in_their_bands(ds, variant, row, low, high):
    own = ds.isel(tilt=0).sel(variant=variant, row=row)
    assert low < float(own.predicted / own.measured - 1.0) < high


def test_the_page_shows_what_the_code_gives(ds):
    """Every prediction at the means, as printed."""
    rows = [line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("|")]
    printed = {cells[1].strip(): cells for cells in rows}
    for name in measurements():
        cells = printed[name.replace("_", " ")]
        for k, variant in enumerate(ds.variant.values):
            value = float(ds.predicted.isel(tilt=0).sel(row=name, variant=variant))
            shown = cells[3 + k].split("[")[0].strip()
            digits = len(shown.partition(".")[2])
            assert float(shown) == pytest.approx(value, abs=0.6 * 10.0**-digits), name


def test_every_row_has_a_posture_and_a_source():
    for row in measurements().values():
        assert row["posture"] in postures()
        assert row["source"]
        assert row["not_comparable"]


def test_postures_are_as_frozen(adult):
    """The thorax turns as asked, the lumbar spine flexes as asked, the load is as far in front as asked."""
    share = adult.value("settings/lumbar_line_share")
    for name in ("flexed", "round_back", "away"):
        posture = postures()[name]
        stance = stance_of(posture, adult)
        lean, tilt = stance["trunk_lean"], stance["pelvic_tilt"]
        flexion = (lean - tilt) / share
        assert flexion == pytest.approx(posture.mean("lumbar_flexion"))
        assert tilt + flexion == pytest.approx(posture.mean("thorax"))
        if "load_forward" in posture.inputs:
            forward = posture.mean("load_forward")
            turn = np.radians(lean)
            shoulder = np.cos(turn) * 0.003 + np.sin(turn) * 0.3715
            first = stance["load_mass"] * np.cos(turn) * stance["load_position"][0]
            arms = 0.5 * adult.value("settings/arms_mass") * (forward - shoulder)
            assert first - arms == pytest.approx(stance["load_mass"] * forward)


def test_tone_and_pressure_act_where_they_are_asked_for(ds):
    standing = ds.predicted.isel(tilt=0).sel(row="disc_standing")
    assert float(standing.sel(variant="with_tone")) > 1.3 * float(standing.sel(variant="as_built"))
    bent = ds.predicted.isel(tilt=0).sel(row="disc_round_back")
    assert float(bent.sel(variant="tissue_and_pressure")) < float(bent.sel(variant="as_built"))
    assert set(SPINE) <= set(ds.row.values)


def test_strength_is_force_times_arm(adult):
    pose = {"knee_angle_r": -60.0, "hip_flexion_r": 80.0}
    each = maximal_moment(adult, "knee_angle_r", 1, **pose).isel(pose=0)
    arms = adult.muscle_geometry(**pose).moment_arm.isel(pose=0).sel(coordinate="knee_angle_r")
    assert ((each > 0) <= (arms > 0)).all()
    strongest = adult.tables["muscles"].numbers("max_isometric_force")
    assert (each.values <= strongest * np.maximum(arms.values, 0.0) + 1e-9).all()


def test_strength_and_moment_arms_stay_in_their_bands(adult):
    peaks = {m: float(each.sum("muscle").max()) / float(row["mean"]) for m, (_, each, row) in
             strength_curves(adult).items()}  # fmt: skip
    high = {"hip extension": 1.6, "hip adduction": 2.0, "hip internal rotation": 2.2, "ankle plantarflexion": 2.4,
            "trunk flexion": 1.8}  # fmt: skip
    for motion, ratio in peaks.items():
        assert 0.8 < ratio < high.get(motion, 1.5), motion
    for arm, row in moment_arm_rows(adult):
        assert float(row["least"]) - 5.0 < arm < float(row["most"]) + 5.0, row["muscle"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("elbow", 1), "coordinate = 'elbow': there is none"), (("knee_angle_r", 2), "direction = 2: must be 1 or -1")],
)
def test_bad_strengths_are_refused(adult, arguments, message):
    with pytest.raises(StanceError, match=message):
        maximal_moment(adult, *arguments)


def test_frozen_tables_are_whole():
    """No cell of the frozen numbers is empty or no number; every source is named."""
    folder = files("biomech.reference_data")
    numbers = {"priors": ("a", "b", "least", "most"), "postures": ("mean", "sd"), "measured": ("value",),
               "strength": ("mean", "sd"), "moment_arms": ("least", "most")}  # fmt: skip
    for name, columns in numbers.items():
        for row in csv.DictReader((folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()):
            for column in columns:
                assert np.isfinite(float(row[column])), (name, row)
            assert None not in row
    assert re.search(r"## Changes after the first comparison\n\n\S", (folder / "README.md").read_text(encoding="utf-8"))
    assert bm.uncertainty.default_priors()


def test_nonsense_is_refused_by_name():
    posture, model = validation.postures()["close"], bm.load_model("small")
    row, ds = validation.measurements()["disc_flexed"], xr.Dataset({"predicted": ("row", [1.0])})
    for call, named in (
        (lambda: validation.measured_value(None), "row = None: must be a row of measurements"),
        (
            lambda: validation.measured_value({**row, "value": "much"}),
            r"row\['value'\] = 'much': must be a finite number",
        ),
        (lambda: validation.measured_value({**row, "quantity": "ear"}), r"row\['quantity'\] = 'ear': there is none"),
        (lambda: validation.stance_of("close", model), "posture = 'close': must be a Posture"),
        (lambda: validation.stance_of(posture, None), "model = None: must be a Model"),
        (lambda: validation.spine_scores(None), "ds = None: must be a Dataset"),
        (lambda: validation.spine_scores(ds), "ds: has no 'predicted' over row, tilt"),
        (
            lambda: validation.MeasuredPosture("own", {"thorax": 40.0}),
            r"inputs\['thorax'\] = 40.0: must be \(mean, SD\)",
        ),
        (lambda: validation.MeasuredPosture("own", {"thorax": (40.0, 8.0)}), "inputs: has 'thorax' alone"),
        (lambda: posture.mean(3), "name = 3: must be text"),
        (lambda: validation.validate(progress="x"), "progress = 'x': must be True, False or None"),
    ):
        with pytest.raises(bm.StanceError, match=named):
            call()


def test_a_value_of_ones_own_is_measured():
    row = {"quantity": "hip_r", "value": 2.5, "low": "", "high": "3"}
    assert validation.measured_value(row)[::2] == (2.5, 3.0)
    assert np.isnan(validation.measured_value(row)[1])
