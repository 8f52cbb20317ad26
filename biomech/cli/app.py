"""The commands, each read only when it is asked for."""

from __future__ import annotations

from cyclopts import App

from biomech._version import __version__

_ABOUT = """Which muscles carry the load, and what does it do to back, hips and knees?"""
_CODES = """\
Exit codes:
  0    fine
  1    the input was refused
  2    the command makes no sense
  3    some postures cannot be held; the answer says which
  130  interrupted
  141  whoever read the answer stopped reading"""
_EXAMPLES = """\
Examples:
  biomech sweep --pelvic-tilt least_effort --foot-rotation 0:60:15
  biomech sweep --pelvic-tilt 0 --knee-flexion -10,0,30 --format csv > knees.csv
  biomech sweep study.toml --to study.zarr --threads 2
"""
#: Name, how it is used, and what the list of commands says.
_COMMANDS = (
    ("sweep", "[STUDY.toml] [OPTIONS]", "Which muscles carry the load in a set of stances."),
    ("scenarios", "[NAMES] [OPTIONS]", "The situations of the article: which there are, and what muscles do there."),
    ("findings", "[NAMES] [OPTIONS]", "What mechanics and measurements say of the article."),
    ("page", "[STUDY] PAGE.html [OPTIONS]", "An interactive page of a study: a body, its muscles and forces."),
    ("info", "[MODEL]", "What a model is made of; or which models there are."),
)


def app() -> App:
    """The command line as cyclopts has it."""
    whole = App(
        name="biomech",
        usage="Usage: biomech COMMAND [OPTIONS]",
        help=_ABOUT,
        help_epilogue=_CODES,
        help_format="plaintext",
        version=f"biomech {__version__}",
        suppress_keyboard_interrupt=False,
    )
    for place, (name, usage, about) in enumerate(_COMMANDS):
        whole.command(
            f"biomech.cli.{name}:{name}",
            name=name,
            usage=f"Usage: biomech {name} {usage}",
            help=about,
            help_epilogue=f"{_EXAMPLES if name == 'sweep' else ''}",
            sort_key=place,
        )
    whole.register_install_completion_command()
    return whole
