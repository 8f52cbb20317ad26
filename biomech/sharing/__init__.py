"""Load sharing: a separable convex cost under A x = b and bounds, batched. Arrays in, arrays out; no anatomy.

Examples
--------
Two muscles share a moment of 10 N.m; the stronger takes more.

>>> import numpy as np
>>> import biomech as bm
>>> problem = bm.sharing.LoadSharingProblem(
...     coefficients=np.array([[[20.0, 40.0]]]), demand=np.array([[10.0]]), upper=np.ones(2), weight=np.ones(2)
... )
>>> solution = bm.sharing.solve(problem, bm.sharing.Power(2))
>>> solution.value.round(3)
array([[0.1, 0.2]])
>>> int(solution.status[0])
0
"""

from biomech.sharing.certificate import INFEASIBLE, OPTIMAL, UNCERTIFIED
from biomech.sharing.criteria import Criterion, MinMax, Power, SoftSaturation
from biomech.sharing.problem import LoadSharingProblem
from biomech.sharing.solution import Solution, solve

__all__ = [
    "INFEASIBLE",
    "OPTIMAL",
    "UNCERTIFIED",
    "Criterion",
    "LoadSharingProblem",
    "MinMax",
    "Power",
    "SoftSaturation",
    "Solution",
    "solve",
]
