"""How sure an answer is: the same stances under many draws of what is uncertain.

``propagate`` answers every stance of a study under each draw of the priors: the same draw for all of them, so that
contrasts are taken within a draw. ``draw_bodies`` makes bodies over which a sweep goes, as along any other dimension.
``sobol`` says what drives a variable: first-order and total indices (Sobol' 1993; Saltelli et al. 2010) with muscles
that each have a factor of their own counted as one prior. ``draw_people`` makes people of all sizes, and
``population_shares`` says how many of them can hold a posture, and within which limits.
"""

from biomech.uncertainty.drawn_bodies import draw_bodies
from biomech.uncertainty.people import default_people, draw_people
from biomech.uncertainty.population_shares import population_shares
from biomech.uncertainty.priors import Prior, default_priors
from biomech.uncertainty.propagation import VARIABLES, percentiles, propagate, sobol

__all__ = [
    "VARIABLES",
    "Prior",
    "default_people",
    "default_priors",
    "draw_bodies",
    "draw_people",
    "percentiles",
    "population_shares",
    "propagate",
    "sobol",
]
