"""On a seat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biomech.errors import StanceError
from biomech.model.compiled import CompiledModel
from biomech.model.model import Model
from biomech.stance.choices import SUPPORTS
from biomech.statics.constraint_builder import ConstraintBuilder
from biomech.statics.constraint_targets import NOTHING, SEAT, UP
from biomech.statics.posture_newton import DIRECTION, POINT
from biomech.statics.supports.base import Support


class Seat(Support):
    """The tuberosities, midway along their support, are on the seat, and level; both feet are flat on the floor."""

    word = SUPPORTS.word("seat")
    is_seated = True

    def contacts(self, compiled: CompiledModel) -> NDArray[np.bool_]:
        """Those of the soles and of the seat."""
        return np.ones(len(compiled.contact.seat), dtype=np.bool_)

    def constrain(self, build: ConstraintBuilder) -> None:
        """The seat decides where the weight lies."""
        for foot in build.feet:
            build.stand(foot)
        x, y = self._tuberosities(build.model)
        build.constraint("seat_height under the tuberosities", SEAT)
        build.term(POINT, "pelvis", (x, y, 0.0), UP)
        if not build.compiled.half:
            build.constraint("the pelvis is level on the seat", NOTHING)
            build.term(DIRECTION, "pelvis", (0.0, 0.0, 1.0), UP)

    def _tuberosities(self, model: Model) -> tuple[float, float]:
        """x and y of the middle of what touches the seat, in the pelvis's frame, m."""
        table = model.tables_by_role["contact_points"]
        borne = [
            i
            for i, (segment, surface) in enumerate(zip(table.text("segment"), table.text("surface"), strict=True))
            if segment == "pelvis" and surface == "seat"
        ]
        if not borne:
            raise StanceError(
                f"support = {self.word.name!r}: model {model.name!r} has no contact_points of the pelvis on a seat"
            )
        x, y, _ = table.numbers("x", "y", "z")[borne].mean(axis=0)
        return float(x), float(y)
