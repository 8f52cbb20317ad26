"""Where reference values of OpenSim lie, which are not part of the project: beside a checkout, or in it."""

from pathlib import Path

_PLACES = [root / "shared" / "reference" / "osim" for root in Path(__file__).parents[1:3]]
#: Those of OpenSim; tests that need them skip where they are absent.
OSIM = next((place for place in _PLACES if place.exists()), _PLACES[0])
