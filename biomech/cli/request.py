"""What is asked of ``sweep``, from options and a study file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biomech._arguments import one_of
from biomech.cli.outcome import UsageError
from biomech.cli.settings import SETTINGS
from biomech.cli.study_file import read_study
from biomech.cli.values import read_value
from biomech.cli.wording import in_options, option
from biomech.errors import BiomechError, StanceError
from biomech.stance.parameters import CHOICES, PARAMETERS
from biomech.stance.written.typed_signature import required_first

if TYPE_CHECKING:
    import xarray as xr

#: Those that ``sweep`` takes as they are.
_COUNTED = ("criterion", "weight", "strength", "tone", "stiffness_margin", "short_range_stiffness", "threads")
#: Options of other commands.
_OTHERS = ("samples",)


@dataclass(frozen=True)
class Request:
    """A sweep that is asked for, with each setting and stance parameter read.

    Parameters
    ----------
    settings : mapping of str to Any
        By the names of ``SETTINGS``.
    stance : mapping of str to Any
        Stance parameters, as ``sweep`` takes them.
    places : mapping of str to Path
        The study file of what was not given as an option.
    """

    settings: Mapping[str, Any]
    stance: Mapping[str, Any]
    places: Mapping[str, Path]

    @property
    def is_one_posture(self) -> bool:
        """Whether nothing varies."""
        return "bodies" not in self.settings and not any(isinstance(own, list) for own in self.stance.values())

    def solve(self, variables: list[str] | None, to: Path | None = None, progress: bool | None = None) -> xr.Dataset:
        """The answer of ``sweep``."""
        from biomech.analysis.sweep import sweep
        from biomech.model.catalog import load_model

        given = dict(self.settings)
        with self.naming():
            body: Any = load_model(given.get("model", "adult"))
            if "bodies" in given:
                from biomech.uncertainty import draw_bodies

                body = draw_bodies(body, samples=given["bodies"], seed=given.get("seed", 0))
            counted = {name: given[name] for name in _COUNTED if name in given}
            return sweep(body, **counted, variables=variables, progress=progress, to=to, **self.stance)

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Say of what is refused where it was given: as an option, or in a file."""
        with naming(self.places):
            yield


@contextmanager
def naming(places: Mapping[str, Path]) -> Iterator[None]:
    """Name options, and the files of ``places``, in what is refused within."""
    try:
        yield
    except BiomechError as error:
        message = str(error)
        name = next((own for own in places if message.startswith((f"{own} ", f"{own}:", f"{own}["))), None)
        if name is not None:
            raise type(error)(f"{places[name]}: {message}") from error
        options = [own for own in [*PARAMETERS, *CHOICES, *SETTINGS, *_OTHERS] if own not in places]
        raise type(error)(in_options(message, options)) from error


def read_request(file: Path | None, settings: Mapping[str, Any], stance: Mapping[str, str | None]) -> Request:
    """A request from options, which come before what the file says.

    Raises
    ------
    BiomechError
        The file, a setting or a value makes no sense; the message names the option, or the file and the key.
    """
    options = {name: value for name, value in {**settings, **stance}.items() if value is not None}
    for name, value in options.items():
        # an option without a value takes the next one for it
        if isinstance(value, str) and value.startswith("--"):
            raise UsageError(f"{option(name)} needs a value; {value} stands in its place")
    filed = read_study(file, SETTINGS, [*PARAMETERS, *CHOICES]) if file is not None else {}
    if "to" in options or "format" in options:  # where the answer goes is one thing
        filed = {name: value for name, value in filed.items() if name not in ("to", "format")}
    given = filed | options
    places = {name: file for name in filed if name not in options and file is not None}
    with naming(places):
        read = {name: reader(name, given[name]) for name, reader in SETTINGS.items() if name in given}
        angles = {name: read_value(name, given[name]) for name in _order() if name in given}
        angles |= _together(read.pop("together", {}), angles)
    return Request(read, angles, places)


def _order() -> list[str]:
    """Stance parameters in the order of the help, which is that of the dimensions."""
    return [row.name for row in required_first()]


def _together(dims: Mapping[str, list[str]], stance: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters that vary together, as arrays over one dimension."""
    import xarray as xr

    found: dict[str, Any] = {}
    for dim, names in dims.items():
        for name in names:
            one_of(f"together: {dim}", name, [*PARAMETERS, *CHOICES])
            if name in found:
                raise StanceError(f"together: {dim} has {name}, which another dimension has, too")
            if not isinstance(stance.get(name), list):
                raise StanceError(f"together: {dim} has {name}, which is not given as a list or a range")
            found[name] = xr.DataArray(stance[name], dims=dim)
        sizes = {name: len(stance[name]) for name in names}
        if len(set(sizes.values())) > 1:
            told = ", ".join(f"{name} has {size}" for name, size in sizes.items())
            raise StanceError(f"together: along {dim} all need as many values; {told}")
    return found
