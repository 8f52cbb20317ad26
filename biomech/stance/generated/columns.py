"""The first column of each stance parameter in ``Stance.matrix``, as kernels read it.

Written by ``python -m biomech.stance`` from the table of stance parameters: kernels that named the table would be
compiled anew with every word of it that changes.
"""

FOOT_ROTATION = 0
KNEE_FLEXION = 2
TURNOUT_YIELD = 4
KNEE_LAXITY = 6
WEIGHT_SHIFT = 8
WEIGHT_BALANCE = 9
PELVIC_ROTATION = 10
STANCE_WIDTH = 11
TRUNK_LEAN = 12
PELVIC_TILT = 13
TILT_CHANGE = 14
LUMBAR_RHYTHM = 15
SLOPE = 16
CROSS_SLOPE = 17
FRICTION = 18
STEP_HEIGHT = 19
STEP_LENGTH = 20
SEAT_HEIGHT = 21
HAND_SUPPORT = 22
LOAD_MASS = 23
LOAD_POSITION = 24
