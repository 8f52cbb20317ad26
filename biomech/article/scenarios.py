"""The situations of the article, by name: what it says of each, the stance that it means and what to compare it with.

A scenario is a set of arguments of ``sweep``, no more. Numbers that the article does not give are choices; ``run``
takes others. Where the pelvic tilt is the question, in standing, the answer is given for several policies side by side;
where a lean is shared between hip and spine the tilt follows by ``rhythm``; on a seat it is a measured one. Walking is
two instants of slow walking, held still: what that leaves out is in docs/results/situations.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from biomech._arguments import instance, mapping, one_of, refusal, shown, text, whole_number
from biomech._display import About, Catalog, Displayed
from biomech.analysis.sweep import sweep
from biomech.article.plain_words import plain_group
from biomech.errors import StanceError
from biomech.model.catalog import load_model
from biomech.model.model import Model
from biomech.stance.parsing import parse_stance

if TYPE_CHECKING:
    import xarray as xr

#: Groups that one can feel from outside, in plain words.
_FELT = (
    "lumbar_extensors", "gluteus_maximus", "gluteus_medius", "quadriceps", "hamstrings", "plantarflexors", "abdominals",
)  # fmt: skip
PALPABLE = MappingProxyType(
    {name: plain_group(name) for name in _FELT} | {"lumbar_extensors": "lower back, beside the spine"}
)


@dataclass(frozen=True)
class Scenario(Displayed):
    """A situation: its meaning in the article, arguments of ``sweep``, and the scenario it is compared with."""

    meaning: str
    stance: Mapping[str, Any]
    contrast: str

    def _about(self) -> About:
        asked = [(name, shown(value)) for name, value in self.stance.items()]
        facts = {"means": self.meaning, "is compared with": self.contrast, **dict(asked)}
        return About("Scenario", self.meaning, facts)


class _Legs(NamedTuple):
    """What a stance asks of each leg."""

    right: float
    left: float


class _LegByLeg(Mapping[str, Any]):
    """Arguments of ``sweep``, where what differs between the legs is a DataArray once it is read.

    Whoever only imports the package need not wait for xarray.
    """

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._asked = dict(asked)

    def __getitem__(self, name: str) -> Any:
        value = self._asked[name]
        if not isinstance(value, _Legs):
            return value
        import xarray as xr

        return xr.DataArray(list(value), coords={"side": list(_Legs._fields)}, dims="side")

    def __iter__(self) -> Iterator[str]:
        return iter(self._asked)

    def __len__(self) -> int:
        return len(self._asked)

    def __repr__(self) -> str:
        return repr(self._asked)


#: How the pelvis of somebody who stands may be held: level, at least effort, hanging in the hips.
_STANDING = [0, "least_effort", "hanging"]
#: Endo et al. 2012, 2018: pelvic tilt of people who sit upright, -19 +- 8 deg.
_SEATED = -19.0
#: And slumped, -26 deg with 39 deg of lumbar flexion: a lean of -26 + .81 x 39 deg; the tilt is allowed to -25.
_SLUMPED, _SLUMPED_LEAN = -25.0, 6.0
#: Hanging hands hold a load under the shoulder, so its weight acts at the shoulder (torso frame; as in ``settings``).
_IN_HANGING_HANDS = (0.003, 0.3715, 0.0)
#: Factors on the lumbar share of a lean: sitting to standing 1 : 3 with the hip; stairs .3; squat .70 (von Arx 2021).
_RISING, _CLIMBING, _SQUATTING = 0.38, 0.42, 0.70
#: A knee of slow walking, deg (Schwartz et al. 2008, very slow): at mid-stance 7 +- 8, in the leg ahead 8 +- 7. Soft is
#: the mean and a standard deviation; straight is within one of it; hyperextended, 1.6 below it, is nobody's mean.
_SOFT, _STRAIGHT, _HYPEREXTENDED = 15.0, 3.0, -5.0
#: Laxity of those whose knees hyperextend, as in standing (12 deg; a usual knee has 5).
_LAX = {"knee_laxity": 12.0}
#: Schwartz, Rozumalski & Trost 2008 (J Biomech 41:1639, with its supplement; 77 healthy children at a speed that is .5
#: m/s for an adult), at 30 % of the cycle: free knee 42, toe-out 6, the free side .5 deg *higher*, trunk 1 deg over the
#: standing leg; pressure 50 mm ahead of the ankle, for an adult's foot 60 (ankle moment over force). Lean of the trunk
#: 2 to 5 deg in walking (Perry, from memory; low).
_MID_STANCE: dict[str, Any] = {
    "support": "right", "foot_rotation": 6.0, "pelvic_list": -0.5, "trunk_side_lean": 1.0, "trunk_lean": 3.0,
    "weight_shift": 0.44,
}  # fmt: skip
_FREE_KNEE = 42.0
#: The same at 8 and 58 %: step .172 sqrt(g l) fast, .46 m for a leg of .90 m; knee behind 15; side behind 2 deg lower;
#: .49 of the weight on the leg ahead; pressure there 4 mm behind the ankle. Width between the feet 4 to 14 cm (Zeno).
_DOUBLE_SUPPORT: dict[str, Any] = {
    "support": "stride", "foot_rotation": 6.0, "pelvic_list": 2.0, "trunk_lean": 3.0, "step_length": 0.46,
    "stance_width": 0.10, "weight_balance": 0.49, "weight_shift": 0.18,
}  # fmt: skip
_KNEE_BEHIND = 15.0
#: One hip is bent and the other stretched: their moments do not add up to a way of hanging.
_STRIDING = [0, "least_effort"]


def _standing(**stance: Any) -> dict[str, Any]:
    return {"pelvic_tilt": _STANDING, **stance}


def _sitting(**stance: Any) -> dict[str, Any]:
    return {"support": "seat", "arms": "thighs", "knee_flexion": 90.0, "pelvic_tilt": _SEATED, **stance}


def _leaning(lumbar_rhythm: float = 1.0, **stance: Any) -> dict[str, Any]:
    return {"pelvic_tilt": "rhythm", "lumbar_rhythm": lumbar_rhythm, **stance}


def _walking_on_one_leg(knee: float, **stance: Any) -> Mapping[str, Any]:
    knees = _Legs(knee, _FREE_KNEE)
    return _LegByLeg({"pelvic_tilt": _STANDING, "knee_flexion": knees, **_MID_STANCE, **stance})


def _walking_on_both(knee: float, **stance: Any) -> Mapping[str, Any]:
    knees = _Legs(knee, _KNEE_BEHIND)
    return _LegByLeg({"pelvic_tilt": _STRIDING, "knee_flexion": knees, **_DOUBLE_SUPPORT, **stance})


_LIFTED: dict[str, Any] = {"load_mass": 10.0, "load_position": _IN_HANGING_HANDS}

_SCENARIOS: dict[str, Scenario] = {
    "parallel_standing": Scenario(
        "Feet that point forward let glutes and lower back rest.", _standing(), "turned_out_standing"
    ),
    "turned_out_standing": Scenario(
        "Feet that point away from each other keep outer hip and buttock tense and make the lower back work.",
        _standing(foot_rotation=45.0),
        "parallel_standing",
    ),
    "parallel_sitting": Scenario(
        "Sitting with the feet parallel the lower back has less to do.", _sitting(), "turned_out_sitting"
    ),
    "turned_out_sitting": Scenario(
        "Sitting with the feet turned out the outer hip stays tense and the lower back works.",
        _sitting(foot_rotation=35.0, stance_width=0.3),
        "parallel_sitting",
    ),
    "slumped_sitting": Scenario(
        "Sitting slumped, the pelvis rolled back.",
        _sitting(pelvic_tilt=_SLUMPED, trunk_lean=_SLUMPED_LEAN),
        "parallel_sitting",
    ),
    "hyperextended_on_heels": Scenario(
        "Knees pressed back and weight in the heels: the pelvis tips, the back arches, the thighs do nothing.",
        _standing(knee_flexion=-8.0, knee_laxity=12.0, weight_shift=0.22),
        "soft_knees_mid_foot",
    ),
    "soft_knees_mid_foot": Scenario(
        "Softened knees wake the thighs and let the lower back go.",
        _standing(knee_flexion=12.0),
        "hyperextended_on_heels",
    ),
    "soft_knees_forward": Scenario(
        "Softened knees with the weight further forward, heels down.",
        _standing(knee_flexion=12.0, weight_shift=0.55),
        "hyperextended_on_heels",
    ),
    "sit_to_stand": Scenario(
        "Rising from a chair should be work for glutes and thighs: the moment the seat is left.",
        _leaning(_RISING, knee_flexion=88.0, trunk_lean=44.0),
        "parallel_sitting",
    ),
    "stair_ascent": Scenario(
        "Climbing a stair should be work for glutes and thighs: all weight on the upper leg.",
        _leaning(_CLIMBING, knee_flexion=55.0, trunk_lean=12.0, support="right"),
        "parallel_standing",
    ),
    "uphill": Scenario(
        "Walking uphill, standing with both feet on the slope.",
        _leaning(slope=10.0, trunk_lean=8.0, knee_flexion=15.0),
        "downhill",
    ),
    "downhill": Scenario(
        "Walking downhill, standing with both feet on the slope.",
        _standing(slope=-10.0, knee_flexion=15.0),
        "uphill",
    ),
    "lean": Scenario(
        "Leaning over a table or a sink.", _leaning(trunk_lean=30.0, knee_flexion=5.0), "parallel_standing"
    ),
    "stoop": Scenario(
        "Picking something up with straight legs hangs it on the lower back.",
        _leaning(trunk_lean=75.0, knee_flexion=10.0, **_LIFTED),
        "squat",
    ),
    "squat": Scenario(
        "Squatting down to pick something up is work for glutes and thighs.",
        _leaning(_SQUATTING, trunk_lean=40.0, knee_flexion=100.0, **_LIFTED),
        "stoop",
    ),
    "walking_mid_stance_soft": Scenario(
        "Walking slowly with soft knees: on one leg, the other passing it, thigh and buttock carry.",
        _walking_on_one_leg(_SOFT),
        "walking_mid_stance_hyperextended",
    ),
    "walking_mid_stance_straight": Scenario(
        "Walking slowly on a leg that is all but straight as the other passes it.",
        _walking_on_one_leg(_STRAIGHT),
        "walking_mid_stance_soft",
    ),
    "walking_mid_stance_hyperextended": Scenario(
        "Walking with the knee pressed back as the other leg passes it: back and calf tight, the thigh idle.",
        _walking_on_one_leg(_HYPEREXTENDED, **_LAX),
        "walking_mid_stance_soft",
    ),
    "walking_double_support_soft": Scenario(
        "Walking slowly with soft knees: the weight passes from the leg behind to a bent leg ahead.",
        _walking_on_both(_SOFT),
        "walking_double_support_hyperextended",
    ),
    "walking_double_support_straight": Scenario(
        "Walking slowly, the weight passing to a leg ahead that is all but straight.",
        _walking_on_both(_STRAIGHT),
        "walking_double_support_soft",
    ),
    "walking_double_support_hyperextended": Scenario(
        "Walking, the weight passing to a leg ahead whose knee is pressed back.",
        _walking_on_both(_HYPEREXTENDED, **_LAX),
        "walking_double_support_soft",
    ),
}
#: Every scenario by name; ``register_scenario`` adds to them.
SCENARIOS: Mapping[str, Scenario] = Catalog("scenarios", _SCENARIOS, attrgetter("meaning"))


#: Slow movements: stance parameters at the beginning and the end of the path, and what is held.
PATHS: Mapping[str, tuple[Mapping[str, tuple[float, float]], Mapping[str, Any]]] = MappingProxyType(
    {
        "sit_to_stand": ({"knee_flexion": (88.0, 3.0), "trunk_lean": (44.0, 0.0)}, _leaning(_RISING)),
        "stair_ascent": (
            {"knee_flexion": (55.0, 5.0), "trunk_lean": (12.0, 0.0)},
            _leaning(_CLIMBING, support="right"),
        ),
        "squat": ({"knee_flexion": (3.0, 100.0), "trunk_lean": (0.0, 40.0)}, _leaning(_SQUATTING)),
        "stoop": ({"knee_flexion": (3.0, 10.0), "trunk_lean": (0.0, 75.0)}, _leaning()),
    }
)


def scenario(name: str) -> Scenario:
    """The scenario of a name.

    Raises
    ------
    StanceError
        There is none; the message names those that there are.
    """
    return SCENARIOS[one_of("name", name, SCENARIOS)]


def register_scenario(name: str, new: Scenario) -> None:
    """Add a situation of one's own, until Python ends.

    Parameters
    ----------
    name : str
        How it is called; no other scenario may bear the name.
    new : Scenario
        Its meaning, the arguments of ``sweep`` and the scenario that it is compared with, which may be itself.

    Raises
    ------
    StanceError
        The name is taken or no word, the contrast is not known, or ``sweep`` would refuse the stance.

    Examples
    --------
    >>> import biomech as bm
    >>> stance = {"pelvic_tilt": 0, "knee_flexion": 15, "load_mass": 20, "load_position": (-0.15, 0.3, 0)}
    >>> knapsack = bm.scenarios.Scenario("A heavy knapsack.", stance, "parallel_standing")
    >>> bm.scenarios.register_scenario("knapsack", knapsack)
    >>> bm.scenarios.run("knapsack").attrs["contrast"]
    'parallel_standing'
    """
    name = text("name", name)
    if not name.isidentifier() or name in SCENARIOS:
        raise refusal("name", name, f"a word that no scenario bears; there are {', '.join(SCENARIOS)}", StanceError)
    instance("new", new, Scenario, "a Scenario")
    text("new: meaning", new.meaning)
    one_of("new: contrast", new.contrast, [*SCENARIOS, name])
    try:
        parse_stance(mapping("new: stance", new.stance, "arguments of sweep to values"))
    except StanceError as error:
        raise StanceError(f"new: stance: {error}") from None
    _SCENARIOS[name] = new


def _body(model: object) -> Model:
    """The body that was given, or the built-in adult."""
    return load_model() if model is None else instance("model", model, Model, "a Model, or None")


def run(name: str, model: Model | None = None, **changes: Any) -> xr.Dataset:
    """Sweep a scenario.

    Parameters
    ----------
    name : str
        A key of ``SCENARIOS``.
    model : Model, optional
        The body; the built-in adult.
    **changes
        Arguments of ``sweep`` that differ from the scenario's.

    Returns
    -------
    Dataset
        What ``sweep`` returns, with the scenario's name and meaning among its attributes.

    Raises
    ------
    StanceError
        There is no such scenario, or a change makes no sense.

    Examples
    --------
    >>> import biomech as bm
    >>> ds = bm.scenarios.run("squat")
    >>> int(ds.status)
    0
    """
    chosen = scenario(name)
    ds = sweep(_body(model), **{**chosen.stance, **changes})
    return ds.assign_attrs(scenario=name, meaning=chosen.meaning, contrast=chosen.contrast)


def path(name: str, model: Model | None = None, steps: int = 51, **changes: Any) -> xr.Dataset:
    """A slow movement as a sequence of postures.

    Parameters
    ----------
    name : str
        A key of ``PATHS``: rising from where the seat is left, climbing a stair, squatting or stooping down.
    model : Model, optional
        The body; the built-in adult.
    steps : int
        Number of postures, at least 2.
    **changes
        Arguments of ``sweep`` that differ; one that the path moves is held instead.

    Returns
    -------
    Dataset
        What ``sweep`` returns over the dimension ``path``, 0 at the beginning and 1 at the end. Every angle runs evenly
        between its two values. Outputs are continuous but where a conditional path point switches on or off.

    Raises
    ------
    StanceError
        There is no such path, or a change makes no sense.

    Examples
    --------
    >>> import biomech as bm
    >>> ds = bm.scenarios.path("stoop", steps=5)
    >>> ds.trunk_lean.values
    array([ 0.  , 18.75, 37.5 , 56.25, 75.  ])
    """
    import numpy as np
    import xarray as xr

    ends, held = PATHS[one_of("name", name, PATHS)]
    steps = whole_number("steps", steps, 2, 2**24)
    along = xr.DataArray(np.linspace(0.0, 1.0, steps), dims="path")
    along = along.assign_coords(path=along.values)
    moved = {key: first + (last - first) * along for key, (first, last) in ends.items()}
    ds = sweep(_body(model), **{**moved, **held, **changes})
    return ds.assign_attrs(scenario=name)


def feel(name: str, model: Model | None = None, **changes: Any) -> xr.Dataset:
    """What one would feel under one's hands: tone of the groups that can be palpated, and against the contrast.

    Tone here is what equilibrium asks for. Habit, reflexes and tension are not in it: a hand may feel more.

    Parameters
    ----------
    name, model, **changes
        As in ``run``; the changes apply to both scenarios.

    Returns
    -------
    Dataset
        ``tone`` and ``change`` (..., group) in percent of the group's strength; ``change`` is tone less that of the
        contrast, under the same policy of tilt where both have it. ``place`` says where each group is felt.

    Examples
    --------
    >>> import biomech as bm
    >>> felt = bm.scenarios.feel("soft_knees_mid_foot", pelvic_tilt=0)
    >>> bool(felt.change.sel(group="quadriceps") > 0)
    True
    """
    import xarray as xr

    here, there = (run(which, model, **changes) for which in (name, scenario(name).contrast))
    groups = [group for group in PALPABLE if group in here.group.values]
    tones = [100.0 * ds.group_activation.sel(group=groups).where(ds.status == 0) for ds in (here, there)]
    change = (tones[0] - tones[1]).drop_vars([c for c in ("scenario",) if c in tones[0].coords])
    about = {"units": "percent", "long_name": "sum of force over sum of strength of the group"}
    felt = xr.Dataset({"tone": tones[0].assign_attrs(about), "change": change.assign_attrs(about)})
    felt = felt.assign_coords(place=("group", [PALPABLE[group] for group in groups]))
    return felt.assign_attrs(scenario=name, contrast=scenario(name).contrast)
