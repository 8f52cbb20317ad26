"""``article_page``: the article's claims as one file that any browser opens, without network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from biomech._arguments import instance, whole_number
from biomech.article.findings import Finding, assess_hypotheses
from biomech.article.scenarios import PALPABLE
from biomech.model.catalog import load_model
from biomech.model.model import Model
from biomech.view.article_page.claims import describe_claims, describe_verdicts, known_findings
from biomech.view.article_page.stances import shown_stances
from biomech.view.body_page.answer import read_answer
from biomech.view.body_page.contents import contents
from biomech.view.body_page.write import SCRIPTS, Page, asset, read_place, write_page
from biomech.view.pages.findings_summary import PERHAPS, SURELY

_HEADING = "Lower back pain and your legs: what bodies say"
_ASSETS = "biomech.view.article_page"


def article_page(
    path: str | os.PathLike[str],
    *,
    findings: Sequence[Finding] | None = None,
    model: Model | None = None,
    samples: int = 32,
    progress: bool | None = None,
) -> Path:
    """Write the article's claims as a page: for each two bodies side by side, what hands would feel, and its verdict.

    One file, for any browser, without network. Sliders turn feet and knees, move the weight and say how the pelvis is
    held; every claim stands there with its verdict, from which size on an effect counts, what would have to happen for
    it to hold, and what was measured on people.

    Parameters
    ----------
    path : path-like
        The file, ``.html``. It is written whole or not at all, over one that is there.
    findings : sequence of Finding, optional
        What ``bm.findings.assess_hypotheses`` answered; computed here if not given.
    model : Model, optional
        The body; the built-in adult.
    samples : int
        Bodies that are drawn, where the findings are computed here. docs/article is made with 1024.
    progress : bool, optional
        As in ``sweep``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    StanceError
        Naming the argument, the value and what is allowed. Nothing is written.

    Examples
    --------
    >>> import biomech as bm, tempfile, pathlib
    >>> found = bm.findings.assess_hypotheses(["leaning_back"], samples=8)
    >>> folder = tempfile.TemporaryDirectory()
    >>> bm.view.article_page(pathlib.Path(folder.name) / "article.html", findings=found).name
    'article.html'
    >>> folder.cleanup()
    """
    place = read_place(path)
    body = load_model() if model is None else instance("model", model, Model, "a Model, or None")
    samples = whole_number("samples", samples, 2, 2**24)
    if findings is None:
        return write_page(place, _page(body, assess_hypotheses(model=body, samples=samples, progress=progress)))
    return write_page(place, _page(body, known_findings(findings)))


def _page(model: Model, findings: Sequence[Finding]) -> Page:
    """What is on the page."""
    scenes, contrasts = shown_stances(model)
    told: dict[str, Any] = {}
    for name, ds in scenes.items():
        header, packed = contents(read_answer(ds, model, None))
        body = header.pop("body")  # the same in all of them
        told[name] = {"header": header, "block": packed.block}
    data = {
        "body": body,
        "scenes": told,
        "contrasts": {name: vars(own) for name, own in contrasts.items()},
        "claims": describe_claims(findings),
        "verdicts": describe_verdicts(findings),
        "places": dict(PALPABLE),
        "hands": {"perhaps": PERHAPS, "surely": SURELY},
    }
    script = "\n".join([*(asset(name) for name in SCRIPTS), asset("article.js", _ASSETS)])
    style = asset("page.css") + asset("article.css", _ASSETS)
    return Page(asset("article.html", _ASSETS), _HEADING, style, script, data)
