"""One call draws what was asked, as the dataset has it, and refuses what it cannot draw by name."""

from __future__ import annotations

import chart_data
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

import biomech as bm

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def lines(figure):
    """Heights of the whole lines, without crosses and marks."""
    return [line.get_ydata() for line in figure.axes[0].get_lines() if line.get_linestyle() == "--"]


def test_lines_are_the_variable_in_percent_where_it_is_held():
    ds = chart_data.swept()
    figure = bm.view.plot(ds, "group_activation", tilt_policy="least_effort", group="quadriceps")
    wanted = 100.0 * ds.group_activation.where(ds.status == 0).sel(tilt_policy="least_effort", group="quadriceps")
    for own, knee in zip(lines(figure), chart_data.KNEES, strict=True):
        np.testing.assert_allclose(own, wanted.sel(knee_flexion=knee))
    assert np.isnan(lines(figure)[2][-1])
    crosses = [line for line in figure.axes[0].get_lines() if line.get_marker() == "x"]
    assert [np.isfinite(line.get_ydata()).sum() for line in crosses] == [1]
    assert "cannot be held" in chart_data.said(figure, 1)


def test_solid_lines_end_where_trust_does():
    figure = bm.view.plot(chart_data.swept(), "lumbar_compression", tilt_policy="0", knee_flexion=0.0)
    (solid,) = [line for line in figure.axes[0].get_lines() if line.get_linestyle() == "-"]
    np.testing.assert_array_equal(np.isfinite(solid.get_ydata()), chart_data.FEET <= 30.0)


def test_a_real_sweep_is_drawn_without_another_word(small):
    ds = bm.sweep(small, knee_flexion=range(0, 41, 10), pelvic_tilt=0)
    for variable in ("lumbar_compression", "group_activation", "joint_compression", "muscle_force", "pelvic_tilt"):
        assert len(lines(bm.view.plot(ds, variable))) <= 6
    assert len(bm.view.plot(ds, "joint_compression", joint=["hip_r", "knee_r"]).axes[0].texts) == 2


def test_rows_in_any_order_are_drawn_in_order():
    ds = chart_data.swept().isel(foot_rotation=[3, 0, 2, 1])
    figure = bm.view.plot(ds, "lumbar_compression", tilt_policy="0", knee_flexion=0.0)
    assert list(figure.axes[0].get_lines()[0].get_xdata()) == [0.0, 10.0, 20.0, 30.0]


def test_a_map_is_the_variable_with_holes_where_it_is_not_held():
    ds = chart_data.fine()
    figure = bm.view.plot(ds, "lumbar_compression")
    mesh = figure.axes[0].collections[0]
    np.testing.assert_allclose(mesh.get_array().filled(np.nan), ds.lumbar_compression.where(ds.status == 0).T)
    (crosses,) = [line for line in figure.axes[0].get_lines() if line.get_marker() == "x"]
    assert len(crosses.get_xdata()) == int((ds.status != 0).sum())


def test_what_never_changes_or_holds_is_said():
    ds = chart_data.swept().sel(tilt_policy="0", knee_flexion=0.0)
    still = ds.assign(lumbar_compression=0.0 * ds.lumbar_compression + 500.0)
    assert chart_data.said(bm.view.plot(still, "lumbar_compression")) == "Lumbar compression: 500 N everywhere"
    fallen = ds.assign(status=ds.status + 1)
    assert chart_data.said(bm.view.plot(fallen, "lumbar_compression")) == "Lumbar compression: no posture can be held"
    assert chart_data.said(bm.view.sharing_chart(fallen, foot_rotation=0.0)) == "No posture can be held"


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"variable": "lumbar_compresion"}, "variable = 'lumbar_compresion': there is none .did you mean 'lumbar_comp"),
        ({"x": "group"}, "x = 'group': there is none; there are foot_rotation"),
        ({"x": "tilt_policy"}, "x = 'tilt_policy': has labels that are no numbers"),
        ({}, "varies over knee_flexion, tilt_policy too; choose a label of each .knee_flexion=...., or draw along it"),
        ({"hue": "foot_rotation", "x": "foot_rotation"}, "hue = 'foot_rotation': is drawn along already"),
        ({"y": "knee_flexion", "hue": "tilt_policy"}, "hue = 'tilt_policy': a map has no lines"),
        ({"x": "knee_flexion", "hue": "foot_rotation", "tilt_policy": "0"}, "has 7 labels; at most 6 lines are drawn"),
        ({"knee_flexion": 7, "tilt_policy": "0"}, "knee_flexion = 7: there is none in ds.knee_flexion; there are -10"),
        ({"knee_flexion": []}, "knee_flexion: is empty; must be a label of ds.knee_flexion"),
        ({"knee_flexion": [0, 7]}, "knee_flexion = 7: there is none"),
        ({"slope": 7}, "dimension = 'slope': there is none"),
        ({"foot_rotation": 0, "knee_flexion": 0}, "no number varies that it could be drawn along"),
        ({"variable": "joint"}, "ds.joint: is <U11.*must be numbers"),
    ],
)
def test_what_a_plot_refuses(asked, named):
    with pytest.raises(bm.StanceError, match=named):
        bm.view.plot(chart_data.swept(), **{"variable": "lumbar_compression", **asked})


def test_an_answer_that_is_not_in_memory_is_drawn_alike():
    pytest.importorskip("dask")
    for draw in (
        lambda ds: bm.view.plot(ds, "lumbar_compression", tilt_policy="0"),
        lambda ds: bm.view.sharing_chart(ds, foot_rotation=0.0, knee_flexion=0.0),
    ):
        assert chart_data.words(draw(chart_data.swept().chunk())) == chart_data.words(draw(chart_data.swept()))


def test_draws_are_no_parameter():
    ds = chart_data.drawn().assign_coords(stance=[0, 1])
    with pytest.raises(bm.StanceError, match=r"varies over draws \('sample'\); take a quantile over all first"):
        bm.view.plot(ds, "group_activation")
    assert lines(bm.view.plot(ds.median("sample"), "group_activation", x="stance"))


def test_bars_are_the_activation_of_each_posture_that_is_held():
    ds = chart_data.swept().sel(foot_rotation=60.0, tilt_policy="least_effort")
    figure = bm.view.sharing_chart(ds)
    widths = sorted(bar.get_width() for bar in figure.axes[0].patches)
    wanted = 100.0 * ds.group_activation.sel(knee_flexion=[-10.0, 0.0])
    np.testing.assert_allclose(widths, np.sort(wanted.values.ravel()))
    assert "Cannot be held: knee flexion 30" in chart_data.said(figure, 1)
    assert all(bar.get_hatch() for bar in figure.axes[0].patches), "past 30 deg nothing is trusted"
    first = bm.view.sharing_chart(ds, knee_flexion=0.0).axes[0].get_yticklabels()[0].get_text()
    assert first == str(wanted.sel(knee_flexion=0.0).idxmax("group").item()).replace("_", " ")


def test_what_bars_refuse():
    ds = chart_data.swept()
    for asked, named in (
        ({}, "ds: has 7 of foot_rotation, 3 of knee_flexion, 2 of tilt_policy left; at most 4 postures along one"),
        ({"knee_flexion": 0.0, "tilt_policy": "0"}, "ds: has 7 of foot_rotation left"),
        ({"group": "thigh"}, "group = 'thigh': there is none"),
    ):
        with pytest.raises(bm.StanceError, match=named):
            bm.view.sharing_chart(ds, **asked)
    with pytest.raises(bm.StanceError, match="ds: has no variable 'group_activation'"):
        bm.view.sharing_chart(chart_data.fine())


def test_a_contrast_is_taken_within_a_draw():
    ds = chart_data.drawn()
    figure = bm.view.contrast_chart(ds, "soft", "pressed back")
    held = (ds.status == 0).all("stance")
    change = 100.0 * (ds.group_activation.sel(stance="pressed back") - ds.group_activation.sel(stance="soft"))
    medians = change.where(held).median("sample").sortby("group").sel(group="quadriceps")
    label = [text.get_text() for text in figure.axes[0].get_yticklabels()].index("quadriceps")
    marks = [line for line in figure.axes[0].get_lines() if line.get_marker() == "o"]
    assert float(marks[label].get_xdata()[0]) == pytest.approx(float(medians))
    assert "1 more cannot be held" in chart_data.said(figure, 1)
    assert "percentage points" in chart_data.said(figure)


def test_a_contrast_of_bodies():
    bodies = bm.uncertainty.draw_bodies(samples=16)
    ds = bm.sweep(bodies, knee_flexion=[0, 20], pelvic_tilt=0)
    figure = bm.view.contrast_chart(ds, 0, 20, "lumbar_compression", along="knee_flexion")
    assert "of 16 bodies" in chart_data.said(figure, 1)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"first": "bent"}, "first = 'bent': there is none in ds.stance; there are soft, pressed back"),
        ({"variable": "activation"}, "variable = 'activation': there is none .did you mean 'group_activation'"),
        ({"along": "group"}, "along = 'group': there is none; there are stance, sample"),
        ({"group": "calfs"}, "group = 'calfs': there is none in ds.group"),
    ],
)
def test_what_a_contrast_refuses(asked, named):
    with pytest.raises(bm.StanceError, match=named):
        bm.view.contrast_chart(chart_data.drawn(), **{"first": "soft", "second": "pressed back", **asked})


def test_contrasts_without_draws_or_without_any_that_is_held_are_refused():
    ds = chart_data.drawn()
    with pytest.raises(bm.StanceError, match="must have draws, over sample or body"):
        bm.view.contrast_chart(ds.isel(sample=3), "soft", "pressed back")
    with pytest.raises(bm.StanceError, match="in none of 101 draws both soft and pressed back are held"):
        bm.view.contrast_chart(ds.assign(status=ds.status + 1), "soft", "pressed back")
