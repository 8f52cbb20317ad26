"""A command from its arguments to its exit code: what goes wrong is one line on standard error, never a traceback."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from cyclopts import CycloptsError

from biomech.cli.app import app
from biomech.cli.outcome import Exit, UsageError
from biomech.cli.wording import one_line, warned
from biomech.errors import BiomechError, BiomechWarning, KernelError, UnreachablePosture


def run(arguments: Sequence[str]) -> int:
    """Run one command and say in words what went wrong."""
    if sys.stdout is None:
        return _say("standard output is closed, so nobody would see the answer", Exit.REFUSED)
    with _plain_warnings():
        try:
            code = app()([*arguments], exit_on_error=False, print_error=False, result_action="return_value")
            sys.stdout.flush()
            return Exit.FINE if code is None else int(code)
        except CycloptsError as error:
            error.verbose = False
            return _say(f"{one_line(str(error))} See {_command(error)} --help.", Exit.USAGE)
        except UsageError as error:
            return _say(one_line(str(error)), Exit.USAGE)
        except UnreachablePosture as error:
            return _say(one_line(str(error)), Exit.NOT_HELD)
        except KernelError as error:  # what the compiler says has lines
            return _say(str(error), Exit.REFUSED)
        except BiomechError as error:
            return _say(one_line(str(error)), Exit.REFUSED)
        except BrokenPipeError:
            _drop_output()
            return Exit.CLOSED_PIPE
        except SystemExit:  # so rich, which prints the help, ends where nobody reads on
            return Exit.CLOSED_PIPE
        except OSError as error:
            _drop_output()
            return _say(f"the answer cannot be written: {error.strerror or error}", Exit.REFUSED)
        except UnicodeEncodeError as error:
            return _say(f"standard output takes {error.encoding} alone; PYTHONIOENCODING=utf-8 mends it", Exit.REFUSED)
        except MemoryError:
            return _say("there is not enough memory; --to study.zarr needs little", Exit.REFUSED)
        except KeyboardInterrupt as error:
            return _say("; ".join(["interrupted", *map(str, error.args)]), Exit.INTERRUPTED)


def _drop_output() -> None:
    """Let go of what cannot be written: Python would try again when it ends, and say so in its own words."""
    try:
        sys.stdout.flush()
    except OSError:
        # as Python's documentation advises
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(message: str, code: Exit) -> Exit:
    print(f"biomech: {message}", file=sys.stderr)
    return code


def _command(error: CycloptsError) -> str:
    return " ".join(["biomech", *(error.command_chain or ())])


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Warnings as one line, without the place in the code."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        print(f"biomech: warning: {warned(str(message))}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", BiomechWarning)
        warnings.showwarning = show
        yield
