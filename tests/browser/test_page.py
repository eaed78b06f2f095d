"""The deployed page, as a person meets it."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from local.project import LocalProject
from tests.browser.conftest import HOSTILE, PHONE, OpenPage

# `make screenshots` sets it, and so makes those that the README shows.
SCREENSHOTS = os.environ.get("SCREENSHOTS", "")
SHOWN_DARK = "predictions"


def paths(ids: dict[str, str], run: str) -> dict[str, str]:
    keyword, model = ids["keyword"], ids["pooled-words"]
    return {
        "concepts": "",
        "concept": "concepts/Q69",
        "predictions": f"concepts/Q69/classifiers/{keyword}?show=positive",
        "compare": f"concepts/Q69/compare?a={keyword}&b={model}",
        "runs": "runs",
        "run": f"runs/{run}",
    }


def predictions(ids: dict[str, str], query: str = "", name: str = "pooled-words") -> str:
    return f"concepts/Q69/classifiers/{ids[name]}{query}"


def found(page: Page) -> int:
    """How many passages the page says there are."""
    text = page.locator(".head strong").first.inner_text()
    return int(text.replace(",", ""))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits_a_phone(
    open_page: OpenPage, classifiers: dict[str, str], demo_run: str, scheme: str
) -> None:
    for name, path in paths(classifiers, demo_run).items():
        page = open_page(path, color_scheme=scheme)
        keep(page, name, scheme)
        assert serious(page) == [], name
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        keep(page, f"{name}-phone", scheme)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE[0], name
        page.close()


def keep(page: Page, name: str, scheme: str) -> None:
    """A picture for the README where it is wanted: of every page, and of one in each way."""
    if not SCREENSHOTS or (SHOWN_DARK not in name and (scheme == "dark" or "phone" in name)):
        return
    page.screenshot(path=Path(SCREENSHOTS) / f"{name}-{scheme}.png")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("concepts/Q9999", "Nothing is published for Q9999."),
        ("?q=no+such+concept", "No concept matches"),
        ("concepts/Q69/classifiers/{pooled-words}?text=no+such+words", "No passage passes"),
        ("concepts/Q69/classifiers/{pooled-words}?page=abc", "'abc' is no whole number"),
        ("concepts/Q69/compare?a={keyword}&b={keyword}", "The two agree on every passage."),
        ("runs/none", "There is no run none."),
    ],
)
def test_where_there_is_nothing_to_see_the_page_says_what_to_do(
    browser: Browser, project: LocalProject, classifiers: dict[str, str], path: str, says: str
) -> None:
    page = browser.new_page()
    page.goto(project.page_address + path.format(**classifiers))
    expect(page.get_by_role("main")).to_contain_text(says)
    assert page.get_by_role("main").get_by_role("link").count() > 0
    assert serious(page) == []
    page.close()


def serious(page: Page) -> list[Any]:
    """What axe-core finds that would keep somebody out."""
    violations = Axe().run(page).response["violations"]
    return [
        (v["id"], [node["html"][:200] for node in v["nodes"]])
        for v in violations
        if v["impact"] in ("serious", "critical")
    ]


def test_a_reader_finds_the_way_from_a_concept_to_its_passages(open_page: OpenPage) -> None:
    page = open_page("")
    page.get_by_label("Search concepts").fill("CARBON content")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="carbon tax", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("carbon tax")
    expect(page.get_by_text("carbon surcharges")).to_contain_text("from Q71")
    page.get_by_role("link", name="keyword", exact=True).click()
    expect(page.get_by_role("article")).to_have_count(50)


def test_concepts_are_sorted_by_what_is_clicked(open_page: OpenPage) -> None:
    page = open_page("")
    page.get_by_role("link", name="Concept", exact=True).click()
    labels = page.locator("td.name a.row").all_inner_texts()
    assert labels == sorted(labels, key=str.casefold)
    page.get_by_role("link", name="Concept", exact=True).click()
    assert page.locator("td.name a.row").all_inner_texts() == labels[::-1]


def test_nobody_is_warned_of_a_page_that_this_machine_alone_can_reach(open_page: OpenPage) -> None:
    expect(open_page("").get_by_text("This page is open.")).to_have_count(0)


def test_filters_change_the_counts_and_live_in_the_address(
    open_page: OpenPage, classifiers: dict[str, str]
) -> None:
    page = open_page(predictions(classifiers))
    everything = found(page)
    page.get_by_text("positive", exact=True).first.click()
    page.wait_for_url("**show=positive**")
    positive = found(page)
    assert 0 < positive < everything
    page.get_by_label("Text", exact=True).fill("carbon tax")
    page.get_by_role("button", name="Apply").first.click()
    page.wait_for_url("**text=carbon*")
    assert 0 < found(page) < positive
    for passage in page.locator("p.text").all():
        hits = passage.locator(".hit").all_inner_texts()
        assert hits and {hit.lower() for hit in hits} == {"carbon tax"}
    page.get_by_role("link", name=re.compile("carbon tax.*remove")).click()
    assert found(page) == positive


@pytest.mark.parametrize(
    "query",
    [
        "?probability_from=0.4&probability_to=0.6",
        "?similarity_from=0.5",
        "?is.world_bank_region=South+Asia",
        "?unknown.world_bank_region=1",
        "?from.publication_ts=2015-01-01&to.publication_ts=2019-12-31",
        "?has.document_name=act",
        "?is.translated=yes",
        "?is.document_metadata.geographies=KSH",
        "?from.text_block.type_confidence=0.9",
    ],
)
def test_each_filter_leaves_some_and_shows_itself(
    open_page: OpenPage, classifiers: dict[str, str], query: str
) -> None:
    page = open_page(predictions(classifiers, query))
    assert 0 < found(page) < 3_000
    expect(page.locator(".chips li")).to_have_count(1)


def test_the_tabs_say_what_they_would_show(
    open_page: OpenPage, classifiers: dict[str, str]
) -> None:
    page = open_page(predictions(classifiers, "?text=tax"))
    tabs = page.get_by_role("navigation", name="Positive or negative").get_by_role("link")
    counts = [int(text.split()[-1].replace(",", "")) for text in tabs.all_inner_texts()]
    assert counts[0] == counts[1] + counts[2] == found(page)
    tabs.nth(2).click()
    page.wait_for_url("**show=negative**")
    assert found(page) == counts[2]


def test_what_was_unfolded_stays_so_on_the_next_page(
    open_page: OpenPage, classifiers: dict[str, str]
) -> None:
    page = open_page(predictions(classifiers))
    facet = page.locator("details[data-facet=document_name]")
    expect(facet).not_to_have_attribute("open", "")
    facet.locator("summary").click()
    page.get_by_role("link", name="Next").first.click()
    page.wait_for_url("**page=2**")
    expect(page.locator("details[data-facet=document_name]")).to_have_attribute("open", "")


def test_dragging_over_the_histogram_chooses_a_range(
    open_page: OpenPage, classifiers: dict[str, str]
) -> None:
    page = open_page(predictions(classifiers))
    box = page.locator("svg.histogram").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.99, box["y"] + 5)
    page.mouse.up()
    page.wait_for_url("**probability_from=0.48**")
    assert 0 < found(page) < 1_000


def test_the_most_uncertain_come_first_when_asked_for(
    open_page: OpenPage, classifiers: dict[str, str]
) -> None:
    page = open_page(predictions(classifiers))
    page.get_by_label("Order").select_option("uncertainty")
    page.wait_for_url("**sort=uncertainty**")
    scores = page.locator(".score:has-text('probability') b").all_inner_texts()
    distances = [abs(float(score) - 0.5) for score in scores[:10]]
    # The scores are rounded, so neighbours may seem to have changed places.
    assert distances == pytest.approx(sorted(distances), abs=0.011)
    assert distances[0] < distances[-1]


def test_pages_never_lie_at_their_borders(open_page: OpenPage, classifiers: dict[str, str]) -> None:
    page = open_page(predictions(classifiers, "?show=positive"))
    total = found(page)
    last = -(-total // 50)
    expect(page.get_by_role("link", name="Previous")).to_have_count(0)
    page.goto(page.url + f"&page={last + 7}")
    expect(page.locator(".pager .where").first).to_have_text(
        f"{(last - 1) * 50 + 1}–{total} of {total} passages"
    )
    expect(page.get_by_role("link", name="Next")).to_have_count(0)


def test_keys_move_between_passages_and_pages(
    open_page: OpenPage, classifiers: dict[str, str]
) -> None:
    page = open_page(predictions(classifiers))
    for key in "jjk":
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.id") == "p1"
    page.keyboard.press("f")
    expect(page.get_by_role("complementary", name="Filters")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.wait_for_url("**page=2**")
    assert page.locator("article").first.get_attribute("id") == "p51"


def test_on_a_phone_the_filters_wait_until_asked_for(
    open_page: OpenPage, classifiers: dict[str, str]
) -> None:
    page = open_page(predictions(classifiers), PHONE)
    filters = page.get_by_role("complementary", name="Filters")
    expect(filters).to_be_hidden()
    page.locator("label.switch").click()
    expect(filters).to_be_visible()


def test_everything_is_there_without_javascript(
    open_page: OpenPage, classifiers: dict[str, str]
) -> None:
    page = open_page(predictions(classifiers), java_script_enabled=False)
    page.get_by_label("Text", exact=True).fill("carbon tax")
    page.get_by_role("button", name="Apply").first.click()
    assert 0 < found(page) < 1_000
    page.get_by_role("link", name="Next").first.click()
    assert page.locator("article").first.get_attribute("id") == "p51"


@pytest.mark.parametrize("name", HOSTILE)
def test_text_that_means_harm_is_shown_as_what_it_is(
    open_page: OpenPage, by_hand: None, name: str
) -> None:
    page = open_page(f"concepts/Q70/classifiers/handmade?passage={name}")
    assert page.locator("p.text").evaluate("p => p.textContent") == HOSTILE[name]
    assert page.locator("mark").all_inner_texts() == ["carbon tax"]
    assert "owned" not in page.title()


def test_a_long_passage_is_shown_around_its_match_until_all_of_it_is_asked_for(
    open_page: OpenPage, by_hand: None
) -> None:
    page = open_page("concepts/Q70/classifiers/handmade", java_script_enabled=False)
    passage = page.locator("article", has_text="characters …")
    assert len(passage.inner_text()) < 5_000
    expect(passage.locator("mark")).to_have_text("carbon tax")
    passage.get_by_role("link", name="Read all 100,010 characters").click()
    assert page.locator("p.text").evaluate("p => p.textContent") == HOSTILE["long"]


def test_a_broken_line_costs_that_line_and_is_counted(open_page: OpenPage, by_hand: None) -> None:
    page = open_page("concepts/Q70/classifiers/handmade")
    assert found(page) == len(HOSTILE)
    expect(page.get_by_role("note")).to_contain_text("1 line of predictions.jsonl")


def test_two_classifiers_are_compared_where_they_disagree(
    open_page: OpenPage, classifiers: dict[str, str], demo_run: str
) -> None:
    page = open_page(paths(classifiers, demo_run)["compare"])
    disagreements = int(page.locator(".figures dd").nth(1).inner_text())
    assert disagreements > 0
    expect(page.locator(".pager .where").first).to_contain_text(f"of {disagreements} passages")
    page.locator("td.differ a").first.click()
    expect(page.locator(".verdict").first).to_have_text("only A")
    first = page.locator("article").first
    assert first.locator(".half").nth(0).locator("mark").count() > 0
    assert first.locator(".half").nth(1).locator("mark").count() == 0


def test_what_is_filtered_can_be_downloaded(
    open_page: OpenPage, classifiers: dict[str, str]
) -> None:
    page = open_page(predictions(classifiers, "?show=positive"))
    with page.expect_download() as download:
        page.get_by_role("link", name="JSONL").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert len(lines) == found(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.endswith(".csv")


def test_a_download_in_parts_becomes_one_file(open_page: OpenPage, bulky: list[str]) -> None:
    page = open_page("concepts/Q70/classifiers/bulkybyh?text=number")
    with page.expect_download() as download:
        page.get_by_role("button", name="JSONL").click()
    assert Path(download.value.path()).read_text().splitlines() == bulky
    plain = open_page("concepts/Q70/classifiers/bulkybyh?text=number", java_script_enabled=False)
    expect(plain.locator(".download")).to_contain_text("JSONL in 2 parts (1, 2)")


def test_the_whole_file_comes_straight_from_the_bucket(
    open_page: OpenPage, classifiers: dict[str, str], project: LocalProject
) -> None:
    page = open_page(predictions(classifiers))
    answer = page.request.get(page.get_by_role("link", name="JSONL").evaluate("a => a.href"))
    key = f"Q69/{classifiers['pooled-words']}/predictions.jsonl"
    assert answer.body() == project.bucket.read(key)


def test_a_run_shows_how_each_concept_ended(open_page: OpenPage, demo_run: str) -> None:
    page = open_page("runs")
    page.locator(f"a[href$='{demo_run}']").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    expect(page.get_by_text("12 of 12 concepts have ended")).to_be_visible()
    expect(page.get_by_text("Estimated cost")).to_be_visible()
    page.get_by_role("link", name="carbon tax", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("carbon tax")
