import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from local.project import LocalProject
from tests.browser.chromium import chromium, flags

DESKTOP, PHONE = (1280, 900), (390, 844)
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=flags())
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def classifiers(project: LocalProject, demo_run: str) -> dict[str, str]:
    """The ids of Q69's classifiers by name."""
    result = project.bucket.read_json(f"runs/{demo_run}/results/Q69.json")
    return {each["name"]: each["classifier_id"] for each in result["classifiers"]}


@pytest.fixture
def open_page(
    browser: Browser, project: LocalProject, classifiers: dict[str, str]
) -> Iterator[OpenPage]:
    """Open a path of the deployed page; a complaint in the console fails the test."""
    complaints: list[str] = []
    pages: list[Page] = []

    def open_page(path: str, size: tuple[int, int] = DESKTOP, **options: Any) -> Page:
        page = browser.new_page(viewport={"width": size[0], "height": size[1]}, **options)
        pages.append(page)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.goto(project.page_address + path)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints == []


HOSTILE = {
    "script": "<script>document.title = 'owned'</script> a carbon tax </script>",
    "unclosed": 'a &lt;svg onload=alert(1) <img src=x onerror="alert(2)" carbon tax',
    "entities": "R&amp;D &amp; innovation: a carbon tax shall apply",
    "right-to-left": "carbon tax \u202eevil\u202c ضريبة الكربون carbon tax",
    "emoji": "\U0001f30d\U0001f469\u200d\U0001f52c before the carbon tax",
    "long": "word " * 20_000 + "carbon tax",
}
BROKEN = b'{"id": "broken", "text": \n'


@pytest.fixture(scope="session")
def by_hand(project: LocalProject) -> None:
    """Predictions in the older format, made of text that means harm, with one broken line."""
    prefix = "Q70/handmade/"
    lines = [json.dumps(_older(name, text)).encode() + b"\n" for name, text in HOSTILE.items()]
    project.bucket.write(prefix + "predictions.jsonl", BROKEN + b"".join(lines))
    concept = {"wikibase_id": "Q70", "preferred_label": "hostile <b>text</b>"}
    project.bucket.write_json(prefix + "concept.json", concept)
    classifier = {"id": "handmade", "name": "by hand", "date": "2025-01-31"}
    project.bucket.write_json(prefix + "classifier.json", classifier)


@pytest.fixture(scope="session")
def bulky(project: LocalProject, by_hand: None) -> list[str]:
    """The lines of a file that is larger than what Lambda hands back at once."""
    lines = [
        json.dumps(
            {"id": str(n), "text": f"number {n} " + "x" * 50_000, "spans": [], "metadata": {}}
        )
        for n in range(100)
    ]
    lines.append(json.dumps({"id": "short", "text": "no such word", "spans": [], "metadata": {}}))
    prefix = "Q70/bulkybyh/"
    project.bucket.write(prefix + "predictions.jsonl", "\n".join(lines).encode())
    project.bucket.write_json(prefix + "classifier.json", {"id": "bulkybyh", "name": "bulky"})
    return lines[:-1]


def _older(name: str, text: str) -> dict[str, Any]:
    start = text.index("carbon tax")
    span = {"text": text, "start_index": start, "end_index": start + 10, "concept_id": "Q70"}
    metadata = {"similarity": "0.71", "document_name": "nan", "world_bank_region": "None"}
    marked = "<span>" + text + "</span><script>document.title='owned'</script>"
    return {
        "id": name,
        "text": text,
        "spans": [span],
        "marked_up_text": marked,
        "metadata": metadata,
    }
