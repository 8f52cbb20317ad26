"""``biomech page``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from biomech.cli.answers import judged
from biomech.cli.common import Force, Model, Progress, Threads
from biomech.cli.destination import whole
from biomech.cli.options import with_stance_options
from biomech.cli.outcome import Exit, UsageError
from biomech.cli.request import naming, read_request
from biomech.cli.wording import option
from biomech.errors import StudyError

if TYPE_CHECKING:
    import xarray as xr

_STORED = (".nc", ".zarr")


@with_stance_options
def page(
    *files: Annotated[
        Path,
        Parameter(
            help="The page to write, PAGE.html: one file that needs no network. Before it what to show: a study that "
            "is there (.nc, .zarr), or a study file (.toml) that is computed, with all variables. Without it the "
            "options say what to show."
        ),
    ],
    model: Model = None,
    force: Force = False,
    threads: Threads = None,
    progress: Progress = None,
    **stance: str | None,
) -> Exit:
    """An interactive page of a study: a body, its muscles and forces, a slider for everything that varies."""
    if not 1 <= len(files) <= 2:
        raise UsageError("page needs the file to write, PAGE.html, and may have one to show before it")
    target = files[-1]
    if target.suffix not in (".html", ".htm"):
        raise UsageError(f"the page must end in .html; {target} does not")
    source = files[0] if len(files) == 2 else None
    options = {"model": model, "threads": threads}
    with whole(target, force) as making:
        if source is not None and source.suffix in _STORED:
            ds = _open(source, [option(name) for name, value in (options | stance).items() if value is not None])
        else:
            ds = read_request(source, options, stance).solve(None, progress=progress)
        from biomech.view.body_page.write import page as write

        with naming({}):
            write(ds, making)
    return judged([("", ds)])


def _open(source: Path, options: list[str]) -> xr.Dataset:
    """A study that is there, all of it; options would change nothing of it."""
    from biomech.analysis.store.opening import open_study

    if options:
        raise UsageError(f"{source} is computed already; leave out {', '.join(options)}")
    ds = open_study(source)
    if not ds.attrs.get("finished", 1):
        raise StudyError(f"{source}: is not finished; run the same sweep again, and it goes on")
    return ds
