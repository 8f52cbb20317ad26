"""A muscle from outside the package: rows of two tables. ``docs/about/extending.md`` shows it."""

import numpy as np
import pytest

import biomech as bm


def strap(model, force=400.0):
    """A strap from the spine to the back of the pelvis, beside the multifidus, on both sides."""
    source = "made up for a test"
    muscle = {**model.row("muscles", "multifidus_r"), "muscle": "strap_r", "groups": "strap", "source": source}
    muscle["max_isometric_force"] = force
    like = {**model.row("path_points", "multifidus_r.0"), "muscle": "strap_r", "kind": "fixed", "source": source}
    points = [
        {**like, "point": f"strap_r.{i}", "segment": segment, "x": x, "y": y, "z": 0.03}
        for i, (segment, x, y) in enumerate([("pelvis", -0.16, 0.0), ("torso", -0.11, 0.15)])
    ]
    return model.with_rows({"muscles": [muscle], "path_points": points})


def test_a_muscle_is_two_rows_and_carries_its_share(adult):
    strapped = strap(adult)
    assert {"strap_r", "strap_l"} <= set(strapped.muscles)
    assert strapped.groups["strap"] == ("strap_r", "strap_l")
    plain, ds = (bm.sweep(model, pelvic_tilt=0, trunk_lean=30) for model in (adult, strapped))
    assert float(ds.group_activation.sel(group="strap")) > 0.05
    back = "lumbar_extensors"
    assert float(ds.group_activation.sel(group=back)) < float(plain.group_activation.sel(group=back))
    left, right = (float(ds.activation.sel(muscle=f"strap_{side}")) for side in "lr")
    assert left == pytest.approx(right, abs=1e-9)
    assert int(ds.status) == 0


def test_its_moment_arm_is_the_change_of_its_length(adult):
    strapped, step = strap(adult), 1e-3
    geometry = strapped.muscle_geometry(lumbar_extension=[-10.0 - step, -10.0, -10.0 + step])
    length = geometry.length.sel(muscle="strap_r").values
    arm = geometry.moment_arm.sel(muscle="strap_r", coordinate="lumbar_extension").values[1]
    assert arm == pytest.approx(-(length[2] - length[0]) / np.radians(2 * step), abs=1e-7)


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        (None, "rows = None: must be a mapping"),
        ({"limbs": []}, "rows = 'limbs'"),
        ({"muscles": None}, r"rows\['muscles'\]: records = None"),
        ({"muscles": [{"muscle": "x_r"}]}, r"rows\['muscles'\]: .*columns are muscle"),
    ],
)
def test_rows_that_are_none_are_refused(adult, rows, named):
    with pytest.raises(bm.ModelError, match=named):
        adult.with_rows(rows)


def test_what_is_there_already_is_refused(adult):
    with pytest.raises(bm.ModelError, match="muscles: row names must be present and unique"):
        adult.with_rows({"muscles": [adult.row("muscles", "soleus_r")]})
    with pytest.raises(bm.ModelError, match="table"):
        adult.row("limbs", "soleus_r")
    with pytest.raises(bm.ModelError, match=r"name: .*'elbow'"):
        adult.row("muscles", "elbow")
