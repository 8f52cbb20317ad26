"""The one error tree of the library."""

from __future__ import annotations


class BiomechError(Exception):
    """Base of every error that biomech raises on purpose."""


class StanceError(BiomechError, ValueError):
    """What was asked of the body makes no sense.

    The message names the parameter, the value and what is allowed.
    """


class ModelError(BiomechError, ValueError):
    """A model, or one of its tables, is wrong; the message names the element."""


class ProblemError(BiomechError, ValueError):
    """A load-sharing problem is ill-posed; the message names the array and the first bad index."""


class UnreachablePosture(BiomechError):
    """The body cannot take the posture; the message says what stands in the way."""


class StudyError(BiomechError, RuntimeError):
    """A study cannot be written, resumed, opened or run again; the message names the place and what stands in the way.

    What is there stays as it is.
    """


class FileError(BiomechError, ValueError):
    """A file of measurements cannot be read or written; the message names the file, the line and what is wrong."""


class KernelError(BiomechError, RuntimeError):
    """No compiled kernels for this machine, and none can be made; the message says why, and what to do."""


class BiomechWarning(UserWarning):
    """An answer that must not be taken for an ordinary one; the message says how many, and why."""
