"""Accuracy against each of what can be saved."""

from collections import Counter
from typing import Any

import altair as alt

from sernet.benchmarks.page.devices import reading
from sernet.benchmarks.page.drawing import QUIET, axis, category, data, figure, hints, shape, share
from sernet.benchmarks.page.parts import Figure
from sernet.benchmarks.page.results import Item, Results
from sernet.benchmarks.page.wording import board_name, number
from sernet.benchmarks.tables import percent
from sernet.export.formats import FORMATS

_AXES = {
    "file": ("Accuracy and bytes", "file, bytes", "sizes", {}),
    "multiplications": ("Accuracy and multiplications", "multiplications a window", "sizes", {}),
    "latency median": (
        "Accuracy and latency",
        "ms a window, LiteRT, 1 thread",
        "latency",
        {"runtime": "LiteRT", "threads": 1},
    ),
    "peak memory": ("Accuracy and memory", "peak memory of a process, bytes", "memory", {}),
}
"""Title, label, section, and what else its values are named by."""


def pareto_figures(results: Results) -> list[Figure]:
    """One for each cost that was measured of networks whose accuracy is known."""
    figures = []
    for metric, (title, label, section, keys) in (_AXES | _ram(results)).items():
        rows = [
            _row(model, form, accuracy, cost)
            for model, form in _files(results)
            if (accuracy := results.accuracy(model, reading(form)))
            and (cost := _cost(results, section, metric, model, form, keys))
        ]
        if rows:
            figures.append(_scatter(metric, title, label, section, rows, results))
    return figures


def _ram(results: Results) -> dict[str, tuple[str, str, str, dict[str, Any]]]:
    """The axis of a microcontroller's RAM: of the board that most networks were put on."""
    boards = Counter(item["board"] for item in results.all("boards", "RAM"))
    if not boards:
        return {}
    ((board, _),) = boards.most_common(1)
    label = f"RAM of the C engine on {board_name(board)}, bytes"
    return {"RAM": ("Accuracy and a microcontroller's RAM", label, "boards", {"board": board})}


def _files(results: Results) -> list[tuple[str, str]]:
    items = results.all("sizes", "file")
    return [
        (item["model"], item["format"])
        for item in items
        if item["format"] in FORMATS and item["model"] in results.advised
    ]


def _cost(results: Results, section: str, metric: str, model: str, form: str, keys: dict[str, Any]) -> Item | None:
    if metric == "RAM":
        return results.find(section, metric, model=model, **keys) if form == "int8" else None
    if metric == "multiplications":  # a network's, in whatever format
        return results.find(section, metric, model=model)
    return results.find(section, metric, model=model, format=form, **keys)


def _row(model: str, form: str, accuracy: Item, cost: Item) -> dict[str, Any]:
    low, high = accuracy.get("low", accuracy["value"]), accuracy.get("high", accuracy["value"])
    return {
        "model": model,
        "format": form,
        "x": cost["value"],
        "ua": 100 * accuracy["value"],
        "low": 100 * low,
        "high": 100 * high,
        "told": percent(accuracy),
        "cost": number({"value": cost["value"]}),
    }


def _scatter(metric: str, title: str, label: str, section: str, rows: list[dict[str, Any]], results: Results) -> Figure:
    models, forms = (list(dict.fromkeys(row[key] for row in rows)) for key in ("model", "format"))
    base = alt.Chart(data(rows)).encode(
        x=axis("x", label, log=True, counts=section != "latency"),
        tooltip=hints(model="network", format="format", told="UA, % [95 %]", cost=label),
    )
    rules = base.mark_rule(opacity=0.5, color=QUIET).encode(y=share("low", "UA, %"), y2="high:Q")
    points = base.mark_point(size=70, filled=True, opacity=0.85).encode(
        y=share("ua", "UA, %"),
        color=alt.Color("model:N", scale=category(models)),
        shape=shape("format", forms),
    )
    cheapest, best = min(rows, key=lambda row: row["x"]), max(rows, key=lambda row: row["ua"])
    said = (
        f"Points of {len(rows)} files. Most accurate: {best['model']}, {best['format']}, UA {best['told']} %. "
        f"Cheapest: {cheapest['model']}, {cheapest['format']}, UA {cheapest['told']} %, {cheapest['cost']} {label}."
    )
    protocol = results.protocol(results.pictured)
    caption = f"UA under {protocol} with 95 % intervals: points within each other's are not told apart."
    return figure(f"pareto-{metric.replace(' ', '-')}", title, caption, said, (section, "answers"), rules + points)
