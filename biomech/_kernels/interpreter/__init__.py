"""Kernels as plain Python, for a debugger and for coverage: the slow twin of ``compiler``.

With ``BIOMECH_KERNELS=python`` (``switch``) the decorators leave every kernel what it is, a Python function on NumPy
arrays, in which numbers mean what they mean in compiled code (``arithmetic``, ``lanes``). Entry points run it
(``calls``); no library is looked for, and Numba is not needed.
"""
