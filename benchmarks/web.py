"""How long the page takes, from an event to its answer: `python -m benchmarks.web`.

The function's own code answers, and reads from the local AWS's S3, so the
first view holds the way from there as well (in AWS: about 90 MB/s a connection, eight at a time).
Wall time and, since a busy machine bends that, processor time of this process.
"""

import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import orjson
from aws_lambda_powertools import Logger
from botocore.config import Config

from benchmarks.measure import Row, table
from functions.web.auth.gates import OpenGate
from functions.web.library import Library
from functions.web.site import Site
from local.aws import LocalAws
from local.emulator import CREDENTIALS, REGION
from vibe_checker.bucket import Bucket
from vibe_checker.reading.listings import quicken

WORDS = [f"word{number}" for number in range(3000)] + ["carbon tax", "émissions", "renewable"]
PREDICTIONS = "/concepts/Q69/classifiers/aaaaaaaa"
VIEWS = {
    "page 2": "?page=2",
    "last page, by probability": "?sort=probability&page=9999",
    "filter": "?show=positive&probability_from=0.3&is.region=Asia&from.published=2015-01-01",
    "search, any case": "?text=CARBON+tax",
    "search, this case": "?text=carbon+tax&case=1",
    "compare with another": "",
}
LISTS = {"first page": "/", "search": "/?q=words", "by share": "/?sort=share"}


class Page:
    """The page as a new copy of the function has it: nothing is read yet."""

    def __init__(self, bucket: Bucket) -> None:
        self._site = Site(Library(bucket), OpenGate(), Logger(service="Web", level="CRITICAL"))

    def seconds(self, address: str) -> tuple[float, float]:
        """Wall and processor time of one answer."""
        path, _, query = address.partition("?")
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": "127.0.0.1", "accept-encoding": "gzip"},
            "requestContext": {"stage": "$default", "http": {"method": "GET", "path": path}},
        }
        wall, cpu = time.perf_counter(), time.process_time()
        answer = self._site.answer(event, SimpleNamespace())
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        assert answer["statusCode"] == 200, answer
        return wall, cpu

    def best(self, addresses: list[str]) -> tuple[float, float]:
        """The least of several, each asked for once: what is asked again is kept."""
        return min(self.seconds(address) for address in addresses)


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


def measure(rounds: int, quick: bool) -> list[Row]:
    """Rows for classifiers with 10,000 and 100,000 predictions."""
    with tempfile.TemporaryDirectory() as state, LocalAws(Path(state)) as aws:
        return [
            row
            for number in ([10_000] if quick else [10_000, 100_000])
            for row in predictions(_bucket(aws, f"predictions-{number}"), number)
        ]


def predictions(bucket: Bucket, count: int) -> Iterator[Row]:
    """Rows for a classifier with so many predictions."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "predictions.jsonl"
        write(path, count)
        size = path.stat().st_size / 1e6
        for classifier in ("aaaaaaaa", "bbbbbbbb"):
            bucket.upload(path, f"Q69/{classifier}/predictions.jsonl", "application/jsonl")
            _describe(bucket, "Q69", classifier)
    page = Page(bucket)
    what = f"Page over {count:,} predictions, {size:,.0f} MB"
    yield _row(what, "first view", page.seconds(PREDICTIONS))
    yield _row(what, "peak memory", None)
    for name, query in VIEWS.items():
        if name.startswith("compare"):
            address = "/concepts/Q69/compare?a=aaaaaaaa&b=bbbbbbbb"
            yield _row(what, "compare with another, first view", page.seconds(address))
            yield _row(what, "compare, page 2", page.seconds(f"{address}&show=all&page=2"))
            continue
        turned = [f"{PREDICTIONS}{query}&to.page={300 - turn}" for turn in range(3)]
        yield _row(what, name, page.best(turned))
    yield _row(what, "peak memory, two of them open", None)


def concepts(bucket: Bucket, count: int) -> Iterator[Row]:
    """Rows for the list of so many concepts."""
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: _describe(bucket, f"Q{number}", "aaaaaaaa"), range(1, count)))
    for name, address in LISTS.items():
        page = Page(bucket)
        what = f"List of {count:,} concepts"
        yield _row(what, f"{name}, nothing read yet", page.seconds(address))
        yield _row(what, f"{name}, again", page.seconds(address))


def _describe(bucket: Bucket, concept_id: str, classifier: str) -> None:
    """What is published beside predictions."""
    prefix = f"{concept_id}/{classifier}/"
    if concept_id != "Q69":
        bucket.write(prefix + "predictions.jsonl", b"")
    concept = {"preferred_label": f"label of {concept_id}", "description": "words about it"}
    bucket.write_json(prefix + "concept.json", concept)
    counts = {"passages": 10_000, "positives": int(concept_id[1:]) % 10_000}
    labels = [f"another label {number}" for number in range(20)]
    record = {"id": classifier, "name": "keyword", "date": "2026-01-31", "labels": labels}
    bucket.write_json(prefix + "classifier.json", {**record, "counts": counts, "concept": concept})


def _row(what: str, view: str, seconds: tuple[float, float] | None) -> Row:
    if seconds is None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        return Row(what, view, peak, "MB")
    wall, cpu = (1000 * each for each in seconds)
    return Row(what, f"{view} ({cpu:,.0f} ms of CPU)", wall, "ms")


def _bucket(aws: LocalAws, name: str) -> Bucket:
    """A bucket, and the client that the function makes for itself."""
    client = boto3.client(
        "s3",
        endpoint_url=aws.endpoint_url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(max_pool_connections=32),
    )
    quicken(client)
    client.create_bucket(Bucket=name)
    return Bucket(client, name)


def main() -> None:
    """Print the table: of predictions, and with `concepts` of lists."""
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n", flush=True)
    rows = measure(1, quick=False)
    with tempfile.TemporaryDirectory() as state, LocalAws(Path(state)) as aws:
        for number in (1_000, 10_000) if "concepts" in sys.argv else ():
            rows += concepts(_bucket(aws, f"concepts-{number}"), number)
    print(table(rows))


if __name__ == "__main__":
    main()
