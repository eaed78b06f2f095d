"""How long the page takes over 10,000 and 100,000 predictions: `python -m benchmarks.web`.

Prints Markdown rows: opening the file and showing the first page, then each kind of later view, and
the memory. Storage is a local file here; Lambda adds the way from S3 (about 90 MB/s a connection,
eight at a time).
"""

import os
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from functions.web import cards, facets, parameters
from functions.web.paging import Page
from functions.web.request import Request
from vibe_checker.reading.filters import Selection
from vibe_checker.reading.predictions_file import PredictionsFile, open_file

WORDS = [f"word{number}" for number in range(3000)] + ["carbon tax", "émissions", "renewable"]
VIEWS = {
    "page 2": "page=2",
    "last page, by probability": "sort=probability&page=9999",
    "filter": "show=positive&probability_from=0.3&is.region=Asia&from.published=2015-01-01",
    "search, any case": "text=CARBON+tax",
    "search, this case": "text=carbon+tax&case=1",
}


def write(path: Path, count: int) -> None:
    """So many predictions of some 1,200 bytes."""
    chance = random.Random(1)
    with path.open("wb") as file:
        for number in range(count):
            file.write(orjson.dumps(_line(chance, number), option=orjson.OPT_APPEND_NEWLINE))


def _line(chance: random.Random, number: int) -> dict[str, Any]:
    text = " ".join(chance.choices(WORDS, k=120))
    start = text.find("carbon tax")
    span = {"start_index": start, "end_index": start + 10, "labelled_text": "carbon tax"}
    return {
        "id": f"abcdefgh-{number}",
        "text": text,
        "spans": [{**span, "prediction_probability": None, "concept_id": "Q69"}]
        if start >= 0
        else [],
        "prediction_probability": chance.random(),
        "similarity": chance.random(),
        "metadata": {
            "document_id": f"doc{number % 4000}",
            "document_name": f"Document {number % 4000}",
            "region": chance.choice(["Africa", "Asia", "Europe", None]),
            "published": f"20{chance.randint(10, 24)}-03-11T00:00:00",
            "translated": chance.random() < 0.2,
            "page": chance.randint(1, 300),
        },
    }


def view(file: PredictionsFile, query: str) -> int:
    """What the handler does for one page; returns how many passages it shows."""
    event = {"requestContext": {"http": {"method": "GET"}}, "rawPath": "/", "rawQueryString": query}
    request = Request.of(event)
    selection = Selection(file, parameters.filters(request, file.columns), 0.5)
    rows = selection.rows()
    page = Page.of(request, len(rows))
    shown = [cards.card(file, row, 1, False) for row in page.part(rows.tolist())]
    facets.facets(selection)
    facets.histograms(request, selection)
    return len(shown)


def seconds(do: Callable[[], object]) -> float:
    """How long it takes, once."""
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def rows(count: int) -> Iterator[str]:
    """Markdown rows for a file of so many predictions."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "predictions.jsonl"
        write(path, count)
        size = path.stat().st_size / 1e6
        start = time.perf_counter()
        file = open_file(path)
        view(file, "")
        first = time.perf_counter() - start
    yield f"| {count:,} ({size:,.0f} MB) | first view | {first:.2f} s |"
    for name, query in VIEWS.items():
        best = min(seconds(lambda query=query: view(file, query)) for _ in range(3))
        yield f"| {count:,} | {name} | {best * 1000:.0f} ms |"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    yield f"| {count:,} | peak memory | {peak:,.0f} MB |"


def main() -> None:
    """Print the table."""
    print(f"| predictions | view | {os.cpu_count()} cores |\n|---|---|---|")
    for count in (10_000, 100_000):
        for row in rows(count):
            print(row, flush=True)


if __name__ == "__main__":
    main()
