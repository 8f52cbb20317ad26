"""What charts look like: pictures and words of fixed data, and text that can be read.

After a change that is meant, make both anew, and look at them:

    python -m pytest tests/test_charts.py -k looks --mpl-generate-path=tests/baseline
    python tests/chart_data.py
"""

from __future__ import annotations

import itertools

import chart_data
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

import biomech as bm
from biomech.view.charts import colours, drawing

mpl.use("Agg")

#: README shows a picture this wide, and no text there is smaller (pixels).
README, LEAST = 830.0, 9.0
NAMES = sorted(chart_data.charts())


@pytest.fixture(params=NAMES)
def figure(request):
    drawn = chart_data.charts()[request.param]()
    drawn.draw_without_rendering()
    yield drawn
    plt.close(drawn)


#: Root mean square of the pixels. Matplotlib 3.9.4 and 3.11.2 differ by 0.00, on a map by .05. What was tried and must
#: fail: a dot of the findings left out, 1.2; a line left out, 1.3 to 10; a line moved by a twentieth of the height, 1.5
#: to 13; a bar or a cell left out, 6.8 to 10; the intervals left out, 4 to 7.
TOLERANCE = 0.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.mpl_image_compare(
    baseline_dir="baseline", style="default", savefig_kwargs={"dpi": 60}, tolerance=TOLERANCE, deterministic=True
)
def test_a_chart_looks_as_it_did(name):
    return without_words(chart_data.charts()[name]())


def without_words(figure):
    """A figure without text, whose size differs from version to version and would move everything else."""
    for own in figure.findobj(mpl.text.Text):
        own.set_text("")
    for panel in figure.axes:
        panel.tick_params(which="both", labelbottom=False, labeltop=False, labelleft=False, labelright=False)
    for legend in figure.legends:
        legend.remove()
    return figure


@pytest.mark.parametrize("name", NAMES)
def test_a_chart_says_what_it_said(name):
    figure = chart_data.charts()[name]()
    assert chart_data.words(figure) == (chart_data.BASELINE / f"{name}.txt").read_text(encoding="utf-8")
    plt.close(figure)


def test_text_is_large_enough_in_readme(figure):
    per_point = README / (72.0 * figure.get_figwidth())
    for own, _ in chart_data.texts(figure):
        assert own.get_fontsize() * per_point >= LEAST, own.get_text()


def test_text_lies_on_the_figure_and_on_no_other_text(figure):
    found = chart_data.texts(figure)
    for own, box in found:
        assert figure.bbox.padded(1.0).count_contains(box.corners()) == 4, (own.get_text(), box)
    for (one, here), (other, there) in itertools.combinations(found, 2):
        assert not here.padded(-1.0).overlaps(there.padded(-1.0)), (one.get_text(), other.get_text())


def test_a_title_says_a_sentence_of_the_numbers():
    ds = chart_data.fine()
    title = chart_data.said(bm.view.plot(ds, "lumbar_compression"))
    held = ds.lumbar_compression.where(ds.status == 0)
    assert f"{float(held.min()):.0f} to {float(held.max()):.0f} N" in title
    np.testing.assert_allclose(float(held.sel(foot_rotation=45, knee_flexion=30)), float(held.max()))
    assert "most at foot rotation 45, knee flexion 30" in title


def test_a_headline_has_lines_of_like_lengths_and_units_with_their_numbers():
    figure = plt.figure(layout="constrained")
    drawing.headline(figure, "The least is 12.3 % of what it was at 30 deg, and the most " + "more " * 7 + "at 456 N")
    lines = figure.texts[0].get_text().split("\n")
    assert max(map(len, lines)) - min(map(len, lines)) < 12
    assert not any(line.strip().startswith(("%", "N", "deg")) for line in lines)
    plt.close(figure)


def test_a_picture_of_the_docs_is_written_whole_or_not_at_all(tmp_path):
    figure, panel = plt.subplots(figsize=(2, 1))
    panel.plot([0, 1], color=colours.BLUE)
    file = tmp_path / "docs" / "line.png"
    drawing.save_png(figure, file)
    assert [own.name for own in file.parent.iterdir()] == ["line.png"]
    drawn = plt.imread(file)[..., :3].reshape(-1, 3)
    assert np.abs(drawn - mpl.colors.to_rgb(colours.BLUE)).max(axis=1).min() < 0.01
    before = file.read_bytes()
    panel.set_title("$\\nonsense$")  # which Matplotlib cannot set
    with pytest.raises(ValueError, match="nonsense"):
        drawing.save_png(figure, file)
    assert [own.name for own in file.parent.iterdir()] == ["line.png"]
    assert file.read_bytes() == before
    plt.close(figure)
