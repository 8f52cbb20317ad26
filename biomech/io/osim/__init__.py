"""OpenSim's model files, of 1.x to 4.x: what they say, as typed parts (``description``)."""

from biomech.io.osim.parse.reading import read_description

__all__ = ["read_description"]
