"""Which muscles carry the load? Static equilibrium and load sharing of a standing, leaning or squatting body.

Angles are in degrees and lengths in metres at the public edge; axes are x forward, y up, z right.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from biomech._version import __version__ as __version__
from biomech.errors import (
    BiomechError,
    BiomechWarning,
    KernelError,
    ModelError,
    ProblemError,
    StanceError,
    UnreachablePosture,
)

if TYPE_CHECKING:
    from biomech import sharing, symbolic, view
    from biomech.model.catalog import load_model
    from biomech.model.model import Model
    from biomech.sharing.criteria import MinMax, Power, SoftSaturation
    from biomech.study import findings, scenarios, uncertainty
    from biomech.study.prepared import PreparedSweep, prepare
    from biomech.study.stability import stability
    from biomech.study.static_optimization import static_optimization
    from biomech.study.sweep import sweep
    from biomech.study.table import table

__all__ = [
    "BiomechError",
    "BiomechWarning",
    "KernelError",
    "MinMax",
    "Model",
    "ModelError",
    "Power",
    "PreparedSweep",
    "ProblemError",
    "SoftSaturation",
    "StanceError",
    "UnreachablePosture",
    "findings",
    "load_model",
    "prepare",
    "scenarios",
    "sharing",
    "stability",
    "static_optimization",
    "sweep",
    "symbolic",
    "table",
    "uncertainty",
    "view",
]

# compiled kernels and xarray are heavy: they are imported at their first use
_HOME = {
    "load_model": "biomech.model.catalog",
    "Model": "biomech.model.model",
    "MinMax": "biomech.sharing.criteria",
    "Power": "biomech.sharing.criteria",
    "SoftSaturation": "biomech.sharing.criteria",
    "PreparedSweep": "biomech.study.prepared",
    "prepare": "biomech.study.prepared",
    "stability": "biomech.study.stability",
    "static_optimization": "biomech.study.static_optimization",
    "sweep": "biomech.study.sweep",
    "table": "biomech.study.table",
}
_MODULES = {
    "findings": "biomech.study.findings",
    "scenarios": "biomech.study.scenarios",
    "sharing": "biomech.sharing",
    "symbolic": "biomech.symbolic",
    "uncertainty": "biomech.study.uncertainty",
    "view": "biomech.view",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    raise AttributeError(f"module 'biomech' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
