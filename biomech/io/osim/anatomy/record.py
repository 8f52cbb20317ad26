"""What is found out about a body's parts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Anatomy:
    """Roles by kind, from role to name; ``signs`` of coordinates that count the other way round; mirror pairs.

    ``mirror``: names on the right to those on the left, of parts of every kind, each in one pair alone; where kinds
    share names the first pair counts. ``bodies``: the same of bodies that have no role, by themselves. ``groups``: of
    each muscle, those that its name tells. ``bent_by_stance``: no coordinate of the file bends the trunk at one joint
    alone. ``heels``: bones without mass that were added, each to its foot. ``said``: what a stance does with the parts,
    ``unclear``: what could not be told, in words.
    """

    segments: dict[str, str] = field(default_factory=dict)
    joints: dict[str, str] = field(default_factory=dict)
    coordinates: dict[str, str] = field(default_factory=dict)
    signs: dict[str, float] = field(default_factory=dict)
    mirror: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    bent_by_stance: bool = False
    heels: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    _paired: set[str] = field(default_factory=set, init=False, repr=False)

    def pair(self, right: str, left: str) -> None:
        """Pair two names, unless one is in another pair."""
        if right != left and not {right, left} & self._paired:
            self.mirror[right] = left
            self._paired |= {right, left}

    @property
    def feet(self) -> tuple[str, ...]:
        """Endings of the sides that have a foot to stand on."""
        return tuple(side for side in ("_r", "_l") if f"calcn{side}" in self.segments)
