"""What a user meets first."""

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import biomech as bm


def test_public_names_are_there():
    for name in bm.__all__:
        assert getattr(bm, name) is not None
    assert set(bm.__all__) < set(dir(bm))


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="'biomech' has no attribute 'swep'"):
        _ = bm.swep


def test_import_is_light():
    """Compiled kernels, xarray, SymPy and Matplotlib wait for their first use."""
    heavy = ("numba", "xarray", "sympy", "matplotlib", "scipy")
    code = f"import sys, biomech; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_reading_a_stance_needs_no_xarray():
    code = (
        "import sys; from biomech.stance.parsing import parse_stance;"
        "parse_stance({'pelvic_tilt': [0, 'hanging'], 'support': ['both', 'right'], 'slope': [0, 5], 'friction': 0.5});"
        "print('xarray' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_sweeping_needs_no_matplotlib():
    code = (
        "import sys; sys.modules['matplotlib'] = None; import biomech as bm;"
        "print(int(bm.sweep(bm.load_model('small'), pelvic_tilt=0).status))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "0"


@pytest.mark.parametrize(
    ("old", "name", "new", "better"),
    [
        ("biomech.article.findings", "judge", "biomech.article.findings", "assess_hypotheses"),
        ("biomech.article.findings", "Column", "biomech.article.findings", "PolicyOutcome"),
        ("biomech.article.findings", "PROPOSITIONS", "biomech.article.findings", "HYPOTHESES"),
        ("biomech.study.findings", "CONTRASTS", "biomech.article.findings", "CONTRASTS"),
        ("biomech.study.validation", "Posture", "biomech.article.validation", "MeasuredPosture"),
        ("biomech.study.validation", "validate", "biomech.article.validation", "validate"),
        ("biomech.study.strength", "strength_curves", "biomech.analysis.joint_strength", "strength_curves"),
    ],
)
def test_old_names_work_and_say_the_new_one(old, name, new, better):
    with pytest.warns(DeprecationWarning, match=re.escape(f"is now {new}")):
        found = getattr(importlib.import_module(old), name)
    assert found is getattr(importlib.import_module(new), better)


def test_what_never_was_has_no_name():
    for module in ("biomech.article.findings", "biomech.study.findings"):
        with pytest.raises(AttributeError, match="no_such"):
            _ = importlib.import_module(module).no_such


def test_whatever_is_bundled_is_credited():
    """Of every file that is no code of ours, NOTICE names the folder, or one above it."""
    root = Path(bm.__file__).parent
    notice = (root.parent / "NOTICE.md").read_text(encoding="utf-8")
    own = {".py", ".pyc", ".md", ".typed", ".so", ".json", ".js", ".css", ".html"}
    files = [path for path in root.rglob("*") if path.is_file()]
    bundled = [path for path in files if path.suffix not in own or path.name.endswith(".bundle.js")]
    assert len(bundled) > 40
    for path in bundled:
        above = [folder.relative_to(root.parent).as_posix() for folder in path.parents if folder.is_relative_to(root)]
        assert any(f"`{folder}`" in notice for folder in above), path


def test_versions_and_licence_are_one():
    """CITATION.cff and pyproject.toml say the same."""
    root = Path(bm.__file__).parents[1]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (root / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {project['version']}\n" in citation
    assert f"license: {project['license']}\n" in citation
    assert all((root / name).exists() for name in project["license-files"])


@pytest.mark.parametrize("extra", ["plot", "scale", "test"])
def test_every_requirement_has_a_bound_from_below(extra):
    root = Path(bm.__file__).parents[1]
    found = subprocess.run(
        [sys.executable, root / ".ci" / "oldest.py", extra], capture_output=True, text=True, check=True
    )
    lines = found.stdout.split()
    assert "numpy==2.0" in lines
    assert len({line.partition("==")[0] for line in lines}) == len(lines), "each once"
