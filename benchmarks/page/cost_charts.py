"""What the networks cost: times, memory, layers."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from sernet.benchmarks.page.drawing import COLOURS, FIRST, SECOND, axis, category, data, figure, hints
from sernet.benchmarks.page.parts import Figure
from sernet.benchmarks.page.results import Results
from sernet.benchmarks.page.wording import board_name, short
from sernet.benchmarks.tables import percent

_ROW = 20
"""Height of a line of a chart, in pixels."""

_ONE_THREAD = ", 1 thread"


def layer_figures(results: Results) -> list[Figure]:
    """Multiplications and bytes of the main network by layer."""
    figures = []
    for metric, title, label in (
        ("layer multiplications", "Where the work is", "multiplications a window"),
        ("layer bytes", "Where the bytes are", "bytes of weights"),
    ):
        items = results.all("sizes", metric, model=results.main)
        total = sum(item["value"] for item in items)
        rows = [
            {"layer": item["layer"], "x": item["value"], "told": f"{item['value']:,} ({item['value'] / total:.0%})"}
            for item in items
        ]
        if rows:
            chart = (
                alt.Chart(data(rows))
                .mark_bar(color=FIRST)
                .encode(
                    x=alt.X("x:Q", title=label, axis=alt.Axis(format="~s", tickCount=4)),
                    y=alt.Y("layer:N", sort=None, title=None),
                    tooltip=hints(layer="layer", told=label),
                )
            )
            most = max(rows, key=lambda row: row["x"])
            said = f"{len(rows)} layers; the largest, {most['layer']}, has {most['told']} {label}."
            figures.append(
                figure(
                    metric.replace(" ", "-"),
                    f"{results.main}: {title.lower()}",
                    f"{total:,} {label} in all.",
                    said,
                    ("sizes",),
                    chart,
                    height=_ROW * len(rows),
                )
            )
    return figures


def latency_figures(results: Results) -> list[Figure]:
    """Distributions of all that was timed, one chart for each network."""
    samples = {name: times for name, times in results.details("latency", "samples").items() if times}
    grouped: dict[str, dict[str, Sequence[float]]] = {}
    longest_first = sorted(results.models, key=len, reverse=True)
    for name, times in samples.items():
        model = next((one for one in longest_first if name.startswith(f"{one} ")), results.main)
        grouped.setdefault(model, {})[name.removeprefix(f"{model} ").removesuffix(_ONE_THREAD)] = times
    return [
        _quantiles(f"latency-{model}", f"{model}: how long a window takes", "1 thread or as said", times, "latency")
        for model, times in grouped.items()
    ]


def browser_figure(results: Results) -> Figure | None:
    """The same in a browser."""
    samples = {name: times for name, times in results.details("browser", "samples").items() if times}
    if not samples:
        return None
    return _quantiles("browser-samples", "How long a window takes", "In WebAssembly", samples, "browser")


def _quantiles(name: str, title: str, remark: str, samples: dict[str, Sequence[float]], section: str) -> Figure:
    points = ("p5", "p25", "median", "p75", "p95")
    rows: list[dict[str, Any]] = []
    for what, times in samples.items():
        found = map(float, np.percentile(times, (5, 25, 50, 75, 95)))
        row: dict[str, Any] = {point: float(f"{value:.4g}") for point, value in zip(points, found, strict=True)}
        rows.append(row | {"what": what, "calls": len(times)})
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("what:N", sort=None, title=None, axis=alt.Axis(labelLimit=165, ticks=False, domain=False)),
        tooltip=hints(what="what", **{f"{point}:Q": f"{point}, ms" for point in points}, **{"calls:Q": "calls"}),
    )
    thin = base.mark_rule(strokeWidth=1.5, color=FIRST).encode(x=axis("p5", "ms, logarithmic", log=True), x2="p95:Q")
    thick = base.mark_rule(strokeWidth=7, color=FIRST, opacity=0.6).encode(x="p25:Q", x2="p75:Q")
    tick = base.mark_tick(thickness=2.5, size=13, color=SECOND).encode(x="median:Q")
    fastest, slowest = (extreme(rows, key=lambda row: row["median"]) for extreme in (min, max))
    said = (
        f"{len(rows)} distributions. Fastest: {fastest['what']}, median {short(fastest['median'])} ms. "
        f"Slowest: {slowest['what']}, median {short(slowest['median'])} ms."
    )
    caption = (
        "Median (tick), middle half of the calls (thick line), 5th to 95th percentile (thin line). " + remark + "."
    )
    return figure(name, title, caption, said, (section,), thin + thick + tick, height=_ROW * len(rows))


def front_end_figure(results: Results) -> Figure | None:
    """Medians up to the 90th percentile."""
    rows = []
    for item in results.all("front_ends", "latency median"):
        keys = {"front_end": item["front_end"], "mode": item.get("mode")}
        upper = results.find("front_ends", "latency p90", **keys)
        rows.append(
            {
                "what": item["front_end"],
                "mode": item.get("mode") or "batch",
                "median": item["value"],
                "p90": upper["value"] if upper else item["value"],
            }
        )
    if not rows:
        return None
    modes = list(dict.fromkeys(row["mode"] for row in rows))
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("what:N", sort=None, title=None, axis=alt.Axis(labelLimit=170)),
        color=alt.Color("mode:N", scale=category(modes)),
        tooltip=hints(
            **{"what": "front end", "mode": "mode", "median:Q": "median, ms", "p90:Q": "90th percentile, ms"}
        ),
    )
    rules = base.mark_rule(strokeWidth=2).encode(x=axis("median", "ms, logarithmic", log=True), x2="p90:Q")
    points = base.mark_circle(size=70, opacity=1).encode(x="median:Q")
    fastest = min(rows, key=lambda row: row["median"])
    return figure(
        "front-ends",
        "From samples to features",
        "Median, and a line up to the 90th percentile.",
        f"{len(rows)} front ends. Fastest: {fastest['what']}, {short(fastest['median'])} ms.",
        ("front_ends",),
        rules + points,
        height=_ROW * len({row["what"] for row in rows}),
    )


def memory_figure(results: Results) -> Figure | None:
    """Memory of processes over time."""
    timelines = {name: points for name, points in results.details("memory", "timeline").items() if points}
    rows = [{"what": what, "s": s, "mb": mb} for what, points in timelines.items() for s, mb in points]
    if not rows:
        return None
    chart = (
        alt.Chart(data(rows))
        .mark_line(strokeWidth=2, interpolate="step-after")
        .encode(
            x=axis("s", "s since its start"),
            y=alt.Y("mb:Q", title="resident memory, MB"),
            color=alt.Color("what:N", scale=category(list(timelines))),
            strokeDash=alt.StrokeDash("what:N", scale=_dashes(list(timelines))),
            tooltip=hints(**{"what": "process", "s:Q": "s", "mb:Q": "MB"}),
        )
    )
    most = max(rows, key=lambda row: row["mb"])
    said = f"{len(timelines)} processes. Highest: {most['what']}, {short(most['mb'])} MB after {short(most['s'])} s."
    return figure("memory-timeline", "Memory from start to answer", "", said, ("memory",), chart)


def _dashes(names: list[str]) -> alt.Scale:
    """Full lines for as many as there are colours, dashed ones for the others."""
    return alt.Scale(domain=names, range=[[1, 0] if n < len(COLOURS) else [4, 3] for n in range(len(names))])


def board_figure(results: Results) -> Figure | None:
    """Instructions a second of audio, by board and network."""
    rows = [
        {"board": board_name(item["board"]).split(" (")[0], "model": item["model"], "part": part, "x": item["value"]}
        for part in ("network", "front end")
        for item in results.all("boards", f"{part} instructions")
    ]
    if not rows:
        return None
    models = list(dict.fromkeys(row["model"] for row in rows))
    boards = list(dict.fromkeys(row["board"] for row in rows))
    sums = {
        (board, model): sum(row["x"] for row in rows if (row["board"], row["model"]) == (board, model))
        for board in boards
        for model in models
    }
    rows = [{"board": board, "model": model, "x": total} for (board, model), total in sums.items() if total]
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("board:N", sort=None, title=None),
        x=axis("x", "instructions a second of audio, logarithmic", log=True, counts=True),
        color=alt.Color("model:N", scale=category(models)),
        tooltip=hints(**{"board": "board", "model": "network", "x:Q": "instructions a second"}),
    )
    least = min(rows, key=lambda row: row["x"])
    said = (
        f"{len(models)} networks on {len(boards)} boards. Least: {least['model']} on {least['board']}, "
        f"{short(least['x'] / 1e6)} million."
    )
    chart = base.mark_point(size=70, filled=True)
    caption = "Front end and network together, counted by an emulator."
    return figure("instructions", "Instructions", caption, said, ("boards",), chart, height=2 * _ROW * len(boards))


def peer_figure(results: Results) -> Figure | None:
    """Accuracy against time from samples to label, ours and peers'."""
    rows = []
    for item in results.all("peers", "UA"):
        time = results.find("peers", "samples to label median", model=item["model"])
        if time:
            rows.append(
                {
                    "model": item["model"],
                    "whose": "instead" if item["model"] in results.peers else "ours",
                    "x": time["value"],
                    "ua": 100 * item["value"],
                    "low": 100 * item.get("low", item["value"]),
                    "high": 100 * item.get("high", item["value"]),
                    "told": percent(item),
                }
            )
    if not rows:
        return None
    names = [row["model"] for row in rows]
    base = alt.Chart(data(rows)).encode(
        x=axis("x", "ms from samples to label, logarithmic", log=True),
        color=alt.Color("model:N", scale=category(names), legend=alt.Legend(columns=1, labelLimit=260)),
        tooltip=hints(**{"model": "system", "told": "UA, % [95 %]", "x:Q": "ms"}),
    )
    y = {"scale": alt.Scale(zero=False), "title": "UA, %"}
    rules = base.mark_rule(strokeWidth=2, opacity=0.5).encode(y=alt.Y("low:Q", **y), y2="high:Q")
    points = base.mark_point(size=80, filled=True, opacity=1).encode(
        y=alt.Y("ua:Q", **y),
        shape=alt.Shape(
            "whose:N", scale=alt.Scale(domain=["ours", "instead"], range=["circle", "diamond"]), legend=None
        ),
    )
    best, fastest = max(rows, key=lambda row: row["ua"]), min(rows, key=lambda row: row["x"])
    said = (
        f"{len(rows)} systems. Most accurate: {best['model']}, UA {best['told']} %. "
        f"Fastest: {fastest['model']}, {short(fastest['x'])} ms."
    )
    caption = "Circles: Sernet; diamonds: what people would use instead. Lines: 95 % intervals."
    return figure("peers", "Accuracy and time, beside others", caption, said, ("peers",), rules + points)
