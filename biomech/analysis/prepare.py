"""``prepare``: one stance after another, for optimisers, without the cost of parsing and labelling.

Everything that does not depend on the numbers that vary is done once. A call writes these numbers into a row, works out
what the stance asks, and runs the kernel on arrays that stay.
"""

from __future__ import annotations

import copy
import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biomech._arguments import entries, is_masked, shown
from biomech._kernels.interface import BoundCall
from biomech.analysis.output.labels import labels_of
from biomech.analysis.output.variables import Output, choose_outputs, result_arrays, sweep_outputs
from biomech.errors import StanceError
from biomech.model.model import Model
from biomech.pipeline.objective import read_objective
from biomech.pipeline.pipeline_kernel import ResultArrays, solve_batch_simd
from biomech.pipeline.result_schema import blank, column_of, result_columns
from biomech.pipeline.solve_stances import StanceSolution, compile_batch, solve_stances
from biomech.pipeline.stance_batch import SharingObjective, StanceBatch, split_batches
from biomech.pipeline.status import OPTIMAL, UNREACHABLE
from biomech.policies.resolve import resolve_policies
from biomech.sharing import Criterion, Power
from biomech.stance.applicability import spelled
from biomech.stance.declarations import Parameter
from biomech.stance.generated.typed import FixedParameters
from biomech.stance.parameters import COLUMN, PARAMETERS, POLICY_DIMS, WITH_POLICY
from biomech.stance.parsing import parse_stance
from biomech.stance.stance import Stance
from biomech.statics.constraint_targets import evaluate_targets
from biomech.statics.posture import constraint_layout, has_coordinate

Array = NDArray[np.float64]

#: Postures in one go: as many as a sweep takes at a time.
_BLOCK = 4096
#: Workspaces that are kept for the next call: of how many postures at most, how many of a size, how many sizes.
_KEPT_POSTURES, _KEPT_EACH, _KEPT_SIZES = 256, 8, 16
_TILT, _TILT_CHANGE = COLUMN["pelvic_tilt"], COLUMN["tilt_change"]


def prepare(
    model: Model,
    vary: Iterable[str],
    variables: Iterable[str],
    *,
    criterion: Criterion = Power(2),
    weight: Mapping[str, float] | ArrayLike | None = None,
    strength: str = "isometric",
    tone: Mapping[str, float] | None = None,
    stiffness_margin: Mapping[str, float] | None = None,
    short_range_stiffness: float = 10.0,
    **fixed: Unpack[FixedParameters],
) -> PreparedSweep:
    """A function of some stance parameters, for optimisers and root finders: numbers in, numbers out.

    Parameters
    ----------
    model : Model
        The body.
    vary : iterable of str
        Stance parameters that the function takes, in this order; degrees and metres. A leg's parameter is that of
        both legs, or with ``_right`` or ``_left`` that of one. ``load_position_x``, ``_y`` and ``_z`` are the parts of
        a load's place; those that neither vary nor are fixed are 0.
    variables : iterable of str
        What it returns: variables of ``sweep``, and ``pelvic_tilt``. A label after a slash takes a part:
        ``"group_activation/quadriceps"``, ``"joint_contact_force/knee_r/y"``. ``status`` always comes along.
    criterion, weight, strength, tone, stiffness_margin, short_range_stiffness
        As in ``sweep``.
    **fixed : FixedParameters
        Stance parameters that stay, each one value, as in ``sweep``; ``pelvic_tilt`` must be among them or vary. An
        angle may follow a policy: it is then found at every call, which takes most of the call's time.

    Returns
    -------
    PreparedSweep
        Takes numbers or arrays, which broadcast, by position or by name, and returns a dict of arrays: see there.
        ``scipy.optimize.minimize(lambda x: float(ask(*x)["lumbar_compression"]), start, bounds=ask.bounds)``.

    Raises
    ------
    StanceError
        A parameter or variable is unknown, given twice, or out of range.

    Examples
    --------
    >>> import biomech as bm
    >>> squat = bm.prepare(
    ...     bm.load_model(), vary=["knee_flexion"], variables=["group_activation/quadriceps"], pelvic_tilt=0
    ... )
    >>> squat([0.0, 30.0])["group_activation/quadriceps"].round(3)
    array([0.   , 0.079])
    """
    objective = read_objective(model, criterion, weight, strength, tone, stiffness_margin, short_range_stiffness)
    # what is asked may be iterators, and is asked again where a copy is made
    vary, variables = _names("vary", vary), _names("variables", variables)
    options: dict[str, Any] = {
        "criterion": criterion,
        "weight": weight,
        "strength": strength,
        "tone": tone,
        "stiffness_margin": stiffness_margin,
        "short_range_stiffness": short_range_stiffness,
    }
    stay: Mapping[str, Any] = fixed
    varied = _read_varied(vary, stay)
    for name in ("threads", "progress"):
        if name in stay:
            raise StanceError(
                f"{name} = {stay[name]!r}: a prepared sweep runs in the thread that calls it, and shows nothing"
            )
    batch_targets = parse_stance({**_stand_ins(varied, stay), **stay}, options)
    for dim in batch_targets.dims:
        own = [
            name for name, value in stay.items() if dim in (name, POLICY_DIMS.get(name), *getattr(value, "dims", ()))
        ]
        name = own[0] if own else dim
        said = "has a dimension of its own" + ("" if name == dim else f", {dim!r}")
        raise StanceError(f"{name}: {said}; what is fixed must be a scalar")
    for name, (code, _) in WITH_POLICY.items():
        if (batch_targets.arrays[code] >= 0).any() and any(v.parameter == name for v in varied):
            raise StanceError(f"{name} = {stay[name]!r}: follows a policy, and is to vary too")
    # the caller's own may change
    again = partial(prepare, model, vary, variables, **copy.deepcopy({**options, **stay}))
    return PreparedSweep(model, objective, varied, _read_variables(model, variables), batch_targets.all(), again)


def _names(argument: str, given: Iterable[str]) -> list[str]:
    names = [given] if isinstance(given, str) else entries(argument, given, "names, at least one")
    if not names or not all(isinstance(name, str) for name in names):
        raise StanceError(f"{argument} = {shown(given)}: must be names, at least one")
    return names


@dataclass(frozen=True)
class _Varied:
    """A number that varies: its name, the parameter it belongs to, and its columns in ``Stance.matrix``."""

    name: str
    parameter: str
    columns: slice

    @property
    def about(self) -> Parameter:
        return PARAMETERS[self.parameter]

    @property
    def somewhere(self) -> float:
        """A value that is nothing special: no default, and in the middle of nothing."""
        return self.about.least + 0.318 * (self.about.most - self.about.least)


def _read_varied(names: list[str], fixed: Mapping[str, Any]) -> tuple[_Varied, ...]:
    known = _variable_numbers()
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise StanceError(f"vary: there is no number {name!r}{hint}; there are {', '.join(known)}")
        if name in fixed:
            raise StanceError(f"{name} = {fixed[name]!r}: is fixed, and is to vary too")
    taken: dict[int, str] = {}
    for name in names:
        for column in range(known[name].columns.start, known[name].columns.stop):
            if column in taken:
                raise StanceError(f"vary: {name!r} and {taken[column]!r} are the same number")
            taken[column] = name
    return tuple(known[name] for name in names)


def _stand_ins(varied: tuple[_Varied, ...], fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Values of what varies, so that what is fixed can be judged beside them."""
    parameters = dict.fromkeys(v.parameter for v in varied)
    for name in parameters:
        beside = PARAMETERS[name].beside
        if beside and beside not in fixed and beside not in parameters:
            raise StanceError(f"vary: {name!r} needs {spelled(beside)}, fixed or varying")
    values: dict[str, Any] = {}
    for name in parameters:
        about = PARAMETERS[name]
        value = 0.0 if about.default is None else about.default
        values[name] = (value,) * about.width if about.per == "axis" else value
    return {name: value for name, value in values.items() if name not in fixed}


def _variable_numbers() -> dict[str, _Varied]:
    known = {}
    for name, parameter in PARAMETERS.items():
        first = COLUMN[name]
        if parameter.per != "axis":
            known[name] = _Varied(name, name, slice(first, first + parameter.width))
        for k, part in enumerate(parameter.parts):
            known[f"{name}_{part}"] = _Varied(f"{name}_{part}", name, slice(first + k, first + k + 1))
    return known


@dataclass(frozen=True)
class _Output:
    """What is returned under a name: a quantity, or the tilt (None), and which part of it."""

    output: Output | None
    dims: tuple[str, ...]
    part: tuple[slice | int, ...]

    def of(self, solved: StanceSolution, tilt: Array) -> NDArray[Any]:
        """The output (posture, ...), its own."""
        if self.output is None:
            return np.array(tilt)
        return np.array(self.output.of(solved)[self.part])


def _read_variables(model: Model, names: list[str]) -> dict[str, _Output]:
    declared, labels = sweep_outputs(model), labels_of(model)
    outputs: dict[str, _Output] = {}
    for name in [*names, "status"]:
        variable, *inner = name.split("/")
        if variable == "pelvic_tilt":
            if inner:
                raise StanceError(f"variables: 'pelvic_tilt' has no dimensions, too few for {name!r}")
            outputs[name] = _Output(None, (), (slice(None),))
            continue
        output = next(q for n, q in choose_outputs(declared, [variable]).items() if n == variable)
        if len(inner) > len(output.dims):
            raise StanceError(f"variables: {variable!r} has the dimensions {output.dims}, too few for {name!r}")
        place: list[slice | int] = [slice(None)]
        for dim, label in zip(output.dims, inner, strict=False):
            if label not in labels[dim]:
                near = difflib.get_close_matches(label, labels[dim], n=1)
                hint = f" (did you mean {near[0]!r}?)" if near else ""
                raise StanceError(
                    f"variables: {variable!r} has no {dim} {label!r}{hint}; there are {', '.join(labels[dim])}"
                )
            place.append(labels[dim].index(label))
        outputs[name] = _Output(output, output.dims[len(inner) :], tuple(place))
    return outputs


class _CallError(StanceError, TypeError):
    """A call with other arguments than the function has: Python's own error, and one of the library."""


class PreparedSweep:
    """A function of some stance parameters; made by ``biomech.prepare``.

    Calls take numbers or arrays in the order of ``vary`` or by name, in degrees and metres. They return a dict: each
    variable by the name it was asked for, an array of the shape that the arguments broadcast to, then ``dims`` of its
    own; and ``status`` (0 = optimal, 1 = overloaded, 2 = uncertified, 3 = unreachable). Where a posture cannot be taken
    the numbers are NaN, and nothing is raised: an optimiser that goes there can be told so. An argument out of range
    raises ``StanceError``, and so does NaN. Threads may call it at the same time.

    Attributes
    ----------
    vary : tuple of str
        The arguments.
    bounds : tuple of (float, float)
        Range of each argument, as SciPy's optimisers take it.
    dims : dict of str to tuple of str
        Dimensions of every variable besides those of the arguments.
    labels : dict of str to list of str
        Labels of these dimensions.
    """

    def __init__(
        self,
        model: Model,
        objective: SharingObjective,
        varied: tuple[_Varied, ...],
        outputs: dict[str, _Output],
        fixed: Stance,
        again: Callable[[], PreparedSweep],
    ) -> None:
        self._again = again
        self._model, self._objective, self._varied, self._outputs = model, objective, varied, outputs
        self._fixed, self._row = fixed, fixed.matrix()[0]
        self._wanted = result_arrays(o.output for o in outputs.values() if o.output is not None)
        codes = [getattr(fixed, code)[0] for code, _ in WITH_POLICY.values()]
        # the short way knows the kernel's own parameters alone
        reaching = any(PARAMETERS[name].changes or PARAMETERS[name].targets for name in fixed.values)
        self._plain = objective.stiffness is None and all(code < 0 for code in codes) and not reaching
        self._part = self._find_part()
        self._lock = Lock()
        self._workspaces: dict[int, list[_Workspace]] = {}
        self.vary = tuple(v.name for v in varied)
        self.bounds = tuple((v.about.least, v.about.most) for v in varied)
        self.dims = {name: output.dims for name, output in outputs.items()}
        labels, used = labels_of(model), {dim for dims in self.dims.values() for dim in dims}
        self.labels = {dim: names for dim, names in labels.items() if dim in used}

    def __call__(self, *values: ArrayLike, **named: ArrayLike) -> dict[str, NDArray[Any]]:
        """The variables at some values of what varies.

        Raises
        ------
        StanceError
            A value is no number, or out of range.
        TypeError
            An argument is missing, unknown or given twice; it is a ``StanceError`` too.
        """
        columns, shape = self._read(self._ordered(values, named) if named or len(values) != len(self.vary) else values)
        count = math.prod(shape)
        if not count:
            nowhere = self._answer([least for least, _ in self.bounds], 1)
            found = {name: value[:0] for name, value in nowhere.items()}
        elif count <= _BLOCK:
            found = self._answer(columns, count)
        else:
            compiled = [np.broadcast_to(column, (count,)) for column in columns]
            blocks = [
                self._answer([c[i : i + _BLOCK] for c in compiled], min(_BLOCK, count - i))
                for i in range(0, count, _BLOCK)
            ]
            found = {name: np.concatenate([block[name] for block in blocks]) for name in self._outputs}
        return {name: value.reshape((*shape, *value.shape[1:])) for name, value in found.items()}

    def __reduce__(self) -> tuple[Callable[[], PreparedSweep], tuple[()]]:
        """Copies, and those in other processes, prepare again: workspaces hold addresses."""
        return self._again, ()

    def __repr__(self) -> str:
        return f"PreparedSweep(vary={list(self.vary)}, variables={list(self._outputs)})"

    def _ordered(self, values: tuple[ArrayLike, ...], named: dict[str, ArrayLike]) -> tuple[ArrayLike, ...]:
        given: dict[str, ArrayLike] = dict(zip(self.vary, values, strict=False))
        for name in named:
            if name not in self.vary or name in given:
                problem = "given twice" if name in given else "no argument"
                raise _CallError(f"{name}: is {problem}; arguments are {', '.join(self.vary)}")
        given |= named
        if len(given) < len(self.vary) or len(values) > len(self.vary):
            vector = len(values) == 1 and isinstance(values[0], list | tuple | np.ndarray)
            hint = "; to hand over a vector x, call it with *x" if vector else ""
            counts = f"takes {len(self.vary)} arguments ({', '.join(self.vary)}), not {len(values) + len(named)}"
            raise _CallError(counts + hint)
        return tuple(given[name] for name in self.vary)

    def _read(self, values: tuple[ArrayLike, ...]) -> tuple[list[Any], tuple[int, ...]]:
        """Checked numbers, each alone or flat over all postures, and the shape of the postures."""
        if all(isinstance(value, float) or type(value) is int for value in values):
            for value, varied in zip(values, self._varied, strict=True):
                if not varied.about.least <= value <= varied.about.most:  # type: ignore[operator]
                    raise _out_of_range(varied, value)
            return list(values), ()
        arrays = []
        for value, varied in zip(values, self._varied, strict=True):
            array = _plain_array(varied.name, value)
            good = (array >= varied.about.least) & (array <= varied.about.most)
            if not good.all():
                raise _out_of_range(varied, array[~good][0])
            arrays.append(array)
        try:
            shape = np.broadcast_shapes(*(array.shape for array in arrays))
        except ValueError:
            shapes = ", ".join(f"{name} {array.shape}" for name, array in zip(self.vary, arrays, strict=True))
            raise StanceError(f"arguments do not broadcast: {shapes}") from None
        return [np.broadcast_to(array, shape).ravel() if array.ndim else array.item() for array in arrays], shape

    def _find_part(self) -> StanceBatch:
        """Half the body where all stances are symmetric, else all of it."""
        numbers = self._row[None].copy()
        for varied in self._varied:
            numbers[:, varied.columns] = varied.somewhere
        sample = Stance.of_matrix(numbers, self._fixed)
        sample.apply_changes()
        part = next(split_batches(self._model, sample, self._objective))
        for varied in self._varied:
            needed = varied.about.coordinate
            if needed and not has_coordinate(part.compiled, needed):
                raise StanceError(f"vary: {varied.name!r} needs a coordinate {needed}; {self._model.name!r} has none")
        return part

    def _answer(self, columns: list[Any], count: int) -> dict[str, NDArray[Any]]:
        if not self._plain:
            return self._answer_with_policies(columns, count)
        if count > _KEPT_POSTURES:
            return _Workspace(self, count).solve_stances(columns)
        with self._lock:
            free = self._workspaces.setdefault(count, [])
            workspace = free.pop() if free else None
            while len(self._workspaces) > _KEPT_SIZES:
                self._workspaces.pop(next(iter(self._workspaces)))
        workspace = workspace or _Workspace(self, count)  # each thread has its own
        found = workspace.solve_stances(columns)
        if len(free) < _KEPT_EACH:
            free.append(workspace)
        return found

    def _answer_with_policies(self, columns: list[Any], count: int) -> dict[str, NDArray[Any]]:
        """The way of a sweep: angles are found first, or the load is shared with more rows."""
        numbers = np.tile(self._row, (count, 1))
        for varied, column in zip(self._varied, columns, strict=True):
            numbers[:, varied.columns] = np.reshape(column, (-1, 1))
        stance = Stance.of_matrix(numbers, self._fixed)
        stance.apply_changes()
        resolve_policies(self._model, stance, self._objective)
        solved = solve_stances(self._model, stance, self._objective, self._wanted | {"shortfall"})
        return {name: output.of(solved, stance.values["pelvic_tilt"]) for name, output in self._outputs.items()}


def _plain_array(name: str, value: ArrayLike) -> NDArray[Any]:
    """Numbers without labels and without gaps: neither would be heeded here."""
    if is_masked(value):
        raise StanceError(f"{name}: has masked entries; fill them or leave them out")
    if hasattr(value, "dims") or hasattr(value, "iloc"):
        raise StanceError(f"{name}: has labels, which a prepared sweep does not align; give its values, or use sweep")
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, OverflowError):
        raise StanceError(f"{name} = {shown(value)}: must be real numbers (floats or integers)") from None
    if array.dtype.kind not in "iuf":
        raise StanceError(f"{name} = {shown(value)}: must be real numbers (floats or integers)")
    return array


def _out_of_range(varied: _Varied, value: Any) -> StanceError:
    said = shown(value) if isinstance(value, int) else f"{value:g}"
    return StanceError(f"{varied.name} = {said}: allowed is {varied.about.range}")


class _Workspace:
    """Arrays for a number of postures, and the kernels' calls with them."""

    def __init__(self, prepared: PreparedSweep, count: int) -> None:
        model, part, objective = prepared._model, prepared._part, prepared._objective
        self._prepared = prepared
        self.numbers = np.tile(prepared._row, (count, 1))
        wanted = frozenset(prepared._wanted | {"certificate"}) - (
            frozenset() if objective.force_length else {"strength"}
        )
        self._writes = [(v.columns, i) for i, v in enumerate(prepared._varied)]
        self._loaded = any(v.about.carried for v in prepared._varied)
        stance = Stance.of_matrix(self.numbers, prepared._fixed)
        self._tables = compile_batch(model, part, stance, objective, wanted)
        self.inputs = inputs = self._tables[-1]
        columns = result_columns(model)
        self.results = ResultArrays(
            *(np.zeros((count, columns[n] if n in wanted else 0)) for n in ResultArrays._fields)
        )
        strength = self.results.strength if objective.force_length else model.compiled().muscle.max_force[None]
        self._answers, self._strength_varies = StanceSolution(model, self.results, strength), objective.force_length
        self._status = self.results.certificate[:, column_of("status")]
        self._index = np.arange(count, dtype=np.uint64)
        constraints = constraint_layout(model, part.compiled, part.support)
        aims = (inputs.batch_targets.vector, inputs.batch_targets.target, inputs.start, inputs.floor)
        self._aim: BoundCall = evaluate_targets.bind(
            constraints.targets, constraints.starts, inputs.bodies, self.numbers, *aims
        )
        self._go: BoundCall = solve_batch_simd.bind(*self._tables, self._index, False, self.results)

    def solve_stances(self, columns: list[Any]) -> dict[str, NDArray[Any]]:
        """The variables of the postures whose varied numbers these are."""
        prepared, numbers = self._prepared, self.numbers
        numbers[:, _TILT] = prepared._row[_TILT]
        for place, i in self._writes:
            column = columns[i]
            numbers[:, place] = column[:, None] if isinstance(column, np.ndarray) else column
        numbers[:, _TILT] += numbers[:, _TILT_CHANGE]
        self._surround()
        self._aim()
        if self.results.shortfall.size:
            self.results.shortfall[:] = 0.0  # written only where something is short
        self._go()
        solved = self._finished()
        return {name: output.of(solved, numbers[:, _TILT]) for name, output in prepared._outputs.items()}

    def _surround(self) -> None:
        """What acts besides muscles and the ground."""
        external, numbers = self.inputs.external, self.numbers
        external.laxity[:] = numbers[:, COLUMN["knee_laxity"] : COLUMN["knee_laxity"] + 2]
        external.friction[:, 0] = numbers[:, COLUMN["friction"]]
        if self._loaded:
            load = Stance.of_matrix(numbers, self._prepared._fixed).load(self._prepared._part.compiled)
            external.load[:] = load

    def _finished(self) -> StanceSolution:
        """The answers, once what is still open was solved with patience and what cannot be taken is NaN."""
        status = self._status
        if not status.any():
            # what answers have worked out of their strengths holds as long as these do, but not that of their forces
            vars(self._answers).pop("group_force", None)
            return replace(self._answers) if self._strength_varies else self._answers
        hard = self._index[(status != OPTIMAL) & (status != UNREACHABLE)]
        if hard.size:
            solve_batch_simd(*self._tables, hard, True, self.results)
        lost = status == UNREACHABLE
        if not lost.any():
            return replace(self._answers)
        results = ResultArrays(*(result.copy() for result in self.results))
        blank(results, lost)
        return StanceSolution(
            self._prepared._model, results, results.strength if self._strength_varies else self._answers.strength
        )
