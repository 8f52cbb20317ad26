"""What mechanics says of the article: every proposition with its effect, its interval and a verdict.

Writes a page with a figure; ``docs/findings`` is what it writes with 1024 samples.

    python examples/findings.py [FOLDER] [--samples N]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import biomech as bm
from biomech.article.findings import CONTRASTS, OUTSIDE, Finding, PolicyOutcome

HEAD = """# Findings

What mechanics says of the article, sentence by sentence. Made by `python examples/findings.py docs/findings
--samples {samples}`.

Each sentence is split into propositions that compare two ways of standing, sitting or moving. Everything that is
uncertain about the body was drawn {samples} times, the same for both (`biomech/reference_data/priors.csv`); how the
pelvis is held is not known, so every way is shown beside the others, as are both ends of what the floor's friction
may hold.

An effect counts if it is at least 1 point of a muscle group's strength, for the back together with 60 N of
compression, for the pelvis 2 deg. *Supported*: under every way of holding the pelvis 95 % of the draws agree and
the middle one counts. *Conditional*: so under some ways only. *No meaningful effect*: 90 % of the draws are too
small to count. *Contradicted*: 95 % go the other way, and count. *Undetermined*: none of these. A share of draws
says how robust the answer is against what we do not know about a body; it is not the probability that the claim is
true.

**What this cannot say.** Statics with least effort knows no reflexes, no habitual tone, no co-contraction and no
pain. Living people have some tone in every muscle, and a hand that feels for it feels that too. Statements about a
resting tone of one or two per cent are at the edge of what the model can see: most measured forces on hips and
discs are met within a third, those on the knee in deep bends are not ([validation](../validation/README.md)).

![Effects and verdicts](findings.png)
"""


def amount(value: float, unit: str) -> str:
    """A change with its sign."""
    return f"{value:+.0f}" if unit == "N" else f"{value:+.1f}"


def column_row(finding: Finding, column: PolicyOutcome) -> str:
    """One policy as a row of a table."""
    cells = []
    for measure, (low, middle, high) in zip(finding.hypothesis.measures, column.interval, strict=True):
        ends = f"{amount(low, measure.unit)}..{amount(high, measure.unit)}"
        cells.append(f"{amount(middle, measure.unit)} {measure.unit} ({ends})")
    flags = "" if column.valid > 0.5 else "geometry not trusted"
    return f"| {column.label} | {'; '.join(cells)} | {100 * column.agree:.0f} % | {column.verdict} | {flags} |"


def section(finding: Finding) -> str:
    """A proposition."""
    own, contrast = finding.hypothesis, CONTRASTS[finding.hypothesis.contrast]
    lines = [
        f"### {own.text}",
        "",
        f"**{finding.verdict.capitalize()}.** {contrast.first.capitalize()}, against {contrast.second}.",
        "",
        "| pelvis and floor | change: middle (90 % of the draws) | agree | alone | |",
        "|---|---|---|---|---|",
        *(column_row(finding, column) for column in finding.columns),
        "",
        f"People: {own.evidence}",
    ]
    if finding.verdict == "conditional":
        lines[-1] += f" What would decide: {own.decider}."
    if finding.drivers:
        drivers = ", ".join(f"{name.replace('_', ' ')} ({rank:+.2f})" for name, rank in finding.drivers)
        lines.append(f"What drives the effect (rank correlation): {drivers}.")
    return "\n".join(lines)


def summary(findings: Sequence[Finding]) -> str:
    """The propositions by verdict."""
    lines = ["## In short"]
    for verdict in ("supported", "conditional", "contradicted", "no meaningful effect", "undetermined"):
        own = [finding.hypothesis.text for finding in findings if finding.verdict == verdict]
        if own:
            lines += ["", f"**{verdict.capitalize()}**", "", *(f"- {text}" for text in own)]
    return "\n".join(lines)


def report(findings: Sequence[Finding], samples: int) -> str:
    """The page."""
    parts = [HEAD.format(samples=samples).rstrip(), summary(findings)]
    for claim in dict.fromkeys(finding.hypothesis.claim for finding in findings):
        own = [finding for finding in findings if finding.hypothesis.claim == claim]
        parts += [f"## {claim}", *(section(finding) for finding in own)]
    parts += ["## Outside statics", "\n".join(f"- {text}" for text in OUTSIDE)]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Judge, write and draw."""
    from biomech.view import findings_chart

    parser = argparse.ArgumentParser(description="What mechanics says of the article")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("out/findings"))
    parser.add_argument("--samples", type=int, default=64)
    options = parser.parse_args()
    findings = bm.findings.assess_hypotheses(samples=options.samples)
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "README.md").write_text(report(findings, options.samples), encoding="utf-8")
    findings_chart(findings).savefig(options.folder / "findings.png", dpi=110)
    for finding in findings:
        print(f"{finding.verdict:22} {finding.hypothesis.text}")
    print(f"\nwritten: {options.folder / 'README.md'}")


if __name__ == "__main__":
    main()
