"""What lanes are made of: a type of Numba's with its operators, an LLVM vector, after Numba's guide to extending it.

Importing this module gives the names of ``biomech._simd.number`` and ``functions`` their meaning in kernels.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.core.extending import lower_builtin, lower_cast, models, overload, register_model
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, make_intrinsic_template, signature

from biomech._kernels.interpreter.lanes import BRANCHING
from biomech._simd import functions, number
from biomech._simd.number import LANES

_DOUBLE = ir.DoubleType()
_VECTOR = ir.VectorType(_DOUBLE, LANES)
_BITS = ir.VectorType(ir.IntType(1), LANES)
_WHOLE = ir.VectorType(ir.IntType(64), LANES)


def _instructions(function: Callable[..., Any]) -> Callable[..., Any]:
    """LLVM instructions for the function of that name in ``biomech._simd.number``; the latter is returned."""
    named = getattr(number, function.__name__)
    infer_global(named, types.Function(make_intrinsic_template(named, function, function.__name__)))
    return named


class _LanesType(types.Type):
    """``LANES`` floats; a plain number becomes lanes that are all equal to it."""

    def __init__(self) -> None:
        super().__init__(name=f"Lanes{LANES}")

    def can_convert_from(self, typingctx: Any, other: types.Type) -> Conversion | None:
        return Conversion.safe if isinstance(other, types.Number) else None

    def unify(self, typingctx: Any, other: types.Type) -> types.Type | None:
        return self if isinstance(other, types.Number) else None


class _MaskType(types.Type):
    """``LANES`` truth values; a plain one becomes a mask that is the same everywhere."""

    def __init__(self) -> None:
        super().__init__(name=f"Mask{LANES}")

    def can_convert_from(self, typingctx: Any, other: types.Type) -> Conversion | None:
        return Conversion.safe if isinstance(other, types.Boolean) else None

    def unify(self, typingctx: Any, other: types.Type) -> types.Type | None:
        return self if isinstance(other, types.Boolean) else None


lanes = _LanesType()
mask = _MaskType()


@register_model(_LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: types.Type) -> None:
        super().__init__(dmm, fe_type, _VECTOR)


@register_model(_MaskType)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: types.Type) -> None:
        super().__init__(dmm, fe_type, _BITS)


def _splat(builder: ir.IRBuilder, value: ir.Value, vector: ir.VectorType) -> ir.Value:
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    spread = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), spread)


@lower_cast(types.Number, _LanesType)
def _number_to_lanes(context: Any, builder: Any, source: types.Type, target: types.Type, value: ir.Value) -> ir.Value:
    return _splat(builder, context.cast(builder, value, source, types.float64), _VECTOR)


@lower_cast(types.Boolean, _MaskType)
def _boolean_to_mask(context: Any, builder: Any, source: types.Type, target: types.Type, value: ir.Value) -> ir.Value:
    return _splat(builder, builder.trunc(value, ir.IntType(1)) if value.type.width > 1 else value, _BITS)


def _is_number(kind: types.Type) -> bool:
    return kind is lanes or isinstance(kind, types.Number)


def _is_truth(kind: types.Type) -> bool:
    return kind is mask or isinstance(kind, types.Boolean)


def _operator(function: Any, argument: types.Type, result: types.Type, count: int, lower: Any) -> None:
    """Let an operator or built-in function also take lanes, or masks."""
    fits = _is_number if argument is lanes else _is_truth

    class Template(AbstractTemplate):
        key = function

        def generic(self, args: tuple[types.Type, ...], kws: Any) -> Any:
            if len(args) == count and any(a is argument for a in args) and all(map(fits, args)):
                return signature(result, *[argument] * count)
            return None

    infer_global(function)(Template)
    lower_builtin(function, *[argument] * count)(
        lambda context, builder, sig, args: lower(builder, *args)  # numba asks for this shape
    )


def _comparison(sign: str) -> Any:
    return lambda builder, a, b: builder.fcmp_ordered(sign, a, b)


def _llvm(name: str, count: int) -> Any:
    """An LLVM intrinsic, on vectors."""

    def call(builder: ir.IRBuilder, *args: ir.Value) -> ir.Value:
        function_type = ir.FunctionType(_VECTOR, [_VECTOR] * count)
        function = cgutils.get_or_insert_function(builder.module, function_type, f"{name}.v{LANES}f64")
        return builder.call(function, args)

    return call


def _smaller(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    return builder.select(builder.fcmp_ordered("<", a, b), a, b)


def _larger(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


for _function, _count, _lower in (
    (operator.add, 2, lambda builder, a, b: builder.fadd(a, b)),
    (operator.iadd, 2, lambda builder, a, b: builder.fadd(a, b)),
    (operator.sub, 2, lambda builder, a, b: builder.fsub(a, b)),
    (operator.isub, 2, lambda builder, a, b: builder.fsub(a, b)),
    (operator.mul, 2, lambda builder, a, b: builder.fmul(a, b)),
    (operator.imul, 2, lambda builder, a, b: builder.fmul(a, b)),
    (operator.truediv, 2, lambda builder, a, b: builder.fdiv(a, b)),
    (operator.itruediv, 2, lambda builder, a, b: builder.fdiv(a, b)),
    (operator.neg, 1, lambda builder, a: builder.fneg(a)),
    (min, 2, _smaller),
    (max, 2, _larger),
    (abs, 1, _llvm("llvm.fabs", 1)),
    (math.sqrt, 1, _llvm("llvm.sqrt", 1)),
    (math.floor, 1, _llvm("llvm.floor", 1)),
    (math.copysign, 2, _llvm("llvm.copysign", 2)),
):
    _operator(_function, lanes, lanes, _count, _lower)
for _function, _sign in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
):
    _operator(_function, lanes, mask, 2, _comparison(_sign))
_operator(operator.ne, lanes, mask, 2, lambda builder, a, b: builder.fcmp_unordered("!=", a, b))
_operator(operator.and_, mask, mask, 2, lambda builder, a, b: builder.and_(a, b))
_operator(operator.or_, mask, mask, 2, lambda builder, a, b: builder.or_(a, b))
_operator(operator.invert, mask, mask, 1, lambda builder, a: builder.not_(a))


def _refuse_to_branch(function: Any) -> None:
    """Let what Numba asks where a kernel branches say what is wrong with that."""

    class Template(AbstractTemplate):
        key = function

        def generic(self, args: tuple[types.Type, ...], kws: Any) -> Any:
            if any(a is lanes or a is mask for a in args):
                raise TypingError(BRANCHING)
            return None

    infer_global(function)(Template)


_refuse_to_branch(bool)
_refuse_to_branch(operator.not_)


@_instructions
def select(typingctx, condition, yes, no):  # type: ignore[no-untyped-def]
    """``yes`` where the condition holds, else ``no``: a branch that also works on lanes."""
    kind = lanes if any(k is lanes for k in (yes, no)) or condition is mask else types.float64
    if condition is mask and (_is_truth(yes) or _is_truth(no)):
        kind = mask
    given = mask if kind is not types.float64 else types.boolean

    def lower(context, builder, sig, args):  # type: ignore[no-untyped-def]
        if given is mask and condition is not mask:
            return builder.select(_as_bit(builder, args[0]), args[1], args[2])
        chosen = args[0] if given is mask else _as_bit(builder, args[0])
        return builder.select(chosen, args[1], args[2])

    return signature(kind, condition, kind, kind), lower


def _as_bit(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    return builder.trunc(value, ir.IntType(1)) if value.type.width > 1 else value


@_instructions
def insert(typingctx, number, lane, value):  # type: ignore[no-untyped-def]
    """``number`` with another value in one lane; a float is its only lane."""
    if number is not lanes:
        return types.float64(number, lane, types.float64), lambda context, builder, sig, args: args[2]

    def lower(context, builder, sig, args):  # type: ignore[no-untyped-def]
        return builder.insert_element(args[0], args[2], args[1])

    return lanes(lanes, types.int64, types.float64), lower


@_instructions
def extract(typingctx, number, lane):  # type: ignore[no-untyped-def]
    """The value in one lane."""
    if number is not lanes:
        return types.float64(number, lane), lambda context, builder, sig, args: args[0]

    def lower(context, builder, sig, args):  # type: ignore[no-untyped-def]
        return builder.extract_element(args[0], args[1])

    return types.float64(lanes, types.int64), lower


#: How 8 x 8 numbers are transposed, in three steps: which of two vectors' entries each step takes, low and high.
_PAIRS = ((0, 8, 2, 10, 4, 12, 6, 14), (1, 9, 3, 11, 5, 13, 7, 15))
_FOURS = ((0, 1, 8, 9, 4, 5, 12, 13), (2, 3, 10, 11, 6, 7, 14, 15))
_HALVES = ((0, 1, 2, 3, 8, 9, 10, 11), (4, 5, 6, 7, 12, 13, 14, 15))


def _transposed(builder: ir.IRBuilder, rows: list[ir.Value]) -> list[ir.Value]:
    """Entry k of vector j as entry j of vector k."""

    def mixed(a: ir.Value, b: ir.Value, step: tuple[tuple[int, ...], ...]) -> tuple[ir.Value, ir.Value]:
        kind = ir.VectorType(ir.IntType(32), LANES)
        low, high = (builder.shuffle_vector(a, b, ir.Constant(kind, own)) for own in step)
        return low, high

    pairs = [mixed(rows[k], rows[k + 1], _PAIRS) for k in range(0, LANES, 2)]
    found: list[ir.Value] = [None] * LANES
    for odd in range(2):
        first, second = (mixed(pairs[k][odd], pairs[k + 1][odd], _FOURS) for k in (0, 2))
        for two in range(2):
            found[odd + 2 * two], found[odd + 2 * two + 4] = mixed(first[two], second[two], _HALVES)
    return found


def _place(builder: ir.IRBuilder, array: Any, row: ir.Value, column: ir.Value) -> ir.Value:
    """Address of an entry of a C-contiguous array in two dimensions."""
    wide = builder.extract_value(array.shape, 1)
    return builder.gep(array.data, [builder.add(builder.mul(row, wide), column)])


def _rows(context: Any, builder: ir.IRBuilder, kind: types.Type, index: ir.Value, count: int) -> list[ir.Value]:
    """The first numbers of an array of indices."""
    data = context.make_array(kind)(context, builder, index).data
    return [builder.load(builder.gep(data, [ir.Constant(ir.IntType(64), j)])) for j in range(count)]


@_instructions
def put_tile(typingctx, array, rows, column, a, b, c, d, e, f, g, h):  # type: ignore[no-untyped-def]
    """Write numbers ``a`` to ``h`` to the columns from ``column`` on, of each lane to its row of ``array``."""
    numbers = (a, b, c, d, e, f, g, h)
    kind = lanes if any(number is lanes for number in numbers) else types.float64

    def lower(context, builder, sig, args):  # type: ignore[no-untyped-def]
        made = context.make_array(array)(context, builder, args[0])
        given = list(args[3:])
        if kind is lanes:
            vectors = _transposed(builder, given)
            for row, vector in zip(_rows(context, builder, rows, args[1], LANES), vectors, strict=True):
                place = _place(builder, made, row, args[2])
                builder.store(vector, builder.bitcast(place, _VECTOR.as_pointer()), align=8)
        else:
            (row,) = _rows(context, builder, rows, args[1], 1)
            for k, number in enumerate(given):
                column = builder.add(args[2], ir.Constant(args[2].type, k))
                builder.store(number, _place(builder, made, row, column))
        return context.get_dummy_value()

    return types.void(array, rows, types.int64, *[kind] * len(numbers)), lower


@_instructions
def any_lane(typingctx, condition):  # type: ignore[no-untyped-def]
    """Whether a condition holds in any lane."""

    def lower(context, builder, sig, args):  # type: ignore[no-untyped-def]
        if condition is not mask:
            return args[0]
        bits = builder.bitcast(args[0], ir.IntType(LANES))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    return types.boolean(condition), lower


@_instructions
def power_of_two(typingctx, exponent):  # type: ignore[no-untyped-def]
    """2 to the power of a whole number, -1022..1023, put together from its bits."""
    one = exponent is not lanes

    def lower(context, builder, sig, args):  # type: ignore[no-untyped-def]
        number, whole = (_DOUBLE, ir.IntType(64)) if one else (_VECTOR, _WHOLE)

        def constant(kind: ir.Type, value: float) -> ir.Constant:
            return ir.Constant(kind, value if one else [value] * LANES)

        # adding 1.5 2^52 leaves the whole number in the lowest bits of the mantissa
        bits = builder.bitcast(builder.fadd(args[0], constant(number, 6755399441055744.0 + 1023.0)), whole)
        return builder.bitcast(builder.shl(bits, constant(whole, 52)), number)

    return (types.float64 if one else lanes)(types.float64 if one else lanes), lower


@_instructions
def as_lanes(typingctx, array):  # type: ignore[no-untyped-def]
    """An array (..., LANES) as an array (...) of lanes, for use in kernels; the memory is the same."""
    if array.layout != "C":
        return None  # elsewhere the lanes of a problem are not side by side
    # numpy aligns to 16 bytes only: loads and stores must not count on more
    seen = types.Array(lanes, array.ndim - 1, "C", aligned=False)

    def lower(context, builder, sig, args):  # type: ignore[no-untyped-def]
        given = context.make_array(array)(context, builder, args[0])
        made = context.make_array(seen)(context, builder)
        for name in ("meminfo", "parent"):
            setattr(made, name, getattr(given, name))
        made.data = builder.bitcast(given.data, made.data.type)
        made.nitems = builder.udiv(given.nitems, ir.Constant(given.nitems.type, LANES))
        made.itemsize = ir.Constant(given.itemsize.type, 8 * LANES)
        for name in ("shape", "strides"):
            parts = cgutils.unpack_tuple(builder, getattr(given, name), array.ndim)[:-1]
            setattr(made, name, cgutils.pack_array(builder, parts, ty=ir.IntType(64)))
        context.nrt.incref(builder, seen, made._getvalue())
        return made._getvalue()

    return seen(array), lower


@overload(number.zeros)
def _zeros(number, shape):  # type: ignore[no-untyped-def]
    if number is lanes:
        return lambda number, shape: as_lanes(np.zeros((*shape, LANES)))
    return lambda number, shape: np.zeros(shape)


@_instructions
def simd_zero(typingctx):  # type: ignore[no-untyped-def]
    """Lanes that are all zero: says to a kernel what to work on, as 0.0 does for plain floats."""
    return lanes(), lambda context, builder, sig, args: ir.Constant(_VECTOR, None)


@_instructions
def split(typingctx, x):  # type: ignore[no-untyped-def]
    """Exponent and mantissa, in 1..2, of positive lanes: their bits."""
    kind = types.containers.UniTuple(lanes, 2)

    def lower(context, builder, sig, args):  # type: ignore[no-untyped-def]
        def constant(value: int) -> ir.Constant:
            return ir.Constant(_WHOLE, [value] * LANES)

        bits = builder.bitcast(args[0], _WHOLE)
        # as the lowest bits of 2^52 the exponent is a number
        shifted = builder.or_(builder.lshr(bits, constant(52)), constant(0x4330000000000000))
        bias = ir.Constant(_VECTOR, [2.0**52 + 1023.0] * LANES)
        exponent = builder.fsub(builder.bitcast(shifted, _VECTOR), bias)
        own = builder.or_(builder.and_(bits, constant(0xFFFFFFFFFFFFF)), constant(0x3FF0000000000000))
        return context.make_tuple(builder, kind, (exponent, builder.bitcast(own, _VECTOR)))

    return kind(lanes), lower


@overload(number.width)
def _width(number):  # type: ignore[no-untyped-def]
    count = LANES if number is lanes else 1
    return lambda number: count


@overload(functions.sincos)
def _sincos(x):  # type: ignore[no-untyped-def]
    return functions.sincos_of_lanes if x is lanes else lambda x: (math.sin(x), math.cos(x))


@overload(functions.arctan2)
def _arctan2(y, x):  # type: ignore[no-untyped-def]
    lane = y is lanes or x is lanes
    return functions.arctan2_of_lanes if lane else lambda y, x: math.atan2(y, x)


@overload(functions.exp)
def _exp(x):  # type: ignore[no-untyped-def]
    return functions.exp_of_lanes if x is lanes else lambda x: math.exp(x)


@overload(functions.power)
def _power(x, exponent):  # type: ignore[no-untyped-def]
    return functions.power_of_lanes if x is lanes else lambda x, exponent: math.pow(x, exponent)


@overload(functions.log1p)
def _log1p(x):  # type: ignore[no-untyped-def]
    return functions.log1p_of_lanes if x is lanes else lambda x: math.log1p(x)
