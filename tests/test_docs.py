"""The docs say what the library does."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import biomech as bm
from biomech import symbolic
from biomech.stance.parameters import PARAMETERS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def cells(text):
    """Rows of the markdown tables of a page."""
    return [[c.strip() for c in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


@pytest.fixture(scope="module")
def glossary():
    rows = [row for row in cells((DOCS / "reference" / "glossary.md").read_text()) if row[0].startswith("`")]
    names = [row[0].strip("`") for row in rows]
    assert len(set(names)) == len(names), "each name stands once"
    return {row[0].strip("`"): row for row in rows}


def test_every_variable_is_in_the_glossary(glossary):
    ds = bm.sweep(bm.load_model("small"), pelvic_tilt=[0, "least_effort"])
    for name, variable in ds.reset_coords(["limiting_muscle", "valid"]).data_vars.items():
        assert glossary[str(name)][1] == variable.attrs["units"], name


def test_every_parameter_is_in_the_glossary(glossary):
    for name, parameter in PARAMETERS.items():
        _, unit, default, allowed = glossary[name][:4] if name != "pelvic_tilt" else (None,) * 4
        if name not in ("pelvic_tilt", "load_position"):
            assert unit == parameter.unit, name
            assert float(default) == parameter.default, name
            assert allowed == f"{parameter.least:g}..{parameter.most:g}", name


def test_the_small_models_equations_are_current():
    page = (DOCS / "theory" / "small_model.md").read_text()
    assert symbolic.latex(symbolic.sagittal_equilibrium(bm.load_model("small"))) in page


def test_the_interface_is_told_in_full():
    """Functions and classes have an entry, names of numbers and tables a word."""
    page = (DOCS / "reference" / "api.md").read_text()
    entries, words = set(re.findall(r"^   ([\w.]+)$", page, re.MULTILINE)), set(re.findall(r"`(\w+)`", page))
    for name in bm.__all__:
        value = getattr(bm, name)
        if not inspect.ismodule(value):
            assert name in entries, name
            continue
        own = getattr(value, "__all__", [n for n, v in vars(value).items() if is_own(value, n, v)])
        for part in set(own) - entries:
            assert part in words if not callable(getattr(value, part)) else f"{name}.{part}" in entries, (
                f"{name}.{part}"
            )


def is_own(module, name, value):
    return inspect.isroutine(value) and value.__module__ == module.__name__ and not name.startswith("_")


def test_links_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_a_number_of_the_readme():
    """The figures that README gives come from a run."""
    text = (ROOT / "README.md").read_text()
    ds = bm.sweep(bm.load_model(), foot_rotation=[0, 60], pelvic_tilt=[0, "least_effort"])
    back = (100 * ds.group_activation.sel(group="lumbar_extensors")).round(1).values
    assert f"{back[0, 0]:.1f} %" in text
    assert np.ptp(back[:, 0]) == 0.0
    assert f"{back[1, 1]:.1f} %" in text


#: A cell of a notebook: its options, then its code.
CELL = re.compile(r"^```\{code-cell\}\n(?::[^\n]*\n|---\n.*?^---\n)*(.*?)^```", re.DOTALL | re.MULTILINE)


def snippets():
    """Blocks of Python, each by itself; the cells of a page that is a notebook, one after the other."""
    for page in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]:
        if page.name == "extending.md":  # which registers for good: it has a process of its own
            continue
        text = page.read_text()
        for i, code in enumerate(re.findall(r"```python\n(.*?)```", text, re.DOTALL)):
            yield pytest.param(code, id=f"{page.name}-{i}")
        cells = CELL.findall(text)
        assert len(cells) == text.count("```{code-cell}")
        if cells:
            yield pytest.param("\n".join(cells), id=page.name)


@pytest.mark.parametrize("code", list(snippets()))
def test_snippets_run(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write a file
    exec(compile(code, "snippet", "exec"), {})


def test_the_examples_of_extending_run():
    """In a process of their own: what they register holds as long as it."""
    blocks = re.findall(
        r"^```python\n(.*?)^```", (DOCS / "about" / "extending.md").read_text(), re.DOTALL | re.MULTILINE
    )
    assert len(blocks) == 6
    filters = ["-W", "error", "-W", "ignore::biomech.errors.BiomechWarning"]
    done = subprocess.run([sys.executable, *filters, "-c", "\n".join(blocks)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
