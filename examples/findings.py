"""
Findings: what mechanics says of an article
===========================================

What mechanics and measurements say of the article: every claim with its effect, its interval and a verdict.

Writes two pages and a figure; ``docs/findings`` is what it writes with 1024 samples and 128 flips.

::

    python examples/findings.py [FOLDER] [--samples N] [--flips N]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import biomech as bm
from biomech.article.policy_scores import predicted_sway, score_policies


def main() -> None:
    """Assess, write and draw."""
    from biomech.view import findings_chart
    from biomech.view.charts.drawing import save_png
    from biomech.view.pages.findings_page import evidence_page, findings_page

    parser = argparse.ArgumentParser(description="What mechanics and measurements say of the article")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("out/findings"))
    parser.add_argument("--samples", type=int, default=32, help="bodies")
    parser.add_argument("--flips", type=int, default=0, help="bodies for each doubtful prior, halved and doubled")
    options = parser.parse_args()
    model = bm.load_model()
    findings = bm.findings.assess_hypotheses(model=model, samples=options.samples, flips=options.flips)
    scores, sways = score_policies(model, samples=options.samples), predicted_sway(model)
    page = findings_page(findings, scores, sways, model, options.samples, options.flips)
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "README.md").write_text(page, encoding="utf-8")
    (options.folder / "evidence.md").write_text(evidence_page(), encoding="utf-8")
    save_png(findings_chart(findings), options.folder / "findings.png")
    for finding in findings:
        print(f"{finding.verdict:22} {finding.hypothesis.text}")
    print(f"\nwritten: {options.folder / 'README.md'}")


if __name__ == "__main__":
    main()
