"""Which muscles carry the load? Static equilibrium and load sharing of a standing, leaning or squatting body.

Angles are in degrees and lengths in metres at the public edge; axes are x forward, y up, z right.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from biomech._interrupts import InterruptsKept
from biomech._version import __version__ as __version__
from biomech.errors import (
    BiomechError,
    BiomechWarning,
    FileError,
    KernelError,
    ModelError,
    ProblemError,
    StanceError,
    StudyError,
    UnreachablePosture,
)

if TYPE_CHECKING:
    from biomech import io, sharing, symbolic, uncertainty, view
    from biomech.analysis.output.pose import pose
    from biomech.analysis.output.table import table
    from biomech.analysis.prepare import PreparedSweep, prepare
    from biomech.analysis.stability import stability
    from biomech.analysis.static_optimization import static_optimization
    from biomech.analysis.store.opening import open_study
    from biomech.analysis.sweep import sweep
    from biomech.article import findings, scenarios
    from biomech.io import read_c3d, read_external_loads, read_storage, read_trc, write_storage
    from biomech.io.osim.model import read_osim
    from biomech.io.osim.write.writing import write_osim
    from biomech.model.catalog import load_model
    from biomech.model.model import Model
    from biomech.reproduction import rerun
    from biomech.sharing.criteria import MinMax, Power, SoftSaturation
    from biomech.view.words.comparison import compare
    from biomech.view.words.summary import summary

__all__ = [
    "BiomechError",
    "BiomechWarning",
    "FileError",
    "KernelError",
    "MinMax",
    "Model",
    "ModelError",
    "Power",
    "PreparedSweep",
    "ProblemError",
    "SoftSaturation",
    "StanceError",
    "StudyError",
    "UnreachablePosture",
    "compare",
    "findings",
    "io",
    "load_model",
    "open_study",
    "pose",
    "prepare",
    "read_c3d",
    "read_external_loads",
    "read_osim",
    "read_storage",
    "read_trc",
    "rerun",
    "scenarios",
    "sharing",
    "stability",
    "static_optimization",
    "summary",
    "sweep",
    "symbolic",
    "table",
    "uncertainty",
    "view",
    "write_osim",
    "write_storage",
]

# compiled kernels and xarray are heavy: they are imported at their first use
_HOME = {
    "load_model": "biomech.model.catalog",
    "Model": "biomech.model.model",
    "MinMax": "biomech.sharing.criteria",
    "Power": "biomech.sharing.criteria",
    "SoftSaturation": "biomech.sharing.criteria",
    "PreparedSweep": "biomech.analysis.prepare",
    "compare": "biomech.view.words.comparison",
    "open_study": "biomech.analysis.store.opening",
    "pose": "biomech.analysis.output.pose",
    "prepare": "biomech.analysis.prepare",
    "read_c3d": "biomech.io",
    "read_external_loads": "biomech.io",
    "read_osim": "biomech.io.osim.model",
    "read_storage": "biomech.io",
    "read_trc": "biomech.io",
    "rerun": "biomech.reproduction",
    "stability": "biomech.analysis.stability",
    "static_optimization": "biomech.analysis.static_optimization",
    "summary": "biomech.view.words.summary",
    "sweep": "biomech.analysis.sweep",
    "table": "biomech.analysis.output.table",
    "write_osim": "biomech.io.osim.write.writing",
    "write_storage": "biomech.io",
}
_MODULES = {
    "findings": "biomech.article.findings",
    "io": "biomech.io",
    "scenarios": "biomech.article.scenarios",
    "sharing": "biomech.sharing",
    "symbolic": "biomech.symbolic",
    "uncertainty": "biomech.uncertainty",
    "view": "biomech.view",
}


def __getattr__(name: str) -> Any:
    with InterruptsKept():
        if name in _HOME:
            return getattr(importlib.import_module(_HOME[name]), name)
        if name in _MODULES:
            return importlib.import_module(_MODULES[name])
    raise AttributeError(f"module 'biomech' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
