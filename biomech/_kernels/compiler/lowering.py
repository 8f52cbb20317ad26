"""Entry points as one LLVM module, lowered by Numba and not optimised yet.

Numba by itself optimises and emits every function alone, and again inside each of its callers. Here its libraries only
collect what was lowered; all of it is linked into one module, from which nothing is visible but the C interface.

This changes private parts of Numba (``numba.core.codegen``, ``CPUContext.get_executable``) for the whole process, so it
has a process of its own; ``pyproject.toml`` pins the version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numba.core import codegen, types
from numba.core.cpu import CPUContext
from numba.core.errors import NumbaError
from numba.core.registry import cpu_target
from numba.core.types.containers import BaseTuple

from biomech._kernels.compiler.memory import MEMORY
from biomech._kernels.compiler.typing import argument_types, dispatcher_of, result_type
from biomech._kernels.declaration import EntryPoint
from biomech._kernels.interface import signature_of
from biomech._kernels.interpreter.lanes import BRANCHING

#: The library of Numba's own run time: ``MEMORY`` stands for it.
_RUN_TIME = "nrt"
#: File and line in an error of Numba's.
_WHERE = re.compile(r"typing of \S+ at (.*) \((\d+)\)")


class _Collected(codegen.JITCodeLibrary):
    """A code library that is neither optimised nor emitted."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def finalize(self) -> None:
        self._raise_if_finalized()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        return 0


def _collect() -> None:
    """From now on Numba only lowers."""

    @numba.njit
    def _first(count):  # type: ignore[no-untyped-def]
        return np.zeros(count).sum()

    _first(1)  # Numba's run time is made by the usual way, before anything is changed
    codegen.JITCPUCodegen._library_class = _Collected
    # Numba knows a compiled function by the object that calls it: any built-in one, but another one each time
    CPUContext.get_executable = lambda self, library, fndesc, env: [].append


def symbol_of(entry: EntryPoint[..., Any]) -> str:
    """The symbol of an entry point in a library."""
    return entry.name.replace(".", "_")


def lower(entries: Iterable[EntryPoint[..., Any]]) -> Any:
    """One module of LLVM's for all entry points."""
    _collect()
    context = cpu_target.target_context
    module = llvm.parse_assembly(MEMORY)
    module.triple, module.data_layout = llvm.get_process_triple(), context.codegen()._data_layout
    libraries: dict[int, Any] = {}
    shells = []
    for entry in entries:
        compiled = _compile(entry)
        _gather(compiled.library, libraries)
        shells.append(_shell(compiled, symbol_of(entry), context))
    for library in libraries.values():
        if library.name != _RUN_TIME:
            module.link_in(_mergeable(library._final_module))
    for shell in shells:
        shell.triple = module.triple
        module.link_in(llvm.parse_assembly(str(shell)))
    _hide(module, {shell.name for shell in shells})
    module.verify()
    return module


def _compile(entry: EntryPoint[..., Any]) -> Any:
    signature_of(entry.function)  # refuses annotations that do not say what is meant
    dispatcher, arguments = dispatcher_of(entry), argument_types(entry.function)
    try:
        dispatcher.compile(arguments)
    except NumbaError as error:
        if BRANCHING in str(error):
            raise TypeError(_branching(entry, str(error))) from None
        raise
    compiled = dispatcher.overloads[arguments]
    returned, annotated = compiled.signature.return_type, result_type(entry.function)
    if returned != annotated:
        raise TypeError(f"{entry.name}: returns {returned}, and is annotated {annotated}")
    return compiled


def _branching(entry: EntryPoint[..., Any], said: str) -> str:
    """What is wrong, and where, out of what Numba says of every kernel on the way there."""
    where = _WHERE.search(said, said.index(BRANCHING))
    return f"{entry.name}: {f'{where[1]}:{where[2]}: ' if where else ''}{BRANCHING}"


def _gather(library: Any, found: dict[int, Any]) -> None:
    """A library and all that it calls."""
    if id(library) not in found:
        found[id(library)] = library
        for other in library._linking_libraries:
            _gather(other, found)


def _mergeable(module: Any) -> Any:
    """A copy whose functions may be defined more than once."""
    copy = module.clone()
    for function in copy.functions:
        if not function.is_declaration and function.linkage == llvm.Linkage.external:
            function.linkage = "weak_odr"
    return copy


def _hide(module: Any, exported: set[str]) -> None:
    """Let nothing be seen from outside but ``exported``, so that what is inlined everywhere is dropped."""
    for function in module.functions:
        if not function.is_declaration and function.name not in exported:
            function.linkage = "internal"
    for variable in module.global_variables:
        if not variable.is_declaration:
            variable.linkage = "internal"


def _shell(compiled: Any, symbol: str, context: Any) -> ir.Module:
    """The C interface (``interface``) around a function in Numba's calling convention."""
    sig, i64 = compiled.signature, ir.IntType(64)
    module = ir.Module(symbol)
    native_type = context.call_conv.get_function_type(sig.return_type, sig.args)
    native = ir.Function(module, native_type, name=compiled.fndesc.llvm_func_name)
    pointers = [i64.as_pointer(), i64.as_pointer()]
    function = ir.Function(module, ir.FunctionType(ir.IntType(32), pointers), name=symbol)
    builder = ir.IRBuilder(function.append_basic_block())
    result, error = (builder.alloca(kind.pointee) for kind in native_type.args[:2])
    for place in (result, error):
        builder.store(ir.Constant(place.type.pointee, None), place)
    arguments = _Arguments(builder, function.args[0], iter(native_type.args[2:]), context)
    for kind in sig.args:
        arguments.add(kind)
    status = builder.call(native, [result, error, *arguments.values])
    if sig.return_type is not types.none:
        builder.store(_bits(builder, builder.load(result)), function.args[1])
    builder.ret(status)
    return module


def _bits(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    i64 = ir.IntType(64)
    if isinstance(value.type, ir.DoubleType):
        return builder.bitcast(value, i64)
    return builder.zext(value, i64) if value.type.width < 64 else value


class _Arguments:
    """Numba's arguments from words; Numba passes an array as seven kinds of values, one after another."""

    def __init__(self, builder: ir.IRBuilder, words: ir.Value, expected: Any, context: Any) -> None:
        self.builder, self.words, self.expected, self.context = builder, words, expected, context
        self.count, self.values = 0, list[ir.Value]()

    def add(self, kind: types.Type) -> None:
        if isinstance(kind, BaseTuple):
            for part in kind:
                self.add(part)
        elif isinstance(kind, types.Array):
            self._add_array(kind)
        else:
            wanted, word, b = next(self.expected), self._word(), self.builder
            double = isinstance(wanted, ir.DoubleType)
            self.values.append(
                b.bitcast(word, wanted) if double else word if wanted.width == 64 else b.trunc(word, wanted)
            )

    def _add_array(self, kind: types.Array) -> None:
        """Owner and parent (none), number of entries, their size, address, shape, strides."""
        b, i64 = self.builder, ir.IntType(64)
        owner, parent, _, _, data = (next(self.expected) for _ in range(5))
        for _ in range(2 * kind.ndim):
            next(self.expected)
        size = ir.Constant(i64, self.context.get_abi_sizeof(self.context.get_data_type(kind.dtype)))
        address, shape = self._word(), [self._word() for _ in range(kind.ndim)]
        strides, count = [size], ir.Constant(i64, 1)
        for length in reversed(shape[1:]):
            strides.insert(0, b.mul(strides[0], length))
        for length in shape:
            count = b.mul(count, length)
        nobody = [ir.Constant(owner, None), ir.Constant(parent, None)]
        self.values += [*nobody, count, size, b.inttoptr(address, data), *shape, *strides]

    def _word(self) -> ir.Value:
        place = self.builder.gep(self.words, [ir.Constant(ir.IntType(64), self.count)])
        self.count += 1
        return self.builder.load(place)
