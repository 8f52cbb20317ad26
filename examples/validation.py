"""
The model beside living people
==============================

The model beside living people: contact forces of hips and knees, disc forces, strength, moment arms.

Writes a report with figures; ``docs/validation`` is what it writes with 1024 samples. With ``--stage`` it records what
the code gives now as a stage of the history instead (``biomech/reference_data/history.csv``): after a change of the
model, or of what it is compared with.

::

    python examples/validation.py [FOLDER] [--samples N]
    python examples/validation.py --stage NAME --reason TEXT
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import xarray as xr

import biomech as bm
from biomech.analysis.joint_strength import moment_arm_rows, strength_curves, strength_norms
from biomech.article.validation import (
    GROUPS,
    REPORTED,
    SPINE,
    VARIANTS,
    changes,
    history,
    label_of,
    measurements,
    postures,
    predicted_at_means,
    record_stage,
    scores,
    spine_scores,
    stance_of,
    summary,
    validate,
)
from biomech.reference_data import read_rows

WORDS = [name.replace("_", " ") for name in VARIANTS]

HEAD = """# Validation

Made by `python examples/validation.py docs/validation --samples {samples}` from the code as it stands. Postures,
priors, measurements and variants are in `biomech/reference_data`, each number with its source; they were frozen before
the first comparison, and [what was changed since](#what-changed-after-the-first-comparison) stands below, old beside
new. Nothing was fitted to a row; where the weight lies on stairs was set by what the knee must hold there as people's
was measured, so the force of that row is conditional on that moment.

Three models: *as built*; *with pressure*, with half of the measured abdominal pressure; *with tone*, with 2 % of tone
in back and belly besides. Tone is an input, and no finding. (Up to the stage *lumbar tissue* the second had a lumbar
curve of its own as well.)
"""

HOW_JUDGED = """*Error*: of the prediction at the means of model and posture. *Worst case*: the error of that end of the
90 % interval ({samples} draws of model and posture) which is further from what was measured. *Inside*: measured values
that lie in the interval; of good intervals 90 % do. *Score*: width of the interval, and 20 times how far the
measured value lies outside, over the measured value (interval score, Gneiting & Raftery 2007, J Am Stat Assoc
102:359); small is good, and a wide interval pays for being right. Axial force and resultant of the knee are one
measurement. Draws that cannot be held are left out of the intervals, at most {lost:.1f} % of a row ({where}).
"""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def number(value: float, unit: str) -> str:
    """A value at the digits that its unit deserves."""
    digits = {"N": 0, "percent": 1}.get(unit, 2)
    return "" if np.isnan(value) else f"{value:.{digits}f}"


def percent(value: float, sign: bool = False) -> str:
    """A share in percent."""
    return f"{100 * float(value):+.0f}" if sign else f"{100 * float(value):.0f}"


def of_variants(values: xr.DataArray, sign: bool = False) -> str:
    """Percent for each variant; one number where they are alike."""
    words = [percent(v, sign) for v in values.sel(variant=list(VARIANTS))]
    return " / ".join(words if len(set(words)) > 1 else words[:1])


def short_table(ds: xr.Dataset) -> str:
    """Every group: mean and worst, per variant."""
    found = summary(ds)
    rows = []
    for group in found.group.values:
        own = found.sel(group=group)
        worst = own.worst_row.sel(variant="with_tone").item()
        inside = " / ".join(f"{float(v):.0f}" for v in own.coverage * own["count"])
        score = " / ".join(f"{float(v):.1f}" for v in own.score.sel(variant=list(VARIANTS)))
        rows.append([f"{group} ({int(own['count'])})", of_variants(own.mean_error),
                     f"{of_variants(own.worst_error)} ({label_of(worst).partition(': ')[2]})",
                     of_variants(own.worst_case), inside, score])  # fmt: skip
    head = ["rows (how many)", "mean error, %", "worst error, % (which, with tone)", "worst case, %", "inside", "score"]
    return table(head, rows)


def short_words(ds: xr.Dataset) -> str:
    """What a reader may rely on, and what not, in sentences."""
    found, own = summary(ds), scores(ds)
    judged = own.isel(row=(own.group != REPORTED).values)
    covered = {v: int(judged.covered.sel(variant=v).sum()) for v in VARIANTS}
    count = judged.sizes["row"]
    lines = [
        f"*As built / with pressure / with tone*; one number where they are alike. Of {count} measured values "
        f"{' / '.join(str(n) for n in covered.values())} lie in the 90 % intervals: "
        f"{percent(covered['with_tone'] / count)} % with tone, where it should be 90 %. The intervals are too narrow, "
        "or the model is wrong by more than its inputs are unsure."
    ]
    for group in (name for name in GROUPS if name in found.group.values):
        plain, tone = (found.sel(group=group, variant=v) for v in ("as_built", "with_tone"))
        worst = label_of(tone.worst_row.item()).partition(": ")[2]
        unlike = off(plain) != off(tone)
        words = f"{'with tone ' if unlike else ''}{off(tone)} ({worst})"
        more = f"; as built {off(plain)}" if unlike else ""
        lines.append(f"- **{group[:1].upper()}{group[1:]}**: {words}{more}.")
    left = np.abs(own.error.sel(variant="with_tone").isel(row=(own.group == REPORTED).values))
    lines.append(
        f"- **Not judged**: {left.size} rows of which no number could be found and read, or that no mean goes with; "
        f"{percent(left.min())} to {percent(left.max())} % off. They were judged before but for one, and leaving them "
        f"out may flatter: with its rows among them {with_unjudged(own)}. They stand [below](#not-judged), and in the "
        "list of changes."
    )
    return "\n".join([lines[0], "", *lines[1:]])


def with_unjudged(own: xr.Dataset) -> str:
    """How far hip and knee are off if rows that are not judged are counted, too."""
    words = []
    for name, quantity in (("the hip", "hip_r"), ("the knee's resultant", "knee_r")):
        rows = [row for row, about in measurements().items() if about["quantity"] == quantity]
        size = np.abs(own.error.sel(variant="with_tone", row=rows))
        words.append(f"{name} is {percent(size.mean())} % off on average and {percent(size.max())} % at worst")
    return ", ".join(words)


def off(figures: xr.Dataset) -> str:
    """Mean and worst error of a group in words; of errors past 300 % the factor."""
    mean, worst = float(figures.mean_error), float(figures.worst_error)
    if worst > 3.0:
        return f"{1.0 + mean:.0f} times what was measured on average, {1.0 + worst:.0f} times at worst"
    return f"{percent(mean)} % off on average, {percent(worst)} % at worst"


def rows_table(ds: xr.Dataset, judged: bool) -> str:
    """Rows that are judged, or the others: measured, predicted, errors, worst cases, inside, score."""
    found, rows = scores(ds), []
    order = [*GROUPS, REPORTED]
    for name in sorted(measurements(), key=lambda name: order.index(found.group.sel(row=name).item())):
        row, own, score = measurements()[name], ds.isel(tilt=0).sel(row=name), found.sel(row=name)
        if (score.group.item() != REPORTED) != judged:
            continue
        unit = str(own.unit.values)
        cells = [
            f"{number(float(v.predicted), unit)} [{number(float(v.lower), unit)}, {number(float(v.upper), unit)}]"
            for v in (own.sel(variant=variant) for variant in VARIANTS)
        ]
        inside = "".join("yes " if bool(score.covered.sel(variant=v)) else "no " for v in VARIANTS).strip()
        points = " / ".join(f"{float(score.interval_score.sel(variant=v)):.2f}" for v in VARIANTS)
        value = f"{number(float(own.measured), unit)} {unit.replace('percent', '%')} ({row['read']})"
        rows.append([label_of(name), value, *cells, of_variants(score.error, True),
                     f"{of_variants(score.worst_case, True)} (**{percent(score.worst_variant, True)}**)",
                     inside.replace(" ", " / "), points, row["not_comparable"]])  # fmt: skip
    head = ["row", "measured", *WORDS, "error, %", "worst case, % (**of all**)", "inside", "score", "not comparable"]
    return table(head, rows)


def ratios_table(ds: xr.Dataset) -> str:
    """The spine rows as ratios to standing, and their figures."""
    found, rows = spine_scores(ds), []
    for name in SPINE[1:]:
        own = found.sel(row=name)
        cells = [
            f"{float(v.ratio):.2f} [{float(v.ratio_lower):.2f}, {float(v.ratio_upper):.2f}]"
            for v in (own.sel(variant=variant) for variant in VARIANTS)
        ]
        error = of_variants(own.ratio / own.measured_ratio - 1.0, True)
        rows.append([label_of(name).removeprefix("disc: "), f"{float(own.measured_ratio):.2f}", *cells, error])
    near = (np.abs(found.force_error) <= 0.25).sum("row")
    figures = (
        ("mean absolute error of the ratios", [f"{100 * float(e):.1f} %" for e in found.ratio_error]),
        ("worst absolute error of the ratios", [f"{100 * float(e):.1f} %" for e in found.worst_ratio_error]),
        ("measured inside the interval, of 6", [str(int(n)) for n in found.inside]),
        ("forces within 25 %, of 6", [str(int(n)) for n in near]),
    )
    rows += [[f"**{label}**", "", *values, ""] for label, values in figures]
    return table(["ratio to standing", "measured", *WORDS, "error, %"], rows)


def knee_table(model: bm.Model) -> str:
    """Axial force and shear with the patellar tendon, and with the quadriceps along their paths as in OpenSim."""
    off = predicted_at_means(model.replace({"settings/extensor_mechanism": 0.0})).sel(variant="as_built", tilt="0")
    on = predicted_at_means(model).sel(variant="as_built", tilt="0")
    rows = []
    for name, row in measurements().items():
        if row["quantity"] in ("knee_r", "knee_r_axial", "knee_r_shear"):
            ends = f" ({row['low']} to {row['high']})" if row["low"] else ""
            cells = (f"{float(own.sel(row=name)):.2f}" for own in (off, on))
            rows.append([label_of(name), f"{float(row['value']):.2f}{ends} BW", *cells])
    return table(["knee", "measured", "as in OpenSim", "with the tendon"], rows)


def moments_table(model: bm.Model) -> str:
    """What hips and knees must hold in the postures, beside published inverse dynamics."""
    rows = []
    for row in read_rows("joint_moments"):
        held = joint_moments(model, row["posture"])
        value = sum(held[joint] for joint in row["joints"].split(" and "))
        rows.append([f"{row['posture'].replace('_', ' ')}, {row['joints']}", f"{value:.2f}",
                     f"{row['least']} to {row['most']}", row["source"]])  # fmt: skip
    return table(["posture, joint", "model, N.m/kg a leg", "people", "source"], rows)


def joint_moments(model: bm.Model, name: str) -> dict[str, float]:
    """Extending moment of muscles and tissue at the right hip and knee (N.m/kg), at the means of a posture."""
    posture = postures()[name]
    ds = bm.sweep(model, **stance_of(posture, model))
    geometry = model.muscle_geometry().moment_arm.coordinate.values
    angles = {str(c): float(ds.coordinate_angle.sel(coordinate=c)) for c in ds.coordinate.values if c in geometry}
    arms = model.muscle_geometry(**angles).moment_arm.isel(pose=0)
    found = {}
    for joint, coordinate, sign in (("knee", "knee_angle_r", 1.0), ("hip", "hip_flexion_r", -1.0)):
        muscles = float((arms.sel(coordinate=coordinate) * ds.muscle_force).sum())
        tissue = float(ds.passive_moment.sel(coordinate=coordinate))
        found[joint] = sign * posture.mean("factor", 1.0) * (muscles + tissue) / model.body_mass
    return found


def stages_table() -> str:
    """What changed the predictions, in order, and why."""
    return table(["stage", "what was changed, and why"], [[name, why] for name, why in history().reasons.items()])


def history_table() -> str:
    """Every row at every stage: as built, and with tone where it differs; what each stage moved it by."""
    past = history().values
    stages = list(past.stage.values)
    rows = []
    for name in past.row.values:
        own = past.sel(row=name)
        unit = str(own.unit.values)
        old, new = (number(float(own.measured.dropna("stage").isel(stage=k)), unit) for k in (0, -1))
        at = [own.predicted.sel(stage=stage, drop=True) for stage in stages]
        moved = [pair(after - before, unit, True) for before, after in pairwise(at)]
        measured = old if old == new else f"{old}, now {new}"
        rows.append([label_of(name), measured, pair(at[0], unit), *moved, pair(at[-1], unit)])
    return table(["row", "measured", stages[0], *(f"+ {stage}" for stage in stages[1:]), "now"], rows)


def pair(values: xr.DataArray, unit: str, sign: bool = False) -> str:
    """As built, and with tone where that is another number; of a step nothing where it moves nothing."""
    words = []
    for variant in ("as_built", "with_tone"):
        value = float(values.sel(variant=variant))
        said = number(value, unit)
        words.append(("+" if value > 0 else "") + said if sign and said else said)
    still = sign and all(not word or float(word) == 0.0 for word in words)
    return "" if still else " / ".join(dict.fromkeys(words))


def changes_table() -> str:
    """Measured values and postures that were changed, old beside new."""
    rows = [[row["kind"], row["of"].replace("_", " "), row["parameter"].replace("_", " "), row["old"] or "-",
             row["new"] or "-", row["reason"], row["source"]] for row in changes()]  # fmt: skip
    return table(["what", "of", "which", "old", "new", "reason", "source"], rows)


def strength_table(model: bm.Model) -> str:
    """Peak strength of every motion beside all norms, with the muscles that give most where it is outside of them."""
    rows, norms = [], strength_norms()
    for motion, (_, moments, _) in strength_curves(model).items():
        means = [float(norm["mean"]) for norm in norms[motion]]
        people = sum(int(norm["n"] or 0) for norm in norms[motion])
        total = moments.sum("muscle")
        peak, ends = float(total.max()), (means[0], float(np.median(means)), means[-1])
        most = strongest(moments.isel(pose=int(total.values.argmax())))
        outside = not means[0] <= peak <= means[-1] if len(means) > 1 else not 2 / 3 <= peak / means[0] <= 1.5
        ends = ends if len(means) > 1 else ends[:1]
        rows.append([motion, f"{peak:.0f}", " / ".join(f"{end:.0f}" for end in ends),
                     f"{len(means)} ({people or 'not read'})", " / ".join(f"{peak / end:.2f}" for end in ends),
                     most if outside else ""])  # fmt: skip
    head = ["motion", "model, peak N.m", "people: lowest / median / highest", "studies (men)", "ratio to each",
            "outside: what gives most, N.m"]  # fmt: skip
    return table(head, rows)


def strongest(moments: xr.DataArray) -> str:
    """The three muscles that give most, both sides together."""
    both: dict[str, float] = {}
    for name, value in zip(moments.muscle.values, moments.values, strict=True):
        both[str(name)[:-2]] = both.get(str(name)[:-2], 0.0) + float(value)
    most = sorted(both, key=lambda name: -both[name])[:3]
    return ", ".join(f"{name} {both[name]:.0f}" for name in most)


def arms_table(model: bm.Model) -> str:
    """Moment arms beside the literature."""
    rows = []
    for arm, row in moment_arm_rows(model):
        least, most = float(row["least"]), float(row["most"])
        out = "" if least <= arm <= most else f"off by {max(least - arm, arm - most):.0f}"
        where = row["coordinate"].removesuffix("_r") + (f", {row['pose'].replace('_r=', ' ')}" if row["pose"] else "")
        muscle = ", ".join(name.removesuffix("_r") for name in row["muscle"].split(";"))
        studies = row["n_studies"] or row["read"]
        rows.append([muscle, where, f"{arm:.0f}", f"{least:.0f}..{most:.0f}", studies, out])
    return table(["muscle", "coordinate, pose", "model, mm", "literature", "studies", ""], rows)


def silence(model: bm.Model) -> dict[str, float]:
    """Where the lumbar extensors fall silent in a slow stoop, and what that does to compression (deg, N).

    Silent is under 5 % of their strength past 45 deg of lean: what surface electrodes hardly tell from rest.
    """
    leans = np.arange(0.0, 100.5, 0.5)

    def stoop(body: bm.Model) -> xr.Dataset:
        keep = ["group_activation", "lumbar_compression", "pelvic_tilt"]
        return bm.sweep(body, trunk_lean=leans, pelvic_tilt="rhythm", knee_flexion=5, variables=keep)

    def silent(ds: xr.Dataset) -> int:
        tone = ds.group_activation.sel(group="lumbar_extensors").values
        return int(np.argmax((tone < 0.05) & (leans > 45.0)))

    own = stoop(model)
    tone, end = own.group_activation.sel(group="lumbar_extensors").values, silent(own)
    share = model.value("settings/lumbar_line_share")
    most = model.scale({"passive/lumbar_curve_moment": (120.0 - 15.7) / (95.0 - 15.7)})
    spring = model.replace({"passive/lumbar_curve_moment": 0.0, "passive/lumbar_flexion_stiffness": 0.36})
    upright = {"trunk_lean": 90.0}
    return {
        "peak": leans[int(np.argmax(tone))],
        "silent": leans[end],
        "flexion": (leans[end] - float(own.pelvic_tilt[end])) / share,
        "upper": leans[silent(stoop(most))],
        "with_tissue": float(own.lumbar_compression.sel(upright)),
        "without": float(stoop(spring).lumbar_compression.sel(upright)),
    }


def most_lost(ds: xr.Dataset) -> dict[str, float | str]:
    """The largest share of draws that cannot be held (percent), and of which row."""
    lost = ds.lost.max(["variant", "tilt"])
    worst = lost.idxmax("row").item()
    return {"lost": 100.0 * float(lost.max()), "where": label_of(worst)}


def report(ds: xr.Dataset, model: bm.Model) -> str:
    """The page."""
    samples = ds.sizes["sample"]
    return "\n\n".join(
        [
            HEAD.format(samples=samples).rstrip(),
            "## In short", short_words(ds), "![Predictions over measurements](validation.png)", short_table(ds),
            HOW_JUDGED.format(samples=samples, **most_lost(ds)).rstrip(),
            "## The spine, as ratios to standing", ratios_table(ds),
            "## Every row", rows_table(ds, judged=True),
            UNJUDGED.rstrip(), rows_table(ds, judged=False),
            KNEE.rstrip(), knee_table(model),
            MOMENTS.rstrip(), moments_table(model),
            REMARKS.format(**silence(model)).rstrip(),
            CHANGED.rstrip(), stages_table(), history_table(), changes_table(),
            STRENGTH.rstrip(), "![Strength over angle](strength.png)", strength_table(model),
            ARMS.rstrip(), arms_table(model),
            PEERS.rstrip(),
        ]
    ) + "\n"  # fmt: skip


UNJUDGED = """### Not judged

Values that were found in no source that could be read (*memory*), means without a mean to go with, and one lift that
was in motion. They are shown, and count in nothing above.
"""


KNEE = """## The knee, axial and shear

Implants measure a force that is almost along the tibia: its shear is 10 to 20 times smaller (Kutzner et al. 2010). It
is so here too where hamstrings rest. Shear here is what cartilage, cruciate ligaments and capsule bear together, the
implant's is its own part. *As in OpenSim* (`settings/extensor_mechanism` 0) the quadriceps pull the tibia along their
paths, as they did here before: the power on the knee's coordinate stayed open by 39 to 49 N.m in the postures of the
first comparison, and the force came out as shear.

The tension of the tendon over the force of the quadriceps is .89 at 10 deg of flexion and .75 at 70. Buff et al. 1988
measured 1.16 and .65 on eight cadaver knees, and in living people it is above 1 up to 20 deg (PMC4662057): the moment
arms of the quadriceps are gait2392's, those of the tendon were measured on other knees.
"""


MOMENTS = """## What the postures ask

What muscles and tissue must hold at the means of a posture, beside inverse dynamics of people who move: where the model
must hold less than people do, a force that is too high is not the posture's fault.
"""


REMARKS = """## What falls short, and why

- **Knees that rise, sit down or bend** come out too high, the resultant more than the axial force: hamstrings that
  extend the hip pull the tibia backwards, and least effort uses them though gluteus maximus has its measured arm now.
  What the postures ask is not more than people hold. People who rise also share the weight with the seat and throw the
  trunk; a posture that is held must have the weight over the feet.
- **One-legged standing** has hip and knee too low: least effort knows no co-contraction, and the knee's value is a mean
  of peaks.
- **The standing disc** is a third too low without tone and right with it. Tone is an input here and no finding: no
  number for it in percent of the maximum was found.
- **The sitting disc** was a third too low without tone and right with it before the lumbar tissue had a source, and is
  a sixth too low and a quarter too high now: at 17 deg of lumbar flexion tissue that is slack in standing holds
  8 N.m, and an upright trunk asks for less. Where discs are neutral (`lumbar_neutral`, drawn from 10 deg of flexion to
  5 of extension) is part of it.
- **Close and away** are too high by a quarter: how far in front of L5/S1 the load was, and what the arms did, was never
  measured.
- **Stairs** at the hip: the leg bears all weight, with no push from the other foot, no handrail and no trunk that leans
  over it.
- **The back falls silent later than people's.** In a slow stoop the lumbar extensors do most at {peak:.0f} deg of lean,
  fall below 5 % at {silent:.0f} deg, {flexion:.0f} deg of lumbar flexion, and would be silent just past the end of the
  range; in people it is at 48 SD 6 deg of flexion, a trunk at 80 SD 13 (Kippers & Parker 1984, 40 people). Tissue that
  bears 120 N.m, the upper reading of Dolan et al. 1994, makes it {upper:.0f} deg of lean. It was not fitted.
  Compression in a stoop is hardly changed by it, because the tissue pulls at an arm of 5 cm where muscles have 5 to 6:
  {with_tissue:.0f} N at 90 deg of lean, {without:.0f} N with the spring of before.
- **The calf** is stronger than any group of people: its measured volume gives it at 35 N/cm2. The tendon is rigid here;
  one that stretches by 5 % takes 12 of 44 mm from the fibres of soleus, and with them some of their force.
"""


CHANGED = """## What changed after the first comparison

Each stage was recorded from the code as it stood (`--stage`), at the means and with a level pelvis. In the table what
each moved a row by: *as built*, and *with tone* where that is another number; newton, body weights or percent as in the
tables above. Then every measured value and posture that was changed, old beside new. A posture or a value is changed
because of a publication; the one on stairs because of published moments at the knee, not of its force.
"""


STRENGTH = """## Strength

Maximal isometric moments beside healthy young men: every study that was found, its largest moment over its angles.
Most of the studies were read in a compilation that had digitised them, not in the original (`read` in
`biomech/reference_data/strength_norms.csv`, which has the women too). Trunk extension rests on one table at second
hand, trunk flexion on memory.
"""


ARMS = """## Moment arms

Arms of several muscles are their mean, weighted by strength. Ends are the range of studies or, where there are one or
two, that and a judgment (`biomech/reference_data/moment_arms.csv`).
"""


PEERS = """## Beside other software

`python benchmarks/peers.py` gives the same 25 frames of standing and the same gait2392 to OpenSim 4.6 and to
MuJoCo. MuJoCo, with its own kinematics from the same tables, agrees to 1e-15 m in every moment arm, 1e-7 N.m in the
required moments and, with quadprog, 1e-10 in activation; OpenSim's own answers differ by 3e-5, the tolerance of its
optimiser. A frame takes MuJoCo and quadprog about 160
times as long as `static_optimization` (23 us), OpenSim about 4,300 times.
"""


def main() -> None:
    """Validate, write and draw; or record a stage."""
    parser = argparse.ArgumentParser(description="The model beside living people")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("out/validation"))
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--stage", help="record what the code gives now as this stage of the history, and end")
    parser.add_argument("--reason", default="", help="what was changed, and why")
    options = parser.parse_args()
    if options.stage:
        record_stage(options.stage, options.reason)
        print(history_table())
        return
    write(options.folder, options.samples)


def write(folder: Path, samples: int) -> None:
    """Write the page and its figures."""
    from biomech.view import strength_chart, validation_chart
    from biomech.view.charts.drawing import save_png

    model = bm.load_model()
    ds = validate(samples=samples)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(report(ds, model), encoding="utf-8")
    save_png(validation_chart(ds), folder / "validation.png")
    save_png(strength_chart(strength_curves(model)), folder / "strength.png")
    print(short_table(ds))
    print(f"\nwritten: {folder / 'README.md'}")


if __name__ == "__main__":
    main()
