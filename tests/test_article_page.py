"""The article's page in a real browser: bodies, sliders, hands and claims against what they are made from."""

from __future__ import annotations

import re

import numpy as np
import pytest
from test_page import Opened, browser, middle, number, same  # noqa: F401

import biomech as bm
from biomech.article.hypotheses import CONTRASTS
from biomech.article.scenarios import PALPABLE
from biomech.article.verdicts import VERDICTS
from biomech.view.article_page.stances import shown_stances

NAMES = ["turnout_back", "hyper_quads", "sitting_back", "walk_stance_back", "stoop_back"]


@pytest.fixture(scope="module")
def findings():
    return bm.findings.assess_hypotheses(NAMES, samples=8)


@pytest.fixture(scope="module")
def stances():
    return shown_stances(bm.load_model())


@pytest.fixture(scope="module")
def path(findings, tmp_path_factory):
    return bm.view.article_page(tmp_path_factory.mktemp("article") / "index.html", findings=findings)


@pytest.fixture
def opened(browser, path):  # noqa: F811
    page = Opened(browser, path)
    yield page.page
    page.close()


def open_claim(page, name):
    """Open a claim, and wait until sliders and hands are in it."""
    page.locator(f'[data-claim="{name}"] summary').click()
    page.wait_for_selector(f'[data-claim="{name}"] #feel')


def hands(page):
    """What the table of hands says: tone of the left and the right body by group, and the words."""
    return {
        row.get_attribute("data-group"): [cell.strip() for cell in row.locator("td.number, td.says").all_inner_texts()]
        for row in page.locator("#feel tbody tr").all()
    }


def test_every_contrast_is_shown_as_the_hypotheses_have_it(stances):
    """The bodies on the page are those that the findings compare: swept apart, they answer the same."""
    scenes, contrasts = stances
    assert set(contrasts) == set(CONTRASTS)
    for name, shown in contrasts.items():
        ds = scenes[shown.scene]
        for place, stance in zip((shown.first, shown.second), CONTRASTS[name].stances.values(), strict=True):
            own = bm.sweep(bm.load_model(), **stance)
            if "friction" in own.dims:
                own = own.sel(friction=0.6)
            mine = ds.isel(place)
            for dim in ("tilt_policy", "pelvic_tilt"):
                if dim in own.dims:
                    mine = mine.sel({dim: own[dim].values})
            np.testing.assert_allclose(
                mine.group_force.values, own.group_force.values, rtol=1e-6, atol=1e-3, err_msg=name
            )


@pytest.mark.parametrize("name", NAMES)
def test_a_claim_shows_its_bodies_and_what_hands_would_feel(opened, findings, stances, name):
    page = opened
    finding = next(own for own in findings if own.hypothesis.name == name)
    open_claim(page, name)
    card = page.locator(f'[data-claim="{name}"]')
    text = card.inner_text()
    assert finding.hypothesis.text in text
    assert VERDICTS[finding.verdict] in text or "measurements on people are contrary" in text
    if finding.threshold:
        assert finding.threshold.sentence in text
    for measured in finding.evidence:
        assert measured.name in text
    assert card.locator(".ways li").count() == len(finding.columns)
    scenes, contrasts = stances
    shown = contrasts[finding.hypothesis.contrast]
    ds = scenes[shown.scene]
    bodies = [ds.isel({dim: own.get(dim, 0) for dim in ds.status.dims}) for own in (shown.first, shown.second)]
    for group, (left, right, said) in hands(page).items():
        tones = [100 * float(own.group_activation.sel(group=group)) for own in bodies]
        same(left, tones[0], 1)
        same(right, tones[1], 1)
        change = tones[1] - tones[0]
        assert said.split()[-1] == ("same" if abs(change) < 2 else "firmer" if change > 0 else "softer")
    assert set(hands(page)) == set(PALPABLE)


def test_sliders_move_the_body_that_is_chosen(opened, stances):
    page = opened
    open_claim(page, "hyper_quads")
    before = hands(page)
    page.mouse.click(*middle(page.locator(".whose").get_by_text("left body")))
    slider = page.get_by_role("slider", name="Knees bent")
    slider.focus()
    page.keyboard.press("Home")
    after = hands(page)
    assert after["quadriceps"][0] != before["quadriceps"][0]
    assert after["quadriceps"][1] == before["quadriceps"][1]
    scenes, _ = stances
    own = scenes["standing"].sel(foot_rotation=0, knee_flexion=-8, weight_shift=0.42, tilt_policy="0")
    same(after["quadriceps"][0], 100 * float(own.group_activation.sel(group="quadriceps")), 1)


def test_the_pelvis_is_held_alike_in_both(opened, stances):
    page = opened
    open_claim(page, "hyper_quads")
    choice = page.locator("#controls").get_by_text("hanging in the hips")
    choice.scroll_into_view_if_needed()
    page.mouse.click(*middle(choice))
    scenes, contrasts = stances
    shown = contrasts["hyperextension"]
    for i, place in enumerate((shown.first, shown.second)):
        own = scenes["standing"].isel(place).sel(tilt_policy="hanging")
        same(hands(page)["lumbar_extensors"][i], 100 * float(own.group_activation.sel(group="lumbar_extensors")), 1)


def test_the_pressure_on_the_spine_is_the_datasets(opened, stances):
    page = opened
    open_claim(page, "stoop_back")
    scenes, _ = stances
    told = re.search(r"bears (\d+) N in the left body, (\d+) N in the right body", page.locator("#feel").inner_text())
    for text, own in zip(told.groups(), (scenes["lifting"].isel(stance=i) for i in (0, 1)), strict=True):
        assert abs(number(text) - float(np.linalg.norm(own.joint_contact_force.sel(joint="lumbosacral")))) <= 0.501


def test_a_phone_shows_all_of_it(browser, path):  # noqa: F811
    opened_page = Opened(browser, path, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = opened_page.page
    page.locator('[data-claim="turnout_back"] summary').tap()
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#feel").is_visible()
    opened_page.close()


def test_it_is_of_sane_size(path):
    assert path.stat().st_size < 2_000_000


def test_refusals(tmp_path):
    for given, message in (
        ({"findings": []}, "findings: is empty"),
        ({"findings": ["x"]}, "findings = 'x': must be a list of Finding"),
        ({"samples": 1}, "samples = 1"),
        ({"model": 3}, "model = 3"),
    ):
        with pytest.raises(bm.StanceError, match=message):
            bm.view.article_page(tmp_path / "page.html", **given)
    assert list(tmp_path.iterdir()) == []
