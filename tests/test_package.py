"""What a user meets first."""

import importlib
import re
import subprocess
import sys

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
