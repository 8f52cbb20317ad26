"""Pictures of answers, and pages with a body on them. Charts need the extra ``plot`` (Matplotlib)."""

from biomech.view.article_page.write import article_page
from biomech.view.body_page.write import page
from biomech.view.charts.contrasts import contrast_chart
from biomech.view.charts.convergence import convergence_chart
from biomech.view.charts.findings import findings_chart
from biomech.view.charts.loads import LOADS, load_chart
from biomech.view.charts.plot import plot
from biomech.view.charts.sharing import sharing_chart
from biomech.view.charts.situations import situation_chart
from biomech.view.charts.validation import strength_chart, validation_chart

__all__ = [
    "LOADS",
    "article_page",
    "contrast_chart",
    "convergence_chart",
    "findings_chart",
    "load_chart",
    "page",
    "plot",
    "sharing_chart",
    "situation_chart",
    "strength_chart",
    "validation_chart",
]
