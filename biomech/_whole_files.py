"""Files that are written whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to, which takes its place in the end; nothing stays of it where that fails."""
    making = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.making")
    try:
        yield making
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)
