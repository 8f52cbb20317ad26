"""Build hook: kernels are compiled while the wheel is made, so that nobody who installs it needs a compiler."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def _own(name: str) -> Any:
    """A module of the package that needs nothing but Python, by its file: the package's requirements are not here."""
    path = Path(__file__).parent / "biomech" / "_kernels" / f"{name}.py"
    spec = spec_from_file_location(path.stem, path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class KernelBuildHook(BuildHookInterface):
    """Compiles the kernels into ``build/kernels`` and puts them into the wheel.

    ``BIOMECH_BUILD_LEVELS`` says for which CPU levels: the best of this machine's by default, several separated by
    commas, ``all`` of a wheel that is given to others, or ``none``. An editable install uses ``build/kernels`` as it
    is: what is edited later is compiled when it is used. What was compiled is kept, so that pip, which asks for the
    wheel twice, compiles once.
    """

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """A linker, where this machine has none."""
        return [] if next(_own("compiler/linking").linkers(), None) else ["ziglang"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and tell the builder which files go where."""
        levels = [level.strip() for level in os.environ.get("BIOMECH_BUILD_LEVELS", "").split(",") if level.strip()]
        if "native" in levels:
            raise ValueError("BIOMECH_BUILD_LEVELS = 'native': a wheel is for every CPU of a level")
        made = [] if levels == ["none"] else self._compile(Path(self.root) / "build" / "kernels", levels)
        if version == "editable":
            return
        if not made:
            build_data["dependencies"] += self.metadata.core.optional_dependencies["jit"]
            return
        for path in made:
            build_data["force_include"][str(path)] = f"biomech/_kernels/lib/{path.name}"
        platform = os.environ.get("BIOMECH_BUILD_PLATFORM") or sysconfig.get_platform()
        # libraries depend on the platform, but on no version of Python
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform.replace('-', '_').replace('.', '_')}"

    def _compile(self, folder: Path, levels: list[str]) -> list[Path]:
        """The libraries and their manifests; none where they cannot be made here."""
        command = [sys.executable, "-m", "biomech._kernels.compiler", str(folder)]
        command += [part for level in levels for part in ("--level", level)]
        paths = filter(None, [self.root, os.environ.get("PYTHONPATH")])
        done = subprocess.run(command, env=_own("child").environment(paths), stdout=subprocess.PIPE, check=False)
        made = [Path(line) for line in done.stdout.decode().splitlines()]
        if done.returncode and levels:
            raise RuntimeError(f"BIOMECH_BUILD_LEVELS = {','.join(levels)!r}: kernels could not be compiled")
        if done.returncode or any(path.suffix == ".o" for path in made):
            self.app.display_warning("kernels are not compiled into this wheel: Numba compiles them at their first use")
            return []
        return made
