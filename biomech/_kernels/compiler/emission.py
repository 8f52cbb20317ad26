"""One module of LLVM's, optimised for a CPU level as a whole, as an object file."""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm

#: What compiled kernels may ask of the C library; Python and Numba's run time are not among it.
C_LIBRARY = frozenset(
    (
        *("malloc", "free", "memset", "memcpy", "memmove"),
        *("acos", "asin", "atan2", "cos", "exp", "floor", "log", "log1p", "pow", "sin", "sincos", "sqrt", "tan"),
    )
)


def emit(bitcode: bytes, cpu: str, features: str) -> bytes:
    """Optimise a module and emit its object file.

    Parameters
    ----------
    bitcode : bytes
        The module.
    cpu, features : str
        LLVM's names of the CPU and of what it has besides.

    Raises
    ------
    RuntimeError
        The object would need something else than the C library.
    """
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    machine = target.create_target_machine(cpu=cpu, features=features, opt=3, reloc="pic", codemodel="small")
    module = llvm.parse_bitcode(bitcode)
    _simplify(module, machine)
    _optimise(module, machine)
    declared = [f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")]
    declared += [v.name for v in module.global_variables if v.is_declaration]
    if foreign := sorted(set(declared) - C_LIBRARY):
        raise RuntimeError(f"kernels would need {', '.join(foreign)}; allowed is {', '.join(sorted(C_LIBRARY))}")
    return bytes(machine.emit_object(module))


def _simplify(module: Any, machine: Any) -> None:
    """Inline first, so that counts of references to one array meet in one function, and cancel."""
    passes, builder = _passes(machine, speed=0, vectorise=False)
    passes.add_loop_rotate_pass()
    passes.add_instruction_combine_pass()
    passes.add_jump_threading_pass()
    passes.add_refprune_pass()
    passes.run(module, builder)


def _optimise(module: Any, machine: Any) -> None:
    passes, builder = _passes(machine, speed=3, vectorise=True)
    passes.add_refprune_pass()
    passes.run(module, builder)


def _passes(machine: Any, *, speed: int, vectorise: bool) -> tuple[Any, Any]:
    options = llvm.create_pipeline_tuning_options()
    options.speed_level, options.loop_vectorization, options.slp_vectorization = speed, vectorise, False
    builder = llvm.create_pass_builder(machine, options)
    return builder.getModulePassManager(), builder
