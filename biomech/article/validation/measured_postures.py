"""Postures in which people were measured: means and SD of what is asked, and the stances that follow from them.

A posture may ask for any numeric stance parameter by its name, for one leg's with ``:right`` or ``:left`` behind it,
and for any choice (``support``, ``arms``) by its word. Beside these there are five inputs of its own, from which stance
parameters follow: see ``DERIVED``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from biomech._arguments import finite_array, instance, mapping, one_of, real_number, refusal, text
from biomech.errors import StanceError
from biomech.model.model import Model
from biomech.policies.rhythm import lumbar_flexion
from biomech.reference_data import read_rows
from biomech.stance.choices import ARMS, SUPPORTS
from biomech.stance.parameters import PARAMETERS
from biomech.stance.stance import Stance

Array = NDArray[np.float64]

#: Inputs that are no stance parameters, and what they are.
DERIVED = {
    "thorax": "turn of the thorax in space (deg)",
    "lumbar_flexion": "flexion of the lumbar spine from habitual stance (deg)",
    "rhythm": "factor on the lumbar spine's share of the thorax's turn, in the place of lumbar_flexion",
    "load_forward": "how far in front of L5/S1 the load is (m)",
    "factor": "factor on every predicted force: inertia, and what others bear",
}
_CHOICES: dict[str, Iterable[str]] = {"support": SUPPORTS, "arms": ARMS}
_SIDES = {"right": 0, "left": 1}
_INPUTS, _WORDS = "inputs to (mean, SD)", "choices to a word"


@dataclass(frozen=True)
class MeasuredPosture:
    """A posture in which people were measured.

    Parameters
    ----------
    name : str
        Its name.
    inputs : mapping of str to (float, float)
        Mean and SD of each stance parameter, or of one of ``DERIVED``.
    words : mapping of str to str
        ``support`` and ``arms``, where they are not the default.

    Examples
    --------
    >>> import biomech as bm
    >>> from biomech.article.validation import MeasuredPosture, stance_of
    >>> stoop = MeasuredPosture("stoop", {"thorax": (50.0, 5.0), "rhythm": (1.0, 0.1), "slope": (2.0, 0.0)})
    >>> sorted(stance_of(stoop, bm.load_model()))
    ['pelvic_tilt', 'slope', 'trunk_lean']
    """

    name: str
    inputs: Mapping[str, tuple[float, float]]
    words: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        text("name", self.name)
        for name, pair in mapping("inputs", self.inputs, _INPUTS).items():
            numbers = finite_array(f"inputs[{name!r}]", pair)
            if numbers.shape != (2,) or numbers[1] < 0.0:
                raise refusal(f"inputs[{name!r}]", pair, "(mean, SD), the SD at least 0")
            _check_input(name)
        for name, word in mapping("words", self.words, _WORDS).items():
            one_of(f"words[{name!r}]", word, _CHOICES[one_of("words", name, _CHOICES)])
        if "thorax" in self.inputs and not {"lumbar_flexion", "rhythm"} & set(self.inputs):
            raise StanceError("inputs: has 'thorax' alone; needs 'lumbar_flexion' or 'rhythm' beside it")
        if "load_forward" in self.inputs and not {"thorax", "load_mass"} <= set(self.inputs):
            raise StanceError("inputs: has 'load_forward' alone; needs 'thorax' and 'load_mass' beside it")

    def mean(self, name: str, default: float = 0.0) -> float:
        """Mean of an input; ``default`` where it is none."""
        return self.inputs.get(text("name", name), (real_number("default", default), 0.0))[0]

    @property
    def drawn(self) -> tuple[str, ...]:
        """Inputs with an SD, in their order."""
        return tuple(name for name, (_, sd) in self.inputs.items() if sd > 0.0)


def _check_input(name: str) -> None:
    base, _, side = name.partition(":")
    one_of("inputs", base, (*DERIVED, *PARAMETERS))
    if base in PARAMETERS and PARAMETERS[base].per == "axis":
        raise StanceError(f"inputs: has {name!r}, a place; it must be a number")
    if side and (side not in _SIDES or base in DERIVED or not PARAMETERS[base].per_leg):
        raise StanceError(f"inputs: has {name!r}; ':right' and ':left' stand behind a leg's parameter alone")


@cache
def postures() -> dict[str, MeasuredPosture]:
    """The postures of ``reference_data/postures.csv`` by name."""
    inputs: dict[str, dict[str, tuple[float, float]]] = {}
    words: dict[str, dict[str, str]] = {}
    for row in read_rows("postures"):
        own, said = inputs.setdefault(row["posture"], {}), words.setdefault(row["posture"], {})
        if row["parameter"] in _CHOICES:
            said[row["parameter"]] = row["mean"]
        else:
            own[row["parameter"]] = (float(row["mean"]), float(row["sd"]))
    return {name: MeasuredPosture(name, own, words[name]) for name, own in inputs.items()}


def stance_of(posture: MeasuredPosture, model: Model) -> dict[str, Any]:
    """Arguments of ``sweep`` for a posture at its means; the tilt by two policies where nothing is said of it."""
    instance("posture", posture, MeasuredPosture, "a Posture")
    instance("model", model, Model, "a Model")
    means = {name: np.array([mean]) for name, (mean, _) in posture.inputs.items()}
    stance: dict[str, Any] = {"pelvic_tilt": [0, "least_effort"], **posture.words}
    for name, values in _stance_values(means, model).items():
        stance[name] = _argument(name, values[0])
    return stance


def _argument(name: str, value: Any) -> Any:
    """A value as ``sweep`` takes it: one number, a place, or one for each leg."""
    import xarray as xr

    if PARAMETERS[name].per_leg:
        return float(value[0]) if value[0] == value[1] else xr.DataArray(value, dims="side")
    return tuple(map(float, value)) if PARAMETERS[name].per else float(value)


def _stance_values(inputs: Mapping[str, Array], model: Model) -> dict[str, Array]:
    """Stance parameters within their ranges, (sample, ...) each, from the inputs of a posture, (sample,) each."""
    found: dict[str, Array] = {}
    for name in sorted(inputs, key=lambda name: ":" in name):  # one leg's own after both legs'
        base, _, side = name.partition(":")
        if base in DERIVED:
            continue
        if not PARAMETERS[base].per_leg:
            found[base] = inputs[name]
            continue
        both = found.setdefault(base, np.full((len(inputs[name]), 2), PARAMETERS[base].default or 0.0))
        for k in [_SIDES[side]] if side else [0, 1]:
            both[:, k] = inputs[name]
    if "thorax" in inputs:
        found["trunk_lean"], found["pelvic_tilt"] = _trunk(inputs, model)
    if "load_forward" in inputs:
        forward = _load_place(inputs["load_forward"], inputs["load_mass"], found["trunk_lean"], model)
        found["load_position"] = np.stack([forward, 0.0 * forward, 0.0 * forward], axis=-1)
    return {name: np.clip(values, PARAMETERS[name].least, PARAMETERS[name].most) for name, values in found.items()}


def _trunk(inputs: Mapping[str, Array], model: Model) -> tuple[Array, Array]:
    """Lean and tilt from the turn of the thorax and the flexion of the lumbar spine, given or by rhythm."""
    thorax = inputs["thorax"]
    flexion = inputs["lumbar_flexion"] if "lumbar_flexion" in inputs else lumbar_flexion(thorax, inputs["rhythm"])
    return thorax - (1.0 - model.value("settings/lumbar_line_share")) * flexion, thorax - flexion


def _load_place(forward: Array, mass: Array, lean: Array, model: Model) -> Array:
    """Place of the load along the trunk's x axis that puts it, with half of the arms, ``forward`` of L5/S1 in space."""
    turn = np.radians(lean)
    shoulder = np.cos(turn) * model.value("settings/shoulder_x") + np.sin(turn) * model.value("settings/shoulder_y")
    reached = forward + 0.5 * model.value("settings/arms_mass") / mass * (forward - shoulder)
    return np.asarray(reached / np.cos(turn))


def draw_inputs(posture: MeasuredPosture, points: Array) -> dict[str, Array]:
    """Inputs of a posture, (sample,) each, at points (sample, drawn input) of the unit cube."""
    place = {name: k for k, name in enumerate(posture.drawn)}
    found = {}
    for name, (mean, sd) in posture.inputs.items():
        share = np.clip(points[:, place[name]], 0.001, 0.999) if name in place else np.full(len(points), 0.5)
        found[name] = stats.norm.ppf(share) * sd + mean
    return found


def adjuster(drawn: Mapping[str, Array], model: Model) -> Callable[[Stance, NDArray[np.int64]], None]:
    """Puts the posture of every draw into its stances."""
    values = _stance_values(drawn, model)

    def adjust(stance: Stance, draw: NDArray[np.int64]) -> None:
        for name, own in values.items():
            target, each = stance.values[name], own[draw]
            target[:] = each if each.ndim == target.ndim else each[:, None]  # both legs take the same

    return adjust
