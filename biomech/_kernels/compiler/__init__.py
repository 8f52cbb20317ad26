"""From the sources of entry points to a shared library: run in a process of its own, ``python -m``.

    typing     annotations  ->  Numba's types
    lowering   entry points ->  one LLVM module that nobody has optimised yet
    emission   that module  ->  an object file for a CPU level, all of it optimised once
    linking    the object   ->  a shared library that needs nothing but the C library

Numba is the front end and llvmlite the back end; ``lowering`` changes, in its own process alone, what Numba does with
the code it has lowered. Nothing outside this package imports either.
"""
