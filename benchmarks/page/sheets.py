"""A section's values as a table: a row for each thing that was measured, a column for each metric."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sernet.benchmarks.page.parts import Sheet
from sernet.benchmarks.page.results import Item, Results
from sernet.benchmarks.page.wording import board_name, number
from sernet.benchmarks.tables import NOTHING, Table, percent, whole

_SAID = {"metric", "value", "unit", "low", "high", "kind", "n", "protocol", "resampled", "deviation", "seeds"}
"""What a value says of itself; its other keys name what was measured."""

_HEADINGS = {
    "model": "network",
    "front_end": "front end",
    "peer": "peer",
    "format": "format",
    "reading": "reading",
    "board": "board",
    "runtime": "runtime",
    "threads": "threads",
    "window_s": "window, s",
}
"""Of keys, in the order of their columns; others come after them, as they are called."""


@dataclass(frozen=True)
class Column:
    """One metric."""

    heading: str
    metric: str
    write: Callable[[Item | None], str] = number


def times(heading: str, metric: str) -> Column:
    """In the Result's unit, three digits."""
    return Column(heading, metric)


def count(heading: str, metric: str) -> Column:
    """A whole number."""
    return Column(heading, metric, whole)


def shares(heading: str, metric: str) -> Column:
    """In percent, with its interval."""
    return Column(heading, metric, percent)


def points(heading: str, metric: str) -> Column:
    """A difference of shares."""
    return Column(heading, metric, partial(percent, signed=True))


def megabytes(heading: str, metric: str) -> Column:
    return Column(heading, metric, partial(number, unit=1e6))


def millions(heading: str, metric: str) -> Column:
    """Of counts, without the interval: it is narrower than what is shown."""
    return Column(heading, metric, lambda item: number(item and {"value": item["value"]}, unit=1e6))


def sheet(
    results: Results,
    section: str,
    title: str,
    columns: Sequence[Column],
    caption: str = "",
    *,
    also: tuple[str, ...] = (),
    keep: Callable[[Item], bool] = lambda item: True,
    ignore: tuple[str, ...] = (),
) -> Sheet | None:
    """A table of a section, or None where there is nothing; columns for which there is nothing are left out, and what
    all rows share is told once.

    Args:
        results: of the benchmark.
        section: whose values.
        title, caption: what stands above and below.
        columns: the metrics.
        also: keys that name what was measured though they usually do not, for example ``protocol``.
        keep: which values.
        ignore: keys that do not matter here.
    """
    wanted = {column.metric for column in columns}
    items = [item for item in results.values(section) if item["metric"] in wanted]
    items = [item for item in items if keep(item)]
    if not items:
        return None
    named = {key for item in items for key in item if (key not in _SAID or key in also) and key not in ignore}
    order = [*_HEADINGS, *dict.fromkeys(key for item in items for key in item)]
    first, *others = dict.fromkeys(key for key in order if key in named) if named else ("",)
    alike = [key for key in others if len(items) > 1 and len({_name(key, item.get(key)) for item in items}) == 1]
    keys = [first, *(key for key in others if key not in alike)]
    caption = "; ".join(
        filter(None, (caption, *(f"{_heading(key)}: {_name(key, items[0].get(key))}" for key in alike)))
    )
    found: dict[tuple[Any, ...], dict[str, Item]] = {}
    for item in items:
        found.setdefault(tuple(item.get(key) for key in keys), {})[item["metric"]] = item
    shown = [column for column in columns if any(column.metric in row for row in found.values())]
    rows = tuple(
        (*map(_name, keys, name), *(column.write(row.get(column.metric)) for column in shown))
        for name, row in found.items()
    )
    headings = (*map(_heading, keys), *(column.heading for column in shown))
    return Sheet(Table(title, headings, rows), caption, (section,))


def _heading(key: str) -> str:
    return _HEADINGS.get(key, key)


def _name(key: str, part: Any) -> str:
    if key == "board":
        return f"{board_name(part)} ({part})" if board_name(part) != part else part
    return NOTHING if part is None else f"{part:g}" if isinstance(part, float) else str(part)
