"""Every example runs, and says what its text says."""

import below_knee_amputee
import least_compression
import numpy as np
import pytest
import thousand_bodies
import turnout_and_knees
import weak_quadriceps

import biomech as bm


@pytest.fixture(scope="module")
def swept():
    return turnout_and_knees.run()


def test_every_answer_is_certified(swept):
    assert swept.status.size == 702
    assert (swept.status == 0).all()
    assert float(swept.equilibrium_residual.max()) < 1e-9
    assert float(swept.duality_gap.max()) < 1e-9


def test_with_a_level_pelvis_the_back_does_not_know_the_feet(swept):
    back = swept.group_activation.sel(group="lumbar_extensors", tilt_policy="0")
    assert float(back.max() - back.min()) < 1e-9
    assert float(back.mean()) == pytest.approx(0.0168, abs=2e-4)


def test_numbers_of_the_table(swept):
    at = {"weight_shift": 0.42, "tilt_policy": "least_effort"}
    groups = swept.group_activation.sel(at) * 100
    pick = {"foot_rotation": [0, 60], "knee_flexion": [-10, 0, 30]}
    np.testing.assert_allclose(
        groups.sel(group="lumbar_extensors", **pick), [[2.75, 1.68, 2.80], [2.69, 2.85, 5.37]], atol=0.02
    )
    np.testing.assert_allclose(
        groups.sel(group="quadriceps", **pick), [[1.88, 0.04, 7.77], [3.26, 0.60, 8.26]], atol=0.02
    )
    np.testing.assert_allclose(swept.pelvic_tilt.sel(at).sel(pick), [[5.5, 0.0, 5.7], [5.2, 6.0, 16.8]], atol=0.1)


def test_table_and_figure(swept, tmp_path):
    model = bm.load_model()
    text = turnout_and_knees.table(model, swept)
    assert len(text.splitlines()) == 2 + 2 * 4 * 3
    assert "least effort" in text
    file = tmp_path / "figures" / "chart.png"
    turnout_and_knees.figure(model, swept, file)
    assert file.stat().st_size > 50_000


def test_the_chart_shows_every_load(swept):
    from biomech.view import LOADS, load_chart

    chart = load_chart(
        bm.load_model(),
        swept,
        x="foot_rotation",
        hue="knee_flexion",
        column="tilt_policy",
        band="weight_shift",
        middle=0.42,
        hue_labels={0: "straight", 30: "bent"},
        column_labels={"0": "level"},
        x_label="turnout",
    )
    panels = chart.get_axes()
    assert len(panels) == len(LOADS)
    for panel in panels:
        for colour in range(2):
            line = panel.get_lines()[3 * colour]  # dashed, solid and marks of each
            assert len(line.get_xdata()) == 13
            assert np.isfinite(line.get_ydata()).all()


def test_the_chart_draws_no_line_through_what_is_not_held():
    from biomech.view import load_chart

    model = bm.load_model()
    ds = bm.sweep(
        model, knee_flexion=np.linspace(0, 110, 12), trunk_lean=[0, 10], weight_shift=[0.3, 0.42], pelvic_tilt=[0]
    )
    held = ds.status.sel(trunk_lean=0, pelvic_tilt=0, weight_shift=0.42).values == 0
    assert 0 < held.sum() < 12
    chart = load_chart(
        model,
        ds,
        x="knee_flexion",
        hue="trunk_lean",
        column="pelvic_tilt",
        band="weight_shift",
        middle=0.42,
        hue_labels={0: "upright", 10: "leaning"},
        column_labels={0: "level"},
        x_label="knee",
        rows=["Front of the thigh\n(quadriceps)"],
    )
    dashed, crosses = chart.get_axes()[0].get_lines()[:2]
    np.testing.assert_array_equal(np.isfinite(dashed.get_ydata()), held)
    np.testing.assert_array_equal(np.isfinite(crosses.get_ydata()), ~held)


def test_the_least_compression(tmp_path):
    compression = least_compression.compression_of(bm.load_model())
    found = least_compression.search(compression)
    assert found.compression == pytest.approx(326.428, abs=0.01)
    assert found.compression <= float(compression(*found.posture)["lumbar_compression"]) + 1e-9
    nearby = found.posture[:, None] + np.random.default_rng(0).normal(0, 2, (3, 500))
    bounds = np.array(list(least_compression.BOX.values()))
    tried = compression(*np.clip(nearby, bounds[:, :1], bounds[:, 1:]))["lumbar_compression"]
    assert found.compression <= tried.min() + 1e-3
    file = tmp_path / "figures" / "map.png"
    least_compression.figure(compression, found, file)
    assert file.stat().st_size > 20_000


def test_a_thousand_bodies_in_parts(tmp_path):
    """Shares of the variance are those of the same study in memory, and add up to no more than all of it."""
    pytest.importorskip("dask")
    pytest.importorskip("zarr")
    ds = thousand_bodies.run(24, False, tmp_path / "study.zarr", 2)
    found = thousand_bodies.figure(ds, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").stat().st_size > 30_000
    whole = thousand_bodies.loads(ds.load())
    for name, parts in found.items():
        assert 0.0 < sum(parts.values()) <= 1.0
        own = thousand_bodies.shares(whole[name])
        np.testing.assert_allclose([float(own[dim]) for dim in parts], [*parts.values()], rtol=1e-9)
    assert found["lower back"]["foot_rotation"] < 1e-6 < found["lower back"]["pelvic_tilt"]
    assert found["calf"]["weight_shift"] > 0.3


def test_a_weak_quadriceps_is_helped_by_leaning(tmp_path):
    ds = weak_quadriceps.run(bm.load_model())
    found = weak_quadriceps.deepest(ds)
    upright, leaning = found.sel(trunk_lean=0), found.sel(trunk_lean=60)
    np.testing.assert_allclose(upright.sel(strength=[0.3, 0.2, 0.1]), [76, 62, 44], atol=2)
    np.testing.assert_allclose(leaning.sel(strength=[0.3, 0.2, 0.1]), [110, 92, 72], atol=2)
    assert np.all(found.diff("trunk_lean") >= 0)
    # at full strength it is the shin that gives way upright, with a fifth the front of the thigh
    for strength, muscle in ((1.0, "tib_ant"), (0.2, "vas_")):
        own = ds.sel(strength=strength, trunk_lean=0)
        first = own.limiting_muscle.sel(knee_flexion=float(upright.sel(strength=strength)) + 2.0).item()
        assert first.startswith(muscle), first
    share = ds.group_activation.sel(knee_flexion=60, trunk_lean=60)
    assert float(share.sel(group="gluteus_maximus", strength=0.2)) == pytest.approx(0.414, abs=0.01)
    assert float(share.sel(group="gluteus_maximus", strength=1.0)) == pytest.approx(0.190, abs=0.01)
    assert "cannot be held: vas_" in weak_quadriceps.table(ds)
    weak_quadriceps.figure(ds, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").stat().st_size > 20_000


def test_a_leg_without_a_calf_must_not_stand_straight(tmp_path):
    ds = below_knee_amputee.run(bm.load_model())
    assert (ds.status == 0).all()
    hip = below_knee_amputee.hip(ds).sel(weight_shift=0.42)
    np.testing.assert_allclose(hip.sel(knee_flexion=0), [1834, 3423], rtol=0.005)
    np.testing.assert_allclose(hip.sel(knee_flexion=10, leg="prosthesis"), 1640, rtol=0.005)
    over_the_ankle = below_knee_amputee.hip(ds).sel(weight_shift=0.15)
    assert float((over_the_ankle.sel(leg="prosthesis") / over_the_ankle.sel(leg="with a calf")).max()) < 1.08
    below_knee_amputee.figure(ds, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").stat().st_size > 20_000


def test_the_prosthesis_is_that_of_the_text():
    whole = bm.load_model()
    body = below_knee_amputee.with_prosthesis(whole)
    gone = {name.rsplit("_", 1)[0] for name in set(whole.muscles) - set(body.muscles)}
    assert gone == {"med_gas", "lat_gas", "soleus", "tib_ant", "tib_post", "per_brev", "per_long", "per_tert",
                    "flex_dig", "flex_hal", "ext_dig", "ext_hal"}  # fmt: skip
    assert whole.body_mass - body.body_mass == pytest.approx(2.574, abs=0.01)
