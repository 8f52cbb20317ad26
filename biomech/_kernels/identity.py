"""What tells the kernels of this process from others: those that are equal give numbers that are equal to the bit."""

from __future__ import annotations

from functools import cache

from biomech._kernels.cpu import NATIVE, chosen_levels
from biomech._kernels.declaration import INTERPRETED, extensions, package_entry_points
from biomech._kernels.fingerprint import digest_of
from biomech._kernels.library import BUILT, INSTALLED, Manifest, Unfit, manifest_path, sources


def kernel_identity() -> tuple[str, str]:
    """CPU level of the kernels that are used, ``python`` where they run as plain Python; and a hash of their sources.

    What was put in from outside counts.
    """
    return _identity(tuple(sorted(f"{name}={kernel.name}" for name, kernel in extensions().items())))


@cache
def _identity(put_in: tuple[str, ...]) -> tuple[str, str]:
    if not INTERPRETED and not put_in:
        for level in chosen_levels():
            for folder in (INSTALLED, BUILT):
                try:
                    manifest = Manifest.read(manifest_path(folder, level))
                except Unfit:
                    continue
                if sources().are(manifest.sources):
                    return level, _digest({name: about["fingerprint"] for name, about in manifest.entries.items()})
    # edited, or with something from outside: a second or two, once
    level = "python" if INTERPRETED else (*chosen_levels(), NATIVE)[0]
    prints = {entry.name: sources().fingerprint(entry.name)[0] for entry in package_entry_points()}
    return level, _digest(prints, put_in)


def _digest(prints: dict[str, str], put_in: tuple[str, ...] = ()) -> str:
    return digest_of([*put_in, *(f"{name} {prints[name]}" for name in sorted(prints))])
