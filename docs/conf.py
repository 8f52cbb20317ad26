"""How the site is built: ``python -m sphinx -W --keep-going -b html docs build/docs``. It reads without a network."""

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx

import biomech

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))
for _name in ("findings", "scenarios"):  # public as biomech.findings, though the module lies elsewhere
    sys.modules[f"biomech.{_name}"] = getattr(biomech, _name)

project = "biomech"
author = copyright = "The biomech contributors"
release = version = biomech.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "myst_nb",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "links_to_the_repository",
]
exclude_patterns = ["_extensions", "_templates", "gallery/*.ipynb"]
templates_path = ["_templates"]
nitpicky = False

# Pages: Markdown. Those with code cells are run as notebooks; an error in a cell is an error of the build.
myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
os.environ.pop("MPLBACKEND", None)  # or notebooks would draw nowhere
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # a widget's scripts come from a network
os.environ["TQDM_DISABLE"] = "1"  # a bar would appear on a slow machine alone

# One script of MathJax, from a package: no page asks the network for anything.
_MATHJAX = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax" / "tex-svg.js"
mathjax_path = _MATHJAX.name
html_static_path = ["_static", str(_MATHJAX)]

# The interface: what is public by ``__all__``, from the docstrings, which pytest runs.
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say types in words, and more than a type can
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

# The gallery: every example is run as a script, as pytest runs its functions.
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "reset_argv": "example_arguments.arguments",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "min_reported_time": 0,
    "show_memory": False,
    "show_signature": False,
    "default_thumb_file": str(Path(__file__).parent / "images" / "performance.png"),
    "write_computation_times": False,
    "within_subsection_order": "FileNameSortKey",
}


def setup(app: Sphinx) -> None:
    """Lay the article's page beside the others: one file that is written, not built."""
    app.connect("build-finished", _copy_article)


def _copy_article(app: Sphinx, _error: Exception | None) -> None:
    shutil.copytree(Path(__file__).parent / "article", Path(app.outdir) / "article", dirs_exist_ok=True)


html_theme = "pydata_sphinx_theme"
html_title = "biomech"
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "default",
    "pygments_dark_style": "github-dark",
}
