"""Pictures of answers. Needs the extra ``plot`` (Matplotlib)."""

from biomech.view.convergence_chart import convergence_chart
from biomech.view.findings_chart import findings_chart
from biomech.view.load_chart import LOADS, load_chart
from biomech.view.situation_chart import situation_chart
from biomech.view.validation_chart import strength_chart, validation_chart

__all__ = [
    "LOADS",
    "convergence_chart",
    "findings_chart",
    "load_chart",
    "situation_chart",
    "strength_chart",
    "validation_chart",
]
