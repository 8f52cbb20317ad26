"""What the parts of a described body are, told by how they hang together and move, not by what they are called.

OpenSim's ground has x forward, y up and z to the right; a file stands in it upright when every coordinate is zero.

- A leg is a chain that goes down in two long links, thigh and shank, each of which a joint begins, and ends in a foot
  that reaches forward; where the range of its knee says so, the shank folds backward (an elbow's folds forward).
- The pelvis is what the legs hang on. The trunk is the heaviest of what else it carries and goes up.
- A coordinate has the role of the axis of ground about or along which it moves its joint most, with the sign of that.
- Right is where z is larger. Names decide only where z does not.

Muscles are in the groups of their usual abbreviations; pairs of them mirror each other in place.

Whatever is not clear has no role, and ``Anatomy.unclear`` says so.
"""

from __future__ import annotations

from biomech.io.osim.anatomy.groups import groups_by_name
from biomech.io.osim.anatomy.legs import legs_of, name_leg, sided
from biomech.io.osim.anatomy.neutral import neutral_pose
from biomech.io.osim.anatomy.pairs import pair_muscles, pair_segments
from biomech.io.osim.anatomy.record import Anatomy
from biomech.io.osim.anatomy.tree import Tree
from biomech.io.osim.anatomy.trunk import name_trunk
from biomech.io.osim.description import OsimModel


def find_anatomy(description: OsimModel) -> Anatomy:
    """What the parts of a described body are.

    Parameters
    ----------
    description : OsimModel
        What a file says.

    Returns
    -------
    Anatomy
        An arm alone has no roles; a leg alone those of its side.
    """
    pose = neutral_pose(description)
    tree, found = Tree(description, pose), Anatomy()
    legs = sided(legs_of(tree), tree, found)
    for side, leg in legs.items():
        name_leg(tree, leg, side, found)
    if legs:
        name_trunk(tree, next(iter(legs.values())).pelvis, legs.values(), found)
    pair_segments(tree, found)
    pair_muscles(tree, found)
    found.groups |= {muscle.name: groups_by_name(muscle.name) for muscle in description.muscles}
    return found
