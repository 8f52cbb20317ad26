"""Progress bars: where they are shown, and that nothing else is."""

from __future__ import annotations

import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

SWEEP = "import biomech as bm\nds = bm.sweep(bm.load_model('small'), pelvic_tilt=0, knee_flexion=[0, 10, 20]{})"
#: Work that takes longer than a person waits without a sign.
LONG = """
import time
from biomech.analysis.progress import progress_bar
with progress_bar(3, "draws", None) as bar:
    for _ in range(3):
        time.sleep(1.2)
        bar.update(1)
"""


def run(*cells: str) -> list[list[dict]]:
    """What each cell of a notebook puts out, run by a kernel."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


def words(outputs: list[dict]) -> str:
    return "".join(own.get("text", "") for own in outputs)


def shows_widget(outputs: list[dict]) -> bool:
    return any("application/vnd.jupyter.widget-view+json" in own.get("data", {}) for own in outputs)


# the kernel's own sockets and files are closed when the process that watches it ends
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_notebook_has_a_widget_and_nothing_else():
    asked, quick, hidden, long = run(
        SWEEP.format(", progress=True"), SWEEP.format(""), SWEEP.format(", progress=False"), LONG
    )
    assert shows_widget(asked)
    assert words(asked) == ""
    assert quick == hidden == []
    assert shows_widget(long)
    assert words(long) == ""


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_notebook_without_widgets_has_text_and_no_warning():
    hide = "import importlib.util, sys\nsys.modules['ipywidgets'] = None\nfound = importlib.util.find_spec\n"
    hide += "importlib.util.find_spec = lambda name, *rest: None if name == 'ipywidgets' else found(name, *rest)"
    _, asked, quick = run(hide, SWEEP.format(", progress=True"), SWEEP.format(""))
    assert not shows_widget(asked)
    assert "3/3" in words(asked)
    assert "Warning" not in words(asked)
    assert quick == []


def test_a_program_shows_a_bar_when_asked_alone():
    """Nobody watches a pipe: stderr has a bar if it was asked for, and else nothing."""
    told = {}
    for asked in (", progress=True", ""):
        code = SWEEP.format(asked)
        found = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
        assert found.stdout == ""
        told[asked] = found.stderr
    assert "3/3" in told[", progress=True"]
    assert told[""] == ""


def test_the_switch_of_tqdm_hides_what_nobody_asked_for():
    """TQDM_DISABLE=1: a machine that runs notebooks, slow or fast, draws the same; who asks for a bar has one."""
    disable = "import os\nos.environ['TQDM_DISABLE'] = '1'"
    _, long, asked = run(disable, LONG, SWEEP.format(", progress=True"))
    assert long == []
    assert shows_widget(asked)
