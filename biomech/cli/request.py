"""What is asked of ``sweep``, from options and a study file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biomech._arguments import entries, one_of, refusal, text, whole_number
from biomech.cli.outcome import UsageError
from biomech.cli.study_file import read_study
from biomech.cli.values import read_value
from biomech.cli.wording import in_options, option
from biomech.errors import BiomechError, StanceError
from biomech.stance.parameters import CHOICES, PARAMETERS
from biomech.stance.written.typed_signature import required_first

if TYPE_CHECKING:
    import xarray as xr


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


def _names(name: str, given: object) -> list[str]:
    """Names from a list, or separated by commas."""
    names = given.split(",") if isinstance(given, str) else entries(name, given, "a list of names", StanceError)
    return [text(name, own).strip() for own in names]


def _numbers(name: str, given: object) -> dict[str, Any]:
    """Numbers by name, from a table or ``name=number,...``."""
    if isinstance(given, Mapping):
        return dict(given)
    found: dict[str, Any] = {}
    for entry in text(name, given).split(","):
        key, equals, value = (part.strip() for part in entry.partition("="))
        if not equals or key in found:
            raise refusal(name, given, "names with numbers (lumbar_extensors=0.02,soleus_*=0.01), each once")
        found[key] = read_value(f"{name}[{key!r}]", value)
    return found


def _dimensions(name: str, given: object) -> dict[str, list[str]]:
    """Parameters by dimension, from a table or ``["dim=parameter,parameter", ...]``."""
    allowed = "a dimension and what varies along it (squat=knee_flexion,trunk_lean)"
    if isinstance(given, Mapping):
        pairs = list(given.items())
    else:
        pairs = [text(name, own).partition("=")[::2] for own in entries(name, given, allowed)]
    found = {dim.strip(): [own.replace("-", "_") for own in _names(name, names)] for dim, names in pairs if names}
    if len(found) < len(pairs) or not all(found):
        raise refusal(name, given, allowed)
    return found


def _criterion(name: str, given: object) -> Any:
    """A criterion from its name: ``power:3``, ``soft_saturation``, ``min_max``."""
    from biomech.sharing.criteria import MinMax, Power, SoftSaturation

    word, colon, exponent = text(name, given).partition(":")
    kinds: dict[str, Callable[[], Any]] = {"power": Power, "soft_saturation": SoftSaturation, "min_max": MinMax}
    kind = one_of(name, word.replace("-", "_"), kinds)
    if not colon:
        return kinds[kind]()
    if kind != "power":
        raise refusal(name, given, f"{kind} alone")
    number = read_value(name, exponent)
    try:
        return Power(number)
    except BiomechError:
        raise refusal(name, given, "power with an exponent from 2 to 5 (power:3)") from None


def _count(name: str, given: object) -> int:
    return whole_number(name, given, 1)


def _seed(name: str, given: object) -> int:
    return whole_number(name, given, 0)


def _path(name: str, given: object) -> Path:
    if not text(name, given) or "\0" in text(name, given):
        raise refusal(name, given, "the path of a file")
    return Path(text(name, given))


def _model(name: str, given: object) -> str:
    from biomech.model.catalog import MODELS

    return one_of(name, given, MODELS)


def _word(name: str, given: object) -> str:
    return text(name, given)


def _ratio(name: str, given: object) -> Any:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise refusal(name, given, "a number")
    return given


#: Everything but stance parameters that options and a study file may say, and how it is read.
SETTINGS: dict[str, Callable[[str, object], Any]] = {
    "model": _model,
    "bodies": _count,
    "seed": _seed,
    "together": _dimensions,
    "criterion": _criterion,
    "weight": _numbers,
    "strength": _word,
    "tone": _numbers,
    "stiffness_margin": _numbers,
    "short_range_stiffness": _ratio,
    "variables": _names,
    "threads": _count,
    "to": _path,
    "format": _word,
}
#: Those that ``sweep`` takes as they are.
_COUNTED = ("criterion", "weight", "strength", "tone", "stiffness_margin", "short_range_stiffness", "threads")
#: Options of other commands.
_OTHERS = ("samples",)
