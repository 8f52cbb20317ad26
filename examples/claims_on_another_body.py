"""
The article's claims on another body
====================================

Which verdicts hang on the body? The claims are asked of the adult and of a body from a model file of OpenSim: 22
segments and 80 muscles after Rajagopal et al. (2016), scaled to a person who walks.

The file's body has no lumbar muscles: what extends its spine is given as a moment, and nothing can be said of who gives
it. Its knee stops at straight, and its hip turns less far: some stances of the claims it cannot take at all.

::

    python examples/claims_on_another_body.py [--model FILE] [--samples N] [--figure FILE]
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import biomech as bm

#: The folder of the examples; the gallery runs them in it, and does not say which it is.
_HERE = Path(globals().get("__file__", "here")).resolve().parent
#: The body of the file (``rajagopal_like/CREDITS.md`` has its credits).
MODEL = _HERE / "rajagopal_like" / "subject_walk_scaled.osim"
#: Verdicts from one end to the other, and how they are drawn.
VERDICTS = ("contradicted", "no meaningful effect", "undetermined", "conditional", "supported", "ruled out by balance")
#: Verdicts of one body that the other turns round.
OPPOSITES = {frozenset(pair) for pair in (("supported", "contradicted"), ("supported", "no meaningful effect"))}


def verdicts(model: bm.Model, samples: int) -> dict[str, str]:
    """What mechanics says of every claim, of one body: claim to verdict; of what it cannot be asked, nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bm.BiomechWarning)  # stances that a draw cannot hold are counted in findings
        found = bm.findings.assess_hypotheses(model=model, samples=samples)
    return {finding.hypothesis.text: finding.verdict for finding in found}


def run(model: bm.Model, samples: int) -> dict[str, tuple[str, str]]:
    """Claim to verdicts on the adult and on the other body, in the adult's order."""
    adult, other = verdicts(bm.load_model(), samples), verdicts(model, samples)
    return {claim: (verdict, other.get(claim, "")) for claim, verdict in adult.items()}


def message(found: dict[str, tuple[str, str]]) -> str:
    """How many verdicts are the same, and how many are turned round."""
    told = {claim: pair for claim, pair in found.items() if pair[1]}
    same = sum(a == b for a, b in told.values())
    turned = sum(frozenset(pair) in OPPOSITES for pair in told.values())
    return f"{same} of {len(told)} verdicts are the same on both bodies; {turned or 'none'} turned round"


def figure(found: dict[str, tuple[str, str]], file: Path) -> None:
    """A line a claim, from its verdict on the one body to that on the other."""
    import matplotlib.pyplot as plt

    from biomech.view.charts.colours import BROWN, GRID, MUTED, NAVY
    from biomech.view.charts.drawing import SMALL, WIDTH, headline, save_png, wrapped

    chart, panel = plt.subplots(figsize=(WIDTH, 0.33 * len(found) + 0.6), layout="constrained")
    reading = "Verdict on the adult (dot) and on the body of the file (square; none where it has no muscle to ask)."
    headline(chart, message(found), reading)
    place = {verdict: k for k, verdict in enumerate(VERDICTS)}
    for row, (_claim, (adult, other)) in enumerate(found.items()):
        panel.axhline(row, color=GRID, linewidth=0.7, zorder=0)
        if other:
            panel.plot([place[adult], place[other]], [row, row], color=MUTED, linewidth=1.2, zorder=1)
            panel.plot(place[other], row, "s", color="white", markeredgecolor=BROWN, markersize=9, zorder=2)
        panel.plot(place[adult], row, "o", color=NAVY, markersize=5.5, zorder=3)
    panel.set_yticks(range(len(found)), [wrapped(claim, 52) for claim in found], fontsize=SMALL)
    panel.set_xticks(range(len(VERDICTS)), [wrapped(words, 14) for words in VERDICTS], fontsize=SMALL)
    panel.xaxis.tick_top()
    panel.tick_params(length=0)
    panel.set(xlim=(-0.5, len(VERDICTS) - 0.5), ylim=(len(found) - 0.5, -0.5))
    panel.spines[:].set_visible(False)
    save_png(chart, file)


def main() -> None:
    """Ask, print and draw."""
    parser = argparse.ArgumentParser(description="Which of the article's verdicts hang on the body?")
    parser.add_argument("--model", type=Path, default=MODEL, help="a model file of OpenSim")
    parser.add_argument("--samples", type=int, default=16, help="draws of each body")
    parser.add_argument("--figure", type=Path, default=Path("out/claims_on_another_body.png"))
    options = parser.parse_args()
    model = bm.read_osim(options.model)
    print(f"{model.name}: {model.said}")
    found = run(model, options.samples)
    for claim, (adult, other) in found.items():
        print(f"{adult:22}{other or 'cannot be asked':22}{claim}")
    print(message(found))
    figure(found, options.figure)
    print(f"drawn: {options.figure}")


if __name__ == "__main__":
    main()
