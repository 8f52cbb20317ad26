"""What ``summary`` and ``compare`` say, against the datasets that they speak of."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import biomech as bm
from biomech.model.roles import KINDS, ROLES, make_roles, with_names
from biomech.view.words import limits
from biomech.view.words.words import Line, Words


@pytest.fixture(scope="module")
def adult():
    return bm.load_model()


@pytest.fixture(scope="module")
def grid(adult):
    return bm.sweep(adult, pelvic_tilt=["hanging", "least_effort", 0], trunk_lean=[0, 40, 90])


@pytest.fixture(scope="module")
def drawn():
    stances = {"parallel": {"pelvic_tilt": 0}, "turned out": {"pelvic_tilt": 0, "foot_rotation": 40}}
    return bm.uncertainty.propagate(stances, samples=32)


def says(words: Words, about: str) -> str:
    found = [line.says for line in words.lines if line.about.strip() == about]
    assert len(found) == 1, [line.about for line in words.lines]
    return found[0]


def number(words: Words, quantity: str, name: str = "", column: str = "value") -> float:
    rows = words.numbers[(words.numbers.quantity == quantity) & (words.numbers.name == name)]
    assert len(rows) == 1
    return float(rows[column].iloc[0])


def test_a_posture_is_told_with_the_numbers_of_its_dataset(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, knee_flexion=40)
    said = bm.summary(ds)
    for group in ds.group.values:
        expected = 100.0 * float(ds.group_activation.sel(group=group))
        assert number(said, "group_activation", str(group)) == pytest.approx(expected, abs=1e-12)
    knee = float(np.linalg.norm(ds.joint_contact_force.sel(joint="knee_r")))
    assert number(said, "joint_contact_force", "knee_r") == pytest.approx(knee)
    weight = adult.body_mass * adult.value("settings/gravity")
    assert f"each knee {knee:,.0f} N ({knee / weight:.2f} body weights)" in says(said, "joint forces")
    shares = [float(own) for own in re.findall(r"([0-9.]+) %", says(said, "muscles"))][:-1]
    assert shares == sorted(shares, reverse=True), "the largest comes first"
    assert str(said) == repr(said)
    assert max(map(len, str(said).splitlines())) <= 100


def test_what_cannot_be_held_is_no_plain_answer(adult, grid):
    overloaded = bm.summary(grid.sel(tilt_policy="0", trunk_lean=90))
    assert says(overloaded, "held").startswith("NOT HELD")
    short = grid.shortfall.sel(tilt_policy="0", trunk_lean=90)
    worst = str(short.coordinate[int(np.argmax(abs(short.values)))].values)
    assert number(overloaded, "shortfall", worst) == float(short.sel(coordinate=worst))
    assert "at full strength" in says(overloaded, "what is missing")
    assert not set(overloaded.numbers.quantity) & {"group_activation", "joint_contact_force"}
    gone = bm.summary(grid.sel(tilt_policy="hanging", trunk_lean=90))
    assert says(gone, "held").startswith("NOT POSSIBLE")
    with pytest.raises(bm.UnreachablePosture, match="the joint allows"):  # as the words say
        bm.sweep(adult, pelvic_tilt=0, trunk_lean=95)


def test_the_angle_that_a_policy_found_is_told(adult, grid):
    one = grid.sel(tilt_policy="hanging", trunk_lean=40)
    assert f"tilt policy hanging ({float(one.pelvic_tilt):.1f} deg)" in bm.summary(one).title
    alone = bm.sweep(adult, pelvic_tilt="hanging")
    assert bm.summary(alone).title.endswith(f"pelvic tilt hanging ({float(alone.pelvic_tilt):.1f} deg)")
    assert bm.summary(bm.sweep(adult, pelvic_tilt=3.14)).title.endswith("pelvic tilt 3.14 deg")


def test_several_postures_are_told_by_their_range(grid):
    said = bm.summary(grid)
    held = grid.where(grid.status == 0)
    assert says(said, "held").startswith(f"{int((grid.status == 0).sum())} of 9 postures; ")
    for group in ("hamstrings", "lumbar_extensors"):
        own = 100.0 * held.group_activation.sel(group=group)
        assert number(said, "group_activation", group, "least") == pytest.approx(float(own.min()))
        assert number(said, "group_activation", group, "most") == pytest.approx(float(own.max()))
    row = said.numbers[said.numbers.name == "hamstrings"].iloc[0]
    place = held.group_activation.sel(group="hamstrings").argmax(...)
    labels = [str(grid[dim][int(place[dim])].values) for dim in grid.status.dims]
    assert row.most_at == f"tilt policy {labels[0]}, trunk lean {labels[1]} deg"
    how = says(said, "one of them")
    assert (
        eval(how, {"bm": bm, "ds": grid}).title
        == "Model adult (75 kg): tilt policy hanging (3.6 deg), trunk lean 0 deg"
    )


def test_postures_of_which_none_is_held_have_no_ranges(grid):
    said = bm.summary(grid.sel(trunk_lean=[90]))
    assert says(said, "held").startswith("0 of 3 postures")
    assert set(said.numbers.quantity) == {"status"}


def test_the_coordinate_outside_trusted_geometry_is_named(adult):
    ds = bm.sweep(adult, pelvic_tilt=0, knee_flexion=30, foot_rotation=50, support="right")
    assert not bool(ds.valid)
    row = bm.summary(ds).numbers.query("quantity == 'coordinate_angle'")
    assert row.name.tolist() == [row.name.iloc[0]]
    assert row["name"].tolist() == ["hip_rotation_r"]
    assert row.value.item() == float(ds.coordinate_angle.sel(coordinate="hip_rotation_r"))
    least, most = (adult.value(f"coordinates/hip_rotation_r/trusted_{end}") for end in ("min", "max"))
    assert not least <= row.value.item() <= most


def test_grip_and_soles_are_those_of_the_ground_force(adult):
    """On a slope the shear is the tangent of it, and the pyramid of friction has a corner along the foot."""
    ds = bm.sweep(adult, pelvic_tilt=0, slope=10, friction=0.5)
    share = limits.friction_share(ds, adult, 0.5)
    assert share["right"] == pytest.approx(np.tan(np.radians(10.0)) / 0.5, abs=2e-3)
    steep = bm.sweep(adult, pelvic_tilt=0, slope=20, friction=0.364)
    assert int(steep.status) == 0
    at_limit = says(bm.summary(steep), "at the limit")
    assert "all the grip of the floor (friction 0.364) is used" in at_limit
    assert "the pressure under the right and left foot is at the edge of the sole" in at_limit
    assert "at full strength are right tib ant (shin)" in at_limit


@pytest.mark.parametrize("shift", [0.03, 0.42, 0.7])
def test_the_distance_to_the_edge_of_a_sole_is_that_on_the_floor(adult, shift):
    """Soles laid on the floor, and their outlines walked along."""
    ds = bm.sweep(adult, pelvic_tilt=0, weight_shift=shift, foot_rotation=20)
    found = limits.edge_distance(ds, adult)
    frames, points = adult.kinematics(bm.pose(ds)).squeeze(), adult.tables["contact_points"]
    for foot in ("right", "left"):
        own = [
            i
            for i, name in enumerate(points.rows)
            if name.endswith(f"_{foot[0]}") and "sole" in points.text("surface")[i]
        ]
        rotation, origin = (frames[name].sel(segment=f"calcn_{foot[0]}").values for name in ("rotation", "origin"))
        outline = (points.numbers("x", "y", "z")[own] @ rotation.T + origin)[:, [0, 2]]
        middle = outline.mean(axis=0)
        outline = outline[np.argsort(np.arctan2(*(outline - middle).T))]
        along = np.linspace(0.0, 1.0, 2001)[:, None]
        walk = np.concatenate([p + along * (q - p) for p, q in zip(outline, np.roll(outline, -1, axis=0), strict=True)])
        pressure = ds.center_of_pressure.sel(foot=foot, axis=["x", "z"]).values
        assert found[foot] == pytest.approx(np.linalg.norm(walk - pressure, axis=1).min(), abs=1e-5)


def test_draws_are_told_by_their_median_and_ends(drawn):
    said = bm.summary(drawn.sel(stance="parallel"))
    values = 100.0 * drawn.group_activation.sel(stance="parallel", group="hamstrings").values
    low, middle, high = np.nanpercentile(values, [5, 50, 95])
    for column, expected in (("low", low), ("value", middle), ("high", high)):
        assert number(said, "group_activation", "hamstrings", column) == pytest.approx(expected)
    assert f"[{low:.1f} to {high:.1f} %]" in says(said, "muscles")
    assert says(said, "held") == "in all 32 draws"
    assert "medians of 32 draws" in str(bm.summary(drawn)).replace("\n      ", " ")


def test_bodies_that_were_drawn_are_draws(adult):
    ds = bm.sweep(bm.uncertainty.draw_bodies(adult, samples=8), pelvic_tilt=0)
    low, high = np.percentile(100.0 * ds.group_activation.sel(group="hamstrings").values, [5, 95])
    said = bm.summary(ds)
    assert number(said, "group_activation", "hamstrings", "low") == pytest.approx(low)
    assert number(said, "group_activation", "hamstrings", "high") == pytest.approx(high)


def test_what_the_dataset_lacks_is_said(adult):
    said = bm.summary(bm.sweep(adult, pelvic_tilt=0, variables=["lumbar_compression"]))
    lack = says(said, "not said, for lack of the variable")
    assert "group_activation" in lack
    assert "lumbar_compression" not in lack
    assert "lowest joint of the spine, compression" in says(said, "joint forces")
    bare = bm.sweep(adult, pelvic_tilt=0)[["group_activation"]].drop_vars(["valid", "limiting_muscle"])
    assert "a posture that cannot be held looks the same" in says(bm.summary(bare), "held")


def test_body_weights_are_those_of_the_body_that_was_asked(adult):
    heavy = adult.scale({"segments/*/mass": 1.2})
    ds = bm.sweep(heavy, pelvic_tilt=0)
    assert "(90 kg)" in bm.summary(ds).title
    del ds.attrs["study"]
    assert "body weights" not in str(bm.summary(ds))
    assert "body weights" in str(bm.summary(ds, model=heavy))


def test_measured_frames_are_told(adult):
    force = xr.DataArray([[0, 370.0, 0]] * 2, coords={"foot": ["right", "left"], "axis": list("xyz")})
    point = xr.DataArray([[-0.06, 0, 0.09], [-0.06, 0, -0.09]], coords=force.coords)
    ground = xr.Dataset({"force": force, "point": point})
    frames = bm.static_optimization(adult, {"pelvis_ty": [0.95, 0.94]}, ground, reserve=10.0)
    assert "2 postures" in bm.summary(frames).title
    assert "group_activation" in set(bm.summary(frames.isel(frame=0)).numbers.quantity)


def test_a_study_is_told_as_its_sweep_is(adult, tmp_path):
    pytest.importorskip("zarr")
    bm.sweep(adult, pelvic_tilt=0, knee_flexion=[0, 20, 40], to=tmp_path / "study.zarr")
    opened = bm.open_study(tmp_path / "study.zarr")
    there = bm.sweep(adult, pelvic_tilt=0, knee_flexion=[0, 20, 40])
    assert str(bm.summary(opened)) == str(bm.summary(there))
    assert str(bm.compare(opened.isel(knee_flexion=0), opened.isel(knee_flexion=2))) == str(
        bm.compare(there.isel(knee_flexion=0), there.isel(knee_flexion=2))
    )


def test_what_is_not_computed_yet_is_said(grid):
    unfinished = grid.isel(trunk_lean=[0, 1]).copy(deep=True)
    unfinished.status[0, 0] = -1
    assert "1 not computed yet" in says(bm.summary(unfinished), "held")
    assert says(bm.summary(unfinished.isel(tilt_policy=0, trunk_lean=0)), "held").startswith("NOT COMPUTED")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (3, "ds = 3: must be a Dataset"),
        (xr.Dataset({"x": 1.0}), "ds: has nothing that is known of a posture"),
        (xr.Dataset({"group_activation": 0.5}), "ds: group_activation must be over the dimension 'group'"),
        (xr.Dataset({"status": ("a", np.array([], int))}), "ds: is empty along a"),
        (xr.Dataset({"status": ("a", ["x", "y"])}), "ds: status is <U1; must be numbers"),
        (xr.Dataset({"status": ("a", [0, 1]), "lumbar_compression": ("b", [0.0, 1.0])}), "of the same postures"),
    ],
)
def test_what_is_no_answer_is_refused(bad, message):
    with pytest.raises(bm.StanceError, match=re.escape(message)):
        bm.summary(bad)
    with pytest.raises(bm.StanceError, match=re.escape(message.replace("ds", "a"))):
        bm.compare(bad, bad)
    with pytest.raises(bm.StanceError, match="model = 'adult'"):
        bm.summary(xr.Dataset({"status": 0}), model="adult")


def test_a_study_larger_than_memory_is_refused(grid):
    one = grid.isel(tilt_policy=0, trunk_lean=0)
    huge = xr.Dataset({name: one[name].expand_dims(case=10**9) for name in ("status", "group_activation")})
    with pytest.raises(bm.StanceError, match="ds: its loads are 96 GB, too much to read"):
        bm.summary(huge)


def test_a_contrast_is_the_difference_of_its_datasets(grid):
    a, b = grid.sel(tilt_policy="hanging", trunk_lean=0), grid.sel(tilt_policy="hanging", trunk_lean=40)
    said, back = bm.compare(a, b), bm.compare(b, a)
    ways = [
        f"tilt policy hanging ({float(own.pelvic_tilt):.1f} deg), trunk lean {own.trunk_lean:g} deg" for own in (a, b)
    ]
    assert said.title == f"From {ways[0]} to {ways[1]}"
    for group in grid.group.values:
        one, other = (100.0 * float(own.group_activation.sel(group=group)) for own in (a, b))
        assert number(said, "group_activation", str(group), "change") == pytest.approx(other - one, abs=1e-12)
        assert number(back, "group_activation", str(group), "change") == pytest.approx(one - other, abs=1e-12)
    assert "back of the thigh" in says(said, "grows")
    assert "back of the thigh" in says(back, "falls")
    assert "lower back from" in says(said, "falls")
    assert "belly" in says(said, "changes by less than 1 point of strength, or 60 N")


def test_postures_and_names_are_aligned_by_their_labels(grid):
    a, b = grid.sel(tilt_policy="hanging"), grid.sel(tilt_policy="0")
    turned = b.isel(trunk_lean=[2, 0, 1], group=slice(None, None, -1), joint=slice(None, None, -1))
    assert str(bm.compare(a, turned)) == str(bm.compare(a, b))
    same = bm.compare(a, a.isel(trunk_lean=[1, 2, 0]))
    assert (same.numbers.change == 0.0).all()


def test_draws_are_compared_within_each(drawn):
    a, b = drawn.sel(stance="parallel"), drawn.sel(stance="turned out")
    said = bm.compare(a, b)
    change = 100.0 * (b.group_activation - a.group_activation).sel(group="plantarflexors")
    assert number(said, "group_activation", "plantarflexors", "change") == pytest.approx(float(change.median()))
    assert number(said, "group_activation", "plantarflexors", "low") == pytest.approx(float(np.percentile(change, 5)))
    assert number(said, "group_activation", "plantarflexors", "grows") == float((change > 0).mean())


def test_what_is_not_held_is_not_compared(grid):
    said = bm.compare(grid.sel(tilt_policy="0", trunk_lean=0), grid.sel(tilt_policy="0", trunk_lean=90))
    assert says(said, "b, held").startswith("NOT HELD")
    assert len(said.numbers.query("quantity == 'group_activation'")) == 0
    part = bm.compare(grid.sel(tilt_policy="0"), grid.sel(tilt_policy="hanging"))
    assert says(part, "a, held").startswith("in 67 % of it alone")


def test_what_cannot_be_compared_is_refused(grid, drawn, adult):
    one = grid.sel(tilt_policy="hanging")
    with pytest.raises(bm.StanceError, match="b: varies over stance and sample, a over tilt_policy and trunk_lean"):
        bm.compare(grid, drawn)
    with pytest.raises(bm.StanceError, match=r"b.trunk_lean: its 2 labels are not the 2 of a.trunk_lean"):
        bm.compare(one.isel(trunk_lean=[0, 1]), one.isel(trunk_lean=[0, 2]))
    with pytest.raises(bm.StanceError, match=r"b.trunk_lean: its 2 labels .* each once"):
        bm.compare(one.isel(trunk_lean=[0, 0]), one.isel(trunk_lean=[0, 0]))
    with pytest.raises(bm.StanceError, match="b: has no load that a has"):
        bm.compare(one[["group_activation", "status"]], one[["joint_contact_force", "status"]])
    other = bm.uncertainty.propagate({"parallel": {"pelvic_tilt": 0}}, samples=32, seed=1)
    with pytest.raises(bm.StanceError, match="b: its draws are not those of a"):
        bm.compare(drawn.sel(stance="parallel"), other)
    with pytest.raises(bm.StanceError, match="b = None"):
        bm.compare(one, None)


def test_names_of_strangers_are_escaped_in_notebooks(grid):
    hostile = "<script>alert('x')</script>"
    ds = grid.sel(tilt_policy="hanging", trunk_lean=[0, 40])
    ds = ds.assign_coords(group=[f"{hostile}{i}" for i in range(ds.sizes["group"])], who=hostile)
    ds.attrs["model"] = hostile
    ds = ds.rename(trunk_lean="<b>")
    for words in (
        bm.summary(ds),
        bm.summary(ds.isel({"<b>": 0})),
        bm.compare(ds.isel({"<b>": 0}), ds.isel({"<b>": 1})),
    ):
        html = words._repr_html_()
        assert "<script" not in html
        assert "<b>" not in html
        assert "&lt;script&gt;" in html


def test_words_without_numbers_have_an_empty_table():
    words = Words.of("nothing", [Line("a", "b"), Line("c", "")])
    assert str(words) == "nothing\n  a: b"
    assert words.numbers.empty


def test_two_bodies_are_told_in_their_own_weights(adult):
    child = adult.scaled(height=1.4, mass=35.0)
    a, b = (bm.sweep(model, knee_flexion=30, pelvic_tilt=0) for model in (adult, child))
    said = bm.compare(a, b)
    assert "(35.0 kg)" in said.title
    assert f"({adult.body_mass:.1f} kg)" in said.title
    shares = [
        float((own.joint_contact_force.sel(joint="knee_r") ** 2).sum() ** 0.5) / (model.body_mass * 9.80665)
        for own, model in ((a, adult), (b, child))
    ]
    assert f"{shares[0]:.2f}, then {shares[1]:.2f} times the body's own weight" in says(said, "falls")
    assert "body weights" not in says(bm.compare(a, b.drop_attrs()), "falls")


def renamed(model):
    """The same body, its parts called by numbers."""
    names = {kind: {name: f"{kind} {i}" for i, name in enumerate(model.tables[kind].rows)} for kind in KINDS}
    roles = {kind: {role: names[kind][name] for role, name in model.roles.of(kind).items()} for kind in ROLES}
    mirror = {names[kind][one]: names[kind][two] for kind in KINDS for one, two in model.roles.mirror[kind].items()}
    tables = with_names(model.tables, names)
    return bm.Model(model.name, tables, make_roles(tables, roles, mirror))


@pytest.mark.parametrize(
    "stance",
    [
        {"knee_flexion": 30},
        {"foot_rotation": 60},  # outside the trusted geometry
        {"support": "right", "knee_flexion": [0, 20]},
    ],
)
def test_a_body_with_names_of_its_own_is_told_by_its_roles(adult, stance):
    one, other = (bm.summary(bm.sweep(model, pelvic_tilt=0, **stance)) for model in (adult, renamed(adult)))
    assert [(own.about, own.says) for own in one.lines] == [(own.about, own.says) for own in other.lines]


def test_what_a_body_with_names_of_its_own_lacks_is_told_by_its_roles(adult):
    ways = [bm.summary(bm.sweep(model, pelvic_tilt=0, trunk_lean=90)) for model in (adult, renamed(adult))]
    one, other = (
        says(own, "what is missing").split(";")[0] for own in ways
    )  # its end names a muscle, as the body does
    assert "N.m of lumbar extension" in one
    assert one == other


def test_a_stacked_posture_is_told_by_its_levels(adult):
    grid = bm.sweep(adult, pelvic_tilt=0, foot_rotation=[0, 30], knee_flexion=[0, 20]).stack(
        case=["foot_rotation", "knee_flexion"]
    )
    assert bm.summary(grid.isel(case=3)).title.endswith(
        ": foot rotation 30 deg, knee flexion 20 deg, pelvic tilt 0 deg"
    )


def test_a_study_of_which_nothing_is_there_yet_has_no_numbers(grid):
    said = says(bm.summary(grid.assign(status=xr.full_like(grid.status, -1))), "held")
    assert "0 of 9 postures; 9 not computed yet" in said
    assert "numbers" not in said


def test_a_body_of_a_file_is_told_by_groups_of_both_sides_and_without_muscles_of_its_spine(adult):
    file = Path(__file__).parents[1] / "examples" / "rajagopal_like" / "subject_walk_scaled.osim"
    if not file.exists():
        pytest.skip("needs the body of an example")
    body = bm.read_osim(file)
    ds = bm.sweep(body, knee_flexion=20, pelvic_tilt=0)
    groups = {*map(str, ds.group.values)}
    one_sided = {name for name in groups if re.search("_[rl]$|^(right|left)_", name)}
    assert len(one_sided) > 10
    words = bm.summary(ds)
    loads = words.numbers[words.numbers.quantity == "group_activation"]
    assert {*loads.name} == groups - one_sided
    assert "spine, which no muscle of this body crosses" in " ".join(str(words).split())
    own = " ".join(str(bm.summary(bm.sweep(adult, pelvic_tilt=0))).split())
    assert "of this body crosses" not in own
