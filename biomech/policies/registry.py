"""Every policy, found by the angle it gives and the word that asks for it."""

from __future__ import annotations

from collections.abc import Iterable

from biomech.errors import StanceError
from biomech.policies.base import PRESCRIBED, Policy
from biomech.policies.hanging import Hanging
from biomech.policies.knee import PassiveKnee
from biomech.policies.least_effort import LeastEffort
from biomech.policies.passive import Passive
from biomech.policies.rhythm import Rhythm
from biomech.policies.sway import HangingSway
from biomech.stance.parameters import WITH_POLICY

_POLICIES: dict[tuple[str, str], Policy] = {}
#: What is said of a knee and a tilt that go on moving each other, whatever policies they follow.
UNSETTLED = ("knee_flexion", "unsettled", 7)
#: Statuses are kept in a byte.
_LAST = 127


def register(policy: Policy) -> None:
    """Make a policy known: from then on a stance may ask for it by its word.

    Parameters
    ----------
    policy : Policy
        Takes the place of one that was registered before under the same angle and word, but for the package's.

    Raises
    ------
    StanceError
        The word or a status is taken, or a number is not a byte's.
    """
    if not isinstance(policy, Policy):
        raise StanceError(f"policy = {policy!r}: must be a biomech.policies.base.Policy")
    if policy.angle not in WITH_POLICY:
        raise StanceError(f"angle = {policy.angle!r}: no policy can give it; allowed is {', '.join(WITH_POLICY)}")
    _check_statuses(policy)
    WITH_POLICY[policy.angle][1].add(policy.word)
    _POLICIES[policy.angle, policy.word.name] = policy


def unregister(policy: Policy) -> None:
    """Make a policy from outside unknown again.

    Raises
    ------
    StanceError
        It is one of the package's.
    """
    if _POLICIES.get((policy.angle, policy.word.name)) is not policy:
        return
    WITH_POLICY[policy.angle][1].remove(policy.word.name)
    del _POLICIES[policy.angle, policy.word.name]


def _check_statuses(policy: Policy) -> None:
    """Published numbers mean one thing, and stay."""
    same = (policy.angle, policy.word.name)
    taken = _numbers(policy.angle, (other for key, other in _POLICIES.items() if key != same))
    names = {number: name for name, number in taken.items()}
    for name, number in policy.statuses.items():
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= _LAST:
            raise StanceError(f"statuses[{name!r}] = {number!r}: must be a whole number from 0 to {_LAST}")
        if not (isinstance(name, str) and name.isidentifier()):
            raise StanceError(f"statuses: {name!r} must be a name without spaces")
        if taken.get(name, number) != number:
            raise StanceError(f"statuses[{name!r}] = {number}: of {policy.angle} it is {taken[name]}")
        if names.get(number, name) != name:
            free = f"free are {max(names) + 1} to {_LAST}"
            raise StanceError(f"statuses[{name!r}] = {number}: of {policy.angle} that is {names[number]!r}; {free}")


def policy_of(angle: str, code: int) -> Policy:
    """The policy of an angle, by the code of its word."""
    return _POLICIES[angle, WITH_POLICY[angle][1][code]]


def statuses_of(angle: str) -> dict[str, int]:
    """What may be said of an angle that was found, and its number, in the order of the numbers."""
    return _numbers(angle, _POLICIES.values())


def _numbers(angle: str, policies: Iterable[Policy]) -> dict[str, int]:
    found = {UNSETTLED[1]: UNSETTLED[2]} if UNSETTLED[0] == angle else {}
    for policy in policies:
        if policy.angle == angle:
            found |= policy.statuses
    return dict(sorted(found.items(), key=lambda item: item[1]))


def flags_of(angle: str) -> dict[str, int]:
    """The same, with what is said of an angle that was given."""
    return {"given": PRESCRIBED, **statuses_of(angle)}


for _policy in (LeastEffort(), Hanging(), Passive(), Rhythm(), HangingSway(), PassiveKnee()):
    register(_policy)
