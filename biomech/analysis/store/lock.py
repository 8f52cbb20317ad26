"""One writer at a time."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from biomech.errors import StudyError

try:
    import fcntl
except ImportError:  # no POSIX: two writers would do the work twice, and write the same
    fcntl = None  # type: ignore[assignment]


@contextmanager
def writing_alone(lock: Path, place: Path) -> Iterator[None]:
    """Hold the lock of a store, which the system takes back from a process that ends, however it ends.

    Raises
    ------
    StudyError
        Another process holds it.
    OSError
        The place cannot be written.
    """
    holder = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                who = os.read(holder, 200).decode(errors="replace").strip() or "another process"
                raise StudyError(f"{place}: is being written by {who}; wait for it, or end it") from None
            except OSError:  # a file system without locks: as without POSIX
                pass
        with suppress(OSError):  # a full disk: the lock holds without a name
            os.truncate(holder, 0)
            os.pwrite(holder, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
    finally:
        os.close(holder)
