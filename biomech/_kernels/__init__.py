"""How kernels are declared, compiled, found and called.

A *kernel* is a function over numbers and arrays in the part of Python that Numba compiles. What Python calls is an
``entry_point``; what only kernels call is a ``kernel``, or an ``allocating_kernel`` if it makes arrays. In the place of
an ``extension_point`` somebody else's kernel may be put. Nothing is compiled where it is declared, and Numba is not
imported:

    sources  --compiler-->  one small shared library per CPU level  --library-->  a call through ctypes

``compiler`` is run when a wheel is built, in a process of its own. ``library`` opens what it made, if it was made from
the sources that are here (``fingerprint``) and this CPU can run it (``cpu``). Where nothing fits, ``on_demand`` runs
the same compiler on this machine, once. ``interface`` is the one description of how a compiled kernel is called.
"""

from biomech._kernels.declaration import allocating_kernel, entry_point, extension_point, kernel

__all__ = ["allocating_kernel", "entry_point", "extension_point", "kernel"]
