"""How a command can end."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit code of a command."""

    FINE = 0
    REFUSED = 1
    USAGE = 2
    NOT_HELD = 3
    INTERRUPTED = 130
    CLOSED_PIPE = 141  # 128 + SIGPIPE, as a shell tells of other programs


class UsageError(Exception):
    """The arguments make no command; the message says why."""
