"""What tells the kernels of this process from others: those that are equal give numbers that are equal to the bit."""

from __future__ import annotations

from functools import cache

from biomech._kernels.declaration import INTERPRETED, extensions, package_entry_points
from biomech._kernels.fingerprint import Sources, digest_of


def kernel_identity() -> tuple[str, str]:
    """CPU level of the kernels that are used, ``python`` where they run as plain Python; and a hash of their sources.

    What was put in from outside counts.
    """
    return _identity(tuple(sorted(f"{name}={kernel.name}" for name, kernel in extensions().items())))


@cache
def _identity(put_in: tuple[str, ...]) -> tuple[str, str]:
    return ("python", _from_sources(Sources(), put_in)) if INTERPRETED else _compiled(put_in)


def _compiled(put_in: tuple[str, ...]) -> tuple[str, str]:
    """Of the library that is used, where it was made from the sources that are here."""
    from biomech._kernels.cpu import NATIVE, chosen_levels
    from biomech._kernels.library import BUILT, INSTALLED, Manifest, Unfit, manifest_path, sources

    levels = chosen_levels()
    for level in () if put_in else levels:
        for folder in (INSTALLED, BUILT):
            try:
                manifest = Manifest.read(manifest_path(folder, level))
            except Unfit:
                continue
            if sources().are(manifest.sources):
                return level, _digest({name: about["fingerprint"] for name, about in manifest.entries.items()})
    return (*levels, NATIVE)[0], _from_sources(sources(), put_in)


def _from_sources(here: Sources, put_in: tuple[str, ...]) -> str:
    """Of what was edited, or has something from outside: a second or two, once."""
    return _digest({entry.name: here.fingerprint(entry.name)[0] for entry in package_entry_points()}, put_in)


def _digest(prints: dict[str, str], put_in: tuple[str, ...] = ()) -> str:
    return digest_of([*put_in, *(f"{name} {prints[name]}" for name in sorted(prints))])
