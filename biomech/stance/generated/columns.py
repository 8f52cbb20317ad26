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
PELVIC_LIST = 11
STANCE_WIDTH = 12
TRUNK_LEAN = 13
TRUNK_SIDE_LEAN = 14
PELVIC_TILT = 15
TILT_CHANGE = 16
LUMBAR_RHYTHM = 17
SLOPE = 18
CROSS_SLOPE = 19
FRICTION = 20
STEP_HEIGHT = 21
STEP_LENGTH = 22
SEAT_HEIGHT = 23
HAND_SUPPORT = 24
LOAD_MASS = 25
LOAD_POSITION = 26
