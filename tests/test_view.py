"""What charts are given: the numbers come out as they went in, and what cannot be drawn is refused by name."""

from __future__ import annotations

import dataclasses

import chart_data
import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

import biomech as bm
from biomech.analysis.joint_strength import strength_curves, strength_norms
from biomech.article import hypotheses as claims
from biomech.article import validation
from biomech.article.validation import predicted_at_means

mpl.use("Agg")

ROW = "Front of the thigh\n(quadriceps)"


@pytest.fixture(scope="module")
def swept(small):
    return bm.sweep(small, pelvic_tilt=[0], knee_flexion=[5, 10], trunk_lean=[0, 10], weight_shift=[0.4, 0.5])


@pytest.fixture(scope="module")
def finding():
    column = bm.findings.PolicyOutcome("at rhythm", ((0.0, 2.0, 4.0),), (2.0,), 1.0, 0.0, 0.0, 1.0, "supported")
    return bm.findings.Finding(claims.HYPOTHESES[0], (column,), "supported", ())


def load_chart(model, ds, **changes):
    asked = {"x": "knee_flexion", "hue": "trunk_lean", "column": "pelvic_tilt", "band": "weight_shift", "middle": 0.4,
             "hue_labels": {0: "upright"}, "column_labels": {0: "level"}, "x_label": "knee", "rows": [ROW]}  # fmt: skip
    return bm.view.load_chart(model, ds, **{**asked, **changes})


def test_a_load_chart_draws_the_load(small, swept):
    line = load_chart(small, swept).get_axes()[0].get_lines()[0]
    wanted = swept.group_activation.sel(group="quadriceps", pelvic_tilt=0, trunk_lean=0, weight_shift=0.4)
    np.testing.assert_allclose(line.get_ydata(), 100.0 * wanted)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (
            {"x": "knee_flex"},
            r"x = 'knee_flex': there is none \(did you mean 'knee_flexion'\?\)",
        ),
        ({"x": None}, "x = None: must be a name"),
        ({"hue": "knee_flexion"}, "hue = 'knee_flexion': is x too"),
        ({"middle": 0.45}, "middle = 0.45: there is none in ds.weight_shift; there are 0.4, 0.5"),
        ({"middle": True}, "middle = True: there is none"),
        ({"hue_labels": {}}, "hue_labels: is empty"),
        ({"hue_labels": {30: "bent"}}, "hue_labels = 30: there is none in ds.trunk_lean"),
        ({"column_labels": {0: None}}, r"column_labels\[0\] = None: must be text"),
        ({"rows": ["quadriceps"]}, "rows = 'quadriceps': there is none"),
        ({"rows": []}, "rows: is empty"),
        ({"title": 3}, "title = 3: must be text"),
    ],
)
def test_what_a_load_chart_refuses(small, swept, changes, named):
    with pytest.raises(bm.StanceError, match=named):
        load_chart(small, swept, **changes)


def test_a_load_chart_has_no_more_lines_than_can_be_told_apart(small):
    leans = dict.fromkeys(range(0, 14, 2), "leaning")
    ds = bm.sweep(small, pelvic_tilt=[0], knee_flexion=[5, 10], trunk_lean=list(leans))
    asked = {"x": "knee_flexion", "hue": "trunk_lean", "column": "pelvic_tilt", "column_labels": {0: "level"}}
    with pytest.raises(bm.StanceError, match="hue_labels: has 7 labels; at most 6"):
        bm.view.load_chart(small, ds, hue_labels=leans, x_label="knee", rows=[ROW], **asked)


@pytest.mark.parametrize("ds", [None, 3, "sweep", xr.DataArray([1.0])])
def test_no_dataset_is_refused_by_every_chart(small, ds):
    for draw, name in (
        (lambda: load_chart(small, ds), "ds"),
        (lambda: bm.view.situation_chart(small, {"squat": ds}), r"answers\['squat'\]"),
        (lambda: bm.view.validation_chart(ds), "ds"),
        (lambda: bm.view.convergence_chart(xr.DataArray([1.0], dims="sample"), ds or 3), "indices"),
    ):
        with pytest.raises(bm.StanceError, match=f"{name} = .*: must be a Dataset"):
            draw()


def test_answers_that_lack_what_is_drawn_are_refused(small, swept):
    with pytest.raises(bm.StanceError, match="ds: has no variable 'group_activation'"):
        load_chart(small, swept.drop_vars("group_activation"))
    with pytest.raises(bm.StanceError, match=r"ds.group = 'quadriceps': there is none"):
        load_chart(small, swept.sel(group=["hamstrings"]))
    with pytest.raises(bm.StanceError, match="ds: has the dimension 'slope' besides"):
        load_chart(small, swept.expand_dims(slope=[0]))
    with pytest.raises(bm.StanceError, match=r"answers\['squat'\]: has no variable 'joint_contact_force'"):
        bm.view.situation_chart(small, {"squat": swept.drop_vars("joint_contact_force")})
    with pytest.raises(bm.StanceError, match="answers: is empty"):
        bm.view.situation_chart(small, {})
    one = {"squat": swept}
    for sections, named in (
        ([], r"sections = \[\]: must be a mapping"),
        ({}, "sections: is empty"),
        ({"Bending": {}}, r"sections\['Bending'\]: is empty"),
        (
            {"Bending": {"squats": "squatting"}},
            r"sections\['Bending'\] = 'squats': there is none \(did you mean 'squat'",
        ),
        ({"Bending": {"squat": 3}}, r"sections\['Bending'\]\['squat'\] = 3: must be text"),
    ):
        with pytest.raises(bm.StanceError, match=named):
            bm.view.situation_chart(small, one, sections=sections)
    for model in (None, "small"):
        with pytest.raises(bm.StanceError, match=r"model = .*: must be a Model"):
            bm.view.situation_chart(model, {"squat": swept})


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ([1.0], "values = .*: must be a DataArray"),
        (xr.DataArray([[1.0]], dims=("stance", "sample")), "values: has dimensions .*must have sample alone"),
        (xr.DataArray([1.0], dims="draw"), "values: has dimensions .*must have sample"),
        (xr.DataArray([np.nan, np.inf], dims="sample"), "values: none of 2 draws is a finite number"),
        (xr.DataArray(["x"], dims="sample"), "values: is <U1 .*must be numbers"),
    ],
)
def test_draws_that_cannot_settle_are_refused(values, named):
    with pytest.raises(bm.StanceError, match=named):
        bm.view.convergence_chart(values)


def test_a_convergence_chart_ends_at_the_median():
    values = xr.DataArray([1.0, 3.0, 2.0, np.nan], dims="sample")
    assert bm.view.convergence_chart(values).get_axes()[0].get_lines()[0].get_ydata()[-1] == 2.0


def test_findings_that_are_none_are_refused(finding):
    replace = dataclasses.replace
    assert len(bm.view.findings_chart(iter([finding])).get_axes()) == 1
    column = finding.columns[0]
    for nonsense, named in (
        (None, "findings = None: must be a list of Finding"),
        (finding, "findings = .*: must be a list of Finding"),
        ([], "findings: is empty"),
        (["turnout_back"], "findings = 'turnout_back': must be a list of Finding"),
        ([finding, replace(finding, verdict="true")], r"findings\[1\].verdict = 'true': there is none"),
        ([replace(finding, columns=[replace(column, verdict=None)])], r"findings\[0\].columns.verdict = None"),
        ([replace(finding, columns=[replace(column, interval=())])], r"findings\[0\].columns.interval: has shape"),
        ([replace(finding, hypothesis=None)], r"findings\[0\].hypothesis = None: must be a Hypothesis"),
    ):
        with pytest.raises(bm.StanceError, match=named):
            bm.view.findings_chart(nonsense)


def test_strength_curves_that_are_none_are_refused():
    angles, moments, row = next(iter(strength_curves(bm.load_model(), 2).values()))
    assert len(bm.view.strength_chart({"knee": (angles, moments, row)}).get_axes()) == 4
    for curve, named in (
        (None, r"curves\['knee'\] = None: must be three things"),
        ((angles, moments), r"curves\['knee'\] = .*: must be three things"),
        ((angles[:1], moments, row), r"curves\['knee'\]: moments have the sizes"),
        ((angles, moments.rename(muscle="m"), row), r"curves\['knee'\]: moments: has dimensions"),
        ((angles, moments, None), r"curves\['knee'\]: row = None: must be a row of strength.csv"),
        ((angles, moments, {**row, "coordinate": 3}), r"curves\['knee'\]: coordinate = 3: must be text"),
    ):
        with pytest.raises(bm.StanceError, match=named):
            bm.view.strength_chart({"knee": curve})
    with pytest.raises(bm.StanceError, match="curves: is empty"):
        bm.view.strength_chart({})
    for norms, named in (
        ({"knee": None}, r"norms\['knee'\] = None: must be rows of what people reach"),
        ({"knee": [3]}, r"norms\['knee'\] = 3: must be rows of what people reach"),
        ({"knee": [{"mean": "much"}]}, r"norms\['knee'\]\['mean'\] = 'much': must be a finite number"),
    ):
        with pytest.raises(bm.StanceError, match=named):
            bm.view.strength_chart({"knee": (angles, moments, row)}, norms)


def test_a_strength_chart_shows_every_study():
    curves = strength_curves(bm.load_model(), 3)
    norms = strength_norms()
    panels = bm.view.strength_chart(curves).get_axes()
    for panel, motion in zip(panels, curves, strict=False):
        shown = sorted(y for line in panel.get_lines() if line.get_marker() in "x<>" for y in line.get_ydata())
        np.testing.assert_allclose(shown, [float(row["mean"]) for row in norms[motion]])


def test_a_validation_chart_shows_what_is_judged_over_what_was_measured():
    predicted = predicted_at_means(bm.load_model())
    measured = xr.DataArray(
        [validation.measured_value(row)[0] for row in validation.measurements().values()], dims="row"
    )
    ds = xr.Dataset({"predicted": predicted, "lower": 0.9 * predicted, "upper": 1.1 * predicted, "measured": measured,
                     "measured_lower": measured, "measured_upper": measured})  # fmt: skip
    panel = bm.view.validation_chart(ds).get_axes()[0]
    judged = [name for name, row in validation.measurements().items() if row["role"] == "judged"]
    assert len(panel.get_yticklabels()) == len(judged)
    assert not any("knee knee" in label.get_text() for label in panel.get_yticklabels())
    marks = [line for line in panel.get_lines() if line.get_marker() == "o"]
    ratios = (predicted.isel(tilt=0, variant=0) / measured).sel(row=judged)
    np.testing.assert_allclose(sorted(line.get_xdata()[0] for line in marks), np.sort(ratios))


def test_a_situation_that_is_not_held_sets_no_scale_and_no_title(small):
    answers = chart_data.answers()
    title = chart_data.said(bm.view.situation_chart(small, answers))
    most = max(float(answers[name].group_activation.max()) for name in ("soft", "turned_out"))
    assert "deep" not in title
    assert f"{100.0 * most:.0f} % of strength" in title
    figure = bm.view.situation_chart(small, {"deep": answers["deep"]})
    assert chart_data.said(figure) == "None of the situations can be held"
    assert not figure.axes[0].patches
