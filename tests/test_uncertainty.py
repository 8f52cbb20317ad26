"""Draws, models that are drawn, what is propagated, and Sobol indices."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import biomech as bm
from biomech.errors import StanceError
from biomech.uncertainty.ensemble import Ensemble
from biomech.uncertainty.possible_draws import drawn_columns
from biomech.uncertainty.priors import Prior, Sampler, SobolPoints, default_priors

STANCES = {
    "parallel": {"pelvic_tilt": [0, "least_effort"], "knee_flexion": 8},
    "turned out": {"pelvic_tilt": [0, "least_effort"], "foot_rotation": 45, "knee_flexion": 8},
}


def study(model, stances=STANCES, priors=None, variables=("lumbar_compression",)):
    return Ensemble(stances, model, priors, variables, bm.Power(2), None)


def drawn_model(own, draws, i):
    """The model of one draw, by itself."""
    columns = drawn_columns(own.model, own.cells, draws, slice(i, i + 1))
    return own.model.with_numbers({key: values[0] for key, values in columns.items()})


def test_quantiles_are_those_of_the_cut_distribution():
    share = np.linspace(0.001, 0.999, 2001)
    for prior in default_priors().values():
        values = prior.quantile(share)
        assert np.all(np.diff(values) >= 0.0)
        assert prior.least <= values[0] < values[-1] <= prior.most
    normal = Prior("x", "friction", "set", "normal", 1.0, 0.5, -9.0, 9.0)
    np.testing.assert_allclose(normal.quantile(share), stats.norm(1.0, 0.5).ppf(share), atol=1e-9)
    skewed = Prior("x", "passive/riener_scale", "set", "lognormal", 2.0, 1.4, 1e-6, 1e6)
    assert skewed.quantile(np.array([0.5]))[0] == pytest.approx(2.0)
    assert skewed.quantile(np.array([stats.norm.cdf(1.0)]))[0] == pytest.approx(2.0 * 1.4)


def assert_same_tables(one, other, name):
    """Flat tables, and tables of tables, number for number."""
    if hasattr(one, "_fields"):
        for field, a, b in zip(one._fields, one, other, strict=True):
            assert_same_tables(a, b, f"{name}.{field}")
    else:
        np.testing.assert_allclose(np.asarray(one, float), np.asarray(other, float), atol=1e-15, err_msg=name)


def test_a_drawn_model_is_the_model_with_those_numbers(adult):
    """Number for number: flat tables of ``Model.replace`` with everything that a draw may change."""
    bm.sweep(adult, pelvic_tilt=[0, 3], foot_rotation=[0, 20])
    bm.sweep(adult, pelvic_tilt=0, weight_balance=0.6)
    own = study(adult)
    draws = own.sampler.draws(own.sampler.points(4, 5)[:])
    for i in range(4):
        drawn = drawn_model(own, draws, i)
        changes = {
            f"{table}/{row}/{column}": float(value)
            for table, column in {(cells.table, cells.column) for cells in own.cells.values()}
            for row, value in zip(drawn.tables[table].rows, drawn.tables[table].numbers(column), strict=True)
        }
        other = adult.replace(changes)
        for half in (True, False):
            ours, theirs = drawn.compiled(half=half), other.compiled(half=half)
            for stage in ("tree", "splines", "paths", "muscle", "passive", "contact"):
                assert_same_tables(getattr(ours, stage), getattr(theirs, stage), stage)
            assert ours.abdomen == theirs.abdomen
        stance = {"pelvic_tilt": 2, "foot_rotation": 30, "knee_flexion": 15, "trunk_lean": 10}
        np.testing.assert_allclose(
            bm.sweep(drawn, **stance).activation, bm.sweep(other, **stance).activation, atol=1e-9
        )


def test_bodies_of_a_population_are_the_models_with_their_numbers(adult):
    """Number for number, whole and half: the rows that the lanes take up are what the tables of each model hold."""
    own = study(adult)
    draws = own.sampler.draws(own.sampler.points(4, 5)[:])
    bodies = own.bodies_of(draws, slice(0, 4))
    for half in (True, False):
        numbers, torsion, _ = bodies._bodies(half)
        assert len(numbers) == 4
        for i in range(4):
            alone = drawn_model(own, draws, i)._bodies(half)
            np.testing.assert_allclose(numbers[i], alone.numbers[0], rtol=1e-13, atol=1e-15)
            np.testing.assert_array_equal(torsion[i], alone.torsion[0])


def test_no_draw_depends_on_those_beside_it(adult):
    """Blocks of any size give each draw the same answer."""
    points, found = SobolPoints(37, 2, study(adult).sampler.dimensions), []
    for together in (1, 3, 16, 64):
        own = study(adult, variables=("lumbar_compression", "group_activation", "pelvic_tilt"))
        own.together = together
        found.append(own.run(points, False))
    for other in found[1:]:
        for name, values in other.items():
            np.testing.assert_allclose(values, found[0][name], rtol=1e-9, atol=1e-12)


def test_points_are_the_same_in_any_slices():
    points = SobolPoints(100, 7, 5)
    whole = points[:]
    np.testing.assert_array_equal(np.concatenate([points[:33], points[33:64], points[64:]]), whole)
    np.testing.assert_array_equal(points[40:50], whole[40:50])
    np.testing.assert_array_equal(points[90:], whole[90:])
    np.testing.assert_array_equal(stats.qmc.Sobol(5, rng=np.random.default_rng(7)).random_base2(7)[:100], whole)


def test_every_draw_is_a_sweep(adult):
    """Answers of a draw are what ``sweep`` gives for its model and its stance, policies included."""
    own = study(adult, variables=("lumbar_compression", "group_activation", "pelvic_tilt"))
    points = own.sampler.points(3, 1)[:]
    draws = own.sampler.draws(points)
    ds = own.dataset(own.run(points, False), 1)
    for i in range(3):
        model, stances = drawn_model(own, draws, i), own.stances_of(draws, slice(i, i + 1))
        for k, name in enumerate(STANCES):
            values = {key: stances.values[key][2 * k] for key in ("trunk_lean", "weight_shift", "friction")}
            legs = {key: float(stances.values[key][2 * k, 0]) for key in ("knee_laxity", "turnout_yield")}
            again = bm.sweep(model, **STANCES[name], **values, **legs)
            here = ds.isel(stance=k, sample=i)
            np.testing.assert_allclose(here.lumbar_compression, again.lumbar_compression, rtol=1e-6)
            np.testing.assert_allclose(here.group_activation, again.group_activation, atol=1e-6)
            np.testing.assert_allclose(here.pelvic_tilt, again.pelvic_tilt, atol=1e-3)


def test_both_stances_share_the_draw_but_for_what_changes(adult):
    own = study(adult)
    draws = own.sampler.draws(own.sampler.points(8, 0)[:])
    for i in range(8):
        stances = own.stances_of(draws, slice(i, i + 1))
        lean = stances.values["trunk_lean"]
        assert lean[0] == pytest.approx(draws.values["lean"][i])
        assert lean[2] - lean[0] == pytest.approx(draws.values["lean_change"][i])
        assert stances.values["weight_shift"][0] == stances.values["weight_shift"][2]
        assert (stances.values["turnout_yield"][:2] == 0.0).all()
        assert stances.values["turnout_yield"][2, 0] == pytest.approx(draws.values["turnout_yield"][i])


def test_both_sides_draw_alike(adult):
    own = study(adult)
    draws = own.sampler.draws(own.sampler.points(2, 0)[:])
    drawn = drawn_model(own, draws, 1)
    assert drawn.value("joints/ankle_l/torsion") == -drawn.value("joints/ankle_r/torsion")
    for column in ("max_isometric_force", "leverage"):
        assert drawn.value(f"muscles/soleus_r/{column}") == drawn.value(f"muscles/soleus_l/{column}")
    assert drawn.value("muscles/soleus_r/leverage") != drawn.value("muscles/med_gas_r/leverage")
    assert adult.value("muscles/soleus_r/leverage") == 1.0


def test_the_same_seed_gives_the_same_draws(adult):
    one, two, other = (
        bm.uncertainty.propagate(STANCES, adult, samples=8, seed=seed, variables=["lumbar_compression"], progress=False)
        for seed in (3, 3, 4)
    )
    assert one.identical(two)
    assert not np.allclose(one.lumbar_compression, other.lumbar_compression)


def test_percentiles(adult):
    ds = bm.uncertainty.propagate(STANCES, adult, samples=64, variables=["lumbar_compression"], progress=False)
    found = bm.uncertainty.percentiles(ds.lumbar_compression)
    assert found.dims == ("percentile", "stance", "tilt_policy")
    np.testing.assert_allclose(found.sel(percentile=50), ds.lumbar_compression.median("sample"))
    assert (found.sel(percentile=5) < found.sel(percentile=95)).all()


def test_sobol_indices_of_a_known_function(monkeypatch, adult):
    """A sum and a product (Ishigami & Homma 1990), answered in the place of the body."""
    names = ("lean", "weight_shift", "friction")
    priors = {n: Prior(n, t, "set", "uniform", -np.pi, np.pi, -4, 4) for n, t in
              zip(names, ("trunk_lean", "weight_shift", "friction"), strict=True)}  # fmt: skip

    def run(self, points, progress):
        x = [self.sampler.draws(points).values[name] for name in names]
        value = np.sin(x[0]) + 7.0 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])
        return {"lumbar_compression": value[:, None]}

    monkeypatch.setattr(Ensemble, "run", run)
    found = bm.uncertainty.sobol(
        {"standing": {"pelvic_tilt": 0}}, "lumbar_compression", model=adult, samples=4096, priors=priors
    )
    np.testing.assert_allclose(found.first_order, [0.3139, 0.4424, 0.0], atol=0.02)
    np.testing.assert_allclose(found.total_order, [0.5576, 0.4424, 0.2437], atol=0.02)


def test_muscles_of_their_own_are_one_prior(adult):
    priors = {name: default_priors()[name] for name in ("strength", "strength_each", "torso_forward")}
    sampler = Sampler(adult, priors)
    assert sampler.dimensions == 2 + len(adult.muscles) // 2
    found = bm.uncertainty.sobol(
        {"lean": {"pelvic_tilt": "rhythm", "trunk_lean": 30}},
        "group_activation",
        {"group": "lumbar_extensors"},
        adult,
        samples=64,
        priors=priors,
        progress=False,
    )
    assert found.prior.values.tolist() == list(priors)
    assert float(found.first_order.sel(prior="strength")) > 0.6
    assert float(found.total_order.sum()) == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distribution": "cauchy"}, "distribution = 'cauchy'; allowed is normal, lognormal, uniform"),
        ({"how": "shift"}, "how = 'shift'; allowed is set, scale"),
        ({"b": -1.0}, "make no normal distribution"),
        ({"least": 2.0, "most": 1.0}, "least < most must be finite"),
        ({"target": "wings/left"}, "is neither a stance parameter nor a path of a model"),
        ({"target": "friction", "how": "scale"}, "'scale' does not go with 'friction'"),
    ],
)
def test_bad_priors_are_refused(change, message):
    good = {"name": "x", "target": "passive/riener_scale", "how": "set", "distribution": "normal", "a": 1.0, "b": 0.1,
            "least": 0.5, "most": 2.0}  # fmt: skip
    with pytest.raises(StanceError, match=message):
        Prior(**{**good, **change})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stances": {}}, "stances: must be a mapping of names to arguments of sweep, not empty"),
        ({"stances": {"a": {"pelvic_tilt": 99}}}, r"stances\['a'\]: pelvic_tilt = 99: allowed is"),
        ({"stances": {"a": {"pelvic_tilt": 0}, "b": {"pelvic_tilt": [0, 1]}}}, r"stances\['b'\]: has dimensions"),
        ({"samples": 0}, "samples = 0: must be a whole number from 2"),
        ({"seed": -1}, "seed = -1: must be a whole number from 0 to 3"),
        ({"variables": ["lumbar_compresion"]}, "there is no 'lumbar_compresion'"),
        ({"priors": {}}, "priors: is empty"),
        ({"priors": {"x": Prior("x", "segments/torso/mass", "scale", "normal", 1, 0.1, 0.5, 2)}},
         "a prior cannot change segments/torso/mass"),
        ({"priors": {"x": Prior("x", "muscles/nose/leverage", "scale", "normal", 1, 0.1, 0.5, 2)}},
         "no row of table 'muscles' matches 'nose'"),
    ],
)  # fmt: skip
def test_bad_studies_are_refused(adult, arguments, message):
    given = {"stances": STANCES, "model": adult, "samples": 4, **arguments}
    with pytest.raises(StanceError, match=message):
        bm.uncertainty.propagate(**given)


def test_sobol_asks_for_one_number_and_a_power_of_two(adult):
    with pytest.raises(StanceError, match="samples = 100: must be a power of two"):
        bm.uncertainty.sobol(STANCES, "lumbar_compression", model=adult, samples=100)
    few = {"torso_forward": default_priors()["torso_forward"]}
    with pytest.raises(StanceError, match="select: leaves the dimensions"):
        bm.uncertainty.sobol(STANCES, "lumbar_compression", model=adult, samples=2, priors=few, progress=False)


def test_the_turnout_reserve_is_that_of_the_drawn_hip(adult):
    own = {"slack": default_priors()["hip_rotation_slack"]}
    turned = {"pelvic_tilt": 0, "foot_rotation": 30}
    ds = bm.uncertainty.propagate({"turned": turned}, adult, samples=4, priors=own, variables=["turnout_reserve"])
    for i in range(4):
        other = adult.replace({"passive/hip_external_rotation_slack": float(ds.prior_slack[i])})
        np.testing.assert_allclose(
            ds.turnout_reserve.isel(stance=0, sample=i), bm.sweep(other, **turned).turnout_reserve, atol=1e-9
        )


def test_nothing_drawn_changes_nothing(adult):
    assert adult.with_numbers({}).tables["muscles"] is adult.tables["muscles"]


def test_further_dimensions_do_not_follow_the_priors(adult):
    """What is drawn besides them is independent of them; points of another seed would not be."""
    sampler = Sampler(adult, default_priors())
    points = sampler.points(1024, 0, sampler.dimensions + 4)[:]
    together = np.corrcoef(points.T)[: sampler.dimensions, sampler.dimensions :]
    assert np.abs(together).max() < 0.2
    apart = np.corrcoef(points[:, 0], sampler.points(1024, 1)[:][:, 0])[0, 1]
    assert abs(apart) > 0.5


def uniform(target, how, low, high):
    return Prior("own", target, how, "uniform", low, high, low, high)


@pytest.mark.parametrize(
    ("target", "how", "low", "high", "named"),
    [
        (
            "muscles/soleus_r/max_isometric_force",
            "scale",
            -2,
            -1,
            r"muscles/soleus_r/max_isometric_force = -.*: must be in 0",
        ),
        ("muscles/*/leverage", "set", -2, -1, r"leverage = -1.\d+: must be in 0..100"),
        ("muscles/*/leverage", "scale each", -2, -1, r"leverage = -1.\d+: must be in 0..100"),
        ("passive/*_stiffness", "scale", -2, -1, r"passive/hip_rotation_stiffness = -.*: must be in 0..10000 N.m/deg"),
        ("passive/hip_rotation_blend", "set", -1, 0, "passive/hip_rotation_blend = -.*: must be above 0"),
        (
            "passive/hip_external_rotation_slack",
            "set",
            -90,
            -80,
            "hip_external_rotation_slack = -.*: must be at least minus",
        ),
        ("segments/torso/com_x", "set", 2, 3, r"segments/torso/com_x = 2.\d+: must be in .* lies in its segment"),
        ("segments/femur_?/com_y", "scale", 5, 6, "segments/femur_r/com_y = -.*: must be in .* lies in its segment"),
        ("settings/pressure_share", "set", -1, -0.5, r"settings/pressure_share = -0.\d+: must be in 0..1"),
        ("patellar_tendon/arm_20/value", "set", -0.1, -0.05, r"patellar_tendon/arm_20 = -0.\d+: must be above 0"),
        ("patellar_tendon/arm_*/value", "scale", 0.001, 0.01, "must leave the tendon an arm of at least 0.001 m"),
        ("joints/ankle_r/torsion", "set", 500, 600, r"joints/ankle_r/torsion = 5\d\d.*: must be in -180..180 deg"),
        ("friction", "set", -2, -1, r"set friction = -1.\d+: must be in 0..2"),
        ("trunk_lean", "add", 1e5, 1e6, r"add trunk_lean = \d+: must be in -130..130 deg"),
        (
            "segments/torso/com_z",
            "set",
            0.05,
            0.06,
            "segments/torso/com_z, which would make the sides of 'adult' differ",
        ),
        ("joints/lumbosacral/torsion", "set", 20, 21, "joints/lumbosacral/torsion, which would make the sides"),
        ("settings/gravity", "set", -9.9, -9.8, "cannot change settings/gravity/value; it may change .*pressure_arm"),
    ],
)
@pytest.mark.parametrize("ask", ["propagate", "sobol"])
def test_draws_that_cannot_be_are_refused_before_any_work(adult, monkeypatch, ask, target, how, low, high, named):
    monkeypatch.setattr(Ensemble, "answer", lambda self, *given: pytest.fail("has begun to work"))
    priors = {"own": uniform(target, how, low, high)}
    stances = {"standing": {"pelvic_tilt": 0}}
    given = {"model": adult, "samples": 8, "priors": priors}
    call = {
        "propagate": lambda: bm.uncertainty.propagate(stances, **given),
        "sobol": lambda: bm.uncertainty.sobol(stances, "lumbar_compression", **given),
    }[ask]
    with pytest.raises(StanceError, match=f"'own'.*{named}" if "cannot" not in named else named):
        call()


def test_the_first_draw_that_cannot_be_is_named_with_all_that_made_it(adult):
    """A strength of more than 1e6 N, of two priors together; which draw it is, the draws say."""
    priors = {
        "all": uniform("muscles/*/max_isometric_force", "scale", 1.0, 400.0),
        "each": uniform("muscles/*/max_isometric_force", "scale each", 1.0, 2.0),
    }
    own = study(adult, priors={name: replace(p, name=name) for name, p in priors.items()})
    points = own.sampler.points(64, 3)[:]
    draws = own.sampler.draws(points)
    force = adult.tables["muscles"].numbers("max_isometric_force")
    made = force * draws.values["all"][:, None] * draws.values["each"]
    draw, muscle = np.argwhere(made > 1e6)[0]
    assert draw > 0
    factors = draws.values["all"][draw], draws.values["each"][draw, muscle]
    said = rf"'all' \({factors[0]:.6g}\), 'each' \({factors[1]:.6g}\), draw {draw}: "
    with pytest.raises(StanceError, match=said + f"muscles/{adult.muscles[muscle]}/max_isometric_force"):
        own.run(points, False)


def test_a_side_that_differs_may_be_drawn_where_sides_differ(adult):
    """A torso whose mass lies to the right, drawn: what ``sweep`` gives."""
    aside = adult.replace({"segments/torso/com_z": 0.01})
    priors = {"own": uniform("segments/torso/com_z", "set", 0.05, 0.06)}
    ds = bm.uncertainty.propagate({"standing": {"pelvic_tilt": 0}}, aside, samples=2, priors=priors, progress=False)
    for i in range(2):
        moved = adult.replace({"segments/torso/com_z": float(ds.prior_own[i])})
        load = float(bm.sweep(moved, pelvic_tilt=0).lumbar_compression)
        assert float(ds.lumbar_compression.isel(sample=i, stance=0)) == pytest.approx(load, rel=1e-6)


@pytest.mark.parametrize(
    ("target", "how", "distribution", "a", "b", "least", "most", "named"),
    [
        ("friction", "set", "normal", 0.5, 0.001, 1.5, 1.9, "must keep some of the distribution"),
        ("friction", "set", "uniform", 0.1, 0.2, 0.5, 0.6, "must keep some of the distribution"),
        ("settings/pressure_area", "set", "lognormal", 1e-5, 1.01, 0.02, 0.03, "must keep some of the distribution"),
        ("segments/*/com_y", "scale each", "uniform", 0.9, 1.1, 0.9, 1.1, "must be a path of muscles"),
    ],
)
def test_priors_that_draw_nothing_are_refused(target, how, distribution, a, b, least, most, named):
    with pytest.raises(StanceError, match=f"prior 'own': .*{named}"):
        Prior("own", target, how, distribution, a, b, least, most)


@pytest.mark.parametrize(
    ("target", "how", "low", "high"),
    [
        ("segments/torso/com_y", "scale", 0.5, 4.0),
        ("segments/calcn_?/com_x", "set", -1.0, 1.0),
        ("muscles/soleus_r/max_isometric_force", "set", -1e3, 3e3),
        ("muscles/vas_*/leverage", "scale each", -0.2, 2.0),
        ("passive/hip_external_rotation_slack", "set", -60.0, 60.0),
        ("passive/lumbar_neutral", "set", -400.0, 400.0),
        ("joints/ankle_l/torsion", "scale", -40.0, 40.0),
        ("patellar_tendon/arm_100/value", "set", -0.05, 0.1),
        ("patellar_tendon/arm_*/value", "scale", 0.0, 20.0),
        ("patellar_tendon/direction_*/value", "scale", -10.0, 10.0),
        ("settings/pressure_area", "scale", -10.0, 100.0),
    ],
)
def test_draws_are_refused_where_replace_refuses(adult, monkeypatch, target, how, low, high):
    """The first draw that is refused is the first whose numbers ``Model.replace`` refuses, by checks of its own."""
    own = study(adult, priors={"own": uniform(target, how, low, high)})
    points = own.sampler.points(16, 1)[:]
    draws = own.sampler.draws(points)
    monkeypatch.setattr(own, "answer", lambda *given: {})

    def refused(i):
        (cells,) = own.cells.values()
        column = drawn_model(own, draws, i).tables[cells.table].numbers(cells.column)
        rows = adult.tables[cells.table].rows
        try:
            adult.replace({f"{cells.table}/{rows[k]}/{cells.column}": float(column[k]) for k in cells.rows})
        except bm.ModelError:
            return True
        return False

    first = next(i for i in range(16) if refused(i))
    with pytest.raises(StanceError, match=f"'own' .*, draw {first}: "):
        own.run(points, False)


def test_a_single_prior_drives_all_of_it():
    """SciPy's indices know no single one; all of the variance is its own."""
    few = {"torso_forward": bm.uncertainty.default_priors()["torso_forward"]}
    lean = {"lean": {"pelvic_tilt": "rhythm", "trunk_lean": 30}}
    found = bm.uncertainty.sobol(lean, "lumbar_compression", model=bm.load_model("small"), samples=64, priors=few)
    assert found.prior.values.tolist() == ["torso_forward"]
    assert found.total_order.item() == pytest.approx(1.0, abs=0.05)


def test_percentiles_of_no_stance_are_none():
    values = xr.DataArray(np.empty((0, 3)), dims=("stance", "sample"))
    assert bm.uncertainty.percentiles(values).shape == (3, 0)


def test_progress_and_variable_are_refused_by_name():
    stances = {"a": {"pelvic_tilt": 0}}
    for call, named in (
        (
            lambda: bm.uncertainty.propagate(stances, progress=np.array([])),
            "progress = .*: must be True, False or None",
        ),
        (lambda: bm.uncertainty.sobol(stances, "lumbar_compresion"), "variable = .*did you mean 'lumbar_compression'"),
        (lambda: bm.uncertainty.sobol(stances, "status", progress=1), "progress = 1: must be True, False or None"),
        (lambda: bm.findings.assess_hypotheses(progress="x"), "progress = 'x': must be True, False or None"),
        (lambda: bm.sweep(bm.load_model("small"), pelvic_tilt=0, progress=[]), "progress = .*: must be True, False or"),
        (lambda: bm.uncertainty.propagate(stances, samples=np.timedelta64(3)), "samples = .*: must be a whole number"),
    ):
        with pytest.raises(bm.StanceError, match=named):
            call()
