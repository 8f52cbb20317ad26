"""The commands, each read only when it is asked for."""

from __future__ import annotations

from cyclopts import App

from biomech._version import __version__

_ABOUT = """Which muscles carry the load, and what does it do to back, hips and knees?"""
_END = """Exit codes: 0 fine; 1 the input was refused; 2 the command makes no sense; 3 some postures cannot be held, \
the answer says which; 130 interrupted; 141 the pipe was closed."""
_COMMANDS = {
    "sweep": "Which muscles carry the load in a set of stances, and what it does to the joints.",
    "scenarios": "The situations of the article: what there are, or what the muscles do in some.",
    "findings": "What mechanics and measurements say of the article, sentence by sentence.",
    "page": "An interactive page of a study: a body, its muscles and forces, sliders.",
    "info": "What a model is made of; or which there are, and what this installation is.",
}


def app() -> App:
    """The command line as cyclopts has it."""
    whole = App(
        name="biomech",
        help=_ABOUT,
        help_epilogue=_END,
        help_format="plaintext",
        version=f"biomech {__version__}",
        suppress_keyboard_interrupt=False,
    )
    for name, about in _COMMANDS.items():
        whole.command(f"biomech.cli.{name}:{name}", name=name, help=about)
    whole.register_install_completion_command()
    return whole
