"""What the command shows as tables."""

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text


def results(rows: Iterable[dict[str, Any]], labels: dict[str, str]) -> Table:
    """One row for each concept and classifier; `labels` maps a concept's id to its label."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    # Only the label is broken on a narrow terminal: figures cut short would be wrong ones.
    table.add_column("concept", no_wrap=True, min_width=7)
    table.add_column("")
    table.add_column("classifier", no_wrap=True, min_width=10)
    for name in ("passages", "positive", "share", "seconds"):
        table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    for result in rows:
        concept = result["concept_id"], Text(labels.get(result["concept_id"], ""))
        if "error" in result:
            table.add_row(*concept, Text(result["error"]["class"], style="red"))
        for classifier in result["classifiers"]:
            table.add_row(*concept, *_classifier(classifier))
    return table


def runs(rows: Iterable[dict[str, Any]]) -> Table:
    """One row for each run, as run_records.one tells it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("run", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for name in ("concepts", "failed", "passages", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row["run_id"],
            Text(row["status"], style=_STYLES.get(row["status"], "red")),
            _figure(row.get("concepts")),
            _figure(row.get("failed")),
            _figure(row.get("passages")),
            f"{row['seconds']:,.1f}" if "seconds" in row else "-",
        )
    return table


def plain(rows: Iterable[dict[str, Any]]) -> Table:
    """One row for each mapping, its keys as the header; figures to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    listed = list(rows)
    for name in listed[0] if listed else ():
        figures = all(isinstance(row[name], int | float) for row in listed)
        table.add_column(name.replace("_", " "), justify="right" if figures else "left")
    for row in listed:
        table.add_row(*(Text(_shown(value)) for value in row.values()))
    return table


def _shown(value: object) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


_STYLES = {"succeeded": "green", "running": "yellow"}


def _figure(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "-"


def _classifier(outcome: dict[str, Any]) -> Iterable[str | Text]:
    yield Text(outcome["name"])
    if "error" in outcome:
        yield Text(outcome["error"]["class"], style="red")
        return
    passages, positives = outcome["passages"], outcome["positives"]
    yield f"{passages:,}"
    yield f"{positives:,}"
    yield f"{positives / passages:.1%}" if passages else "-"
    yield f"{outcome['seconds']:.1f}"
