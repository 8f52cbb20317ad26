"""Which muscles carry the load? Static equilibrium and load sharing of a standing, leaning or squatting body."""

from biomech import sharing
from biomech.model.catalog import load_model
from biomech.study.sweep import sweep
from biomech.study.static_optimization import static_optimization
