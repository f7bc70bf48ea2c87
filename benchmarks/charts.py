"""The page's plots: SVG that takes its colours from the page, so that they are right in light and in dark mode."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import ScaledTranslation

from sernet.benchmarks.document import FRONT_END, KERAS, NO_INTERPRETER, Document

# Matplotlib wants colours, the page has variables: each of these stands for one.
INK, FIRST, SECOND, GRID, HUMAN = "#010101", "#020202", "#030303", "#040404", "#050505"
_VARIABLES = {INK: "currentColor", FIRST: "var(--first)", SECOND: "var(--second)", GRID: "var(--grid)"}
_VARIABLES[HUMAN] = "var(--human)"

_STYLE = {
    "svg.fonttype": "none",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}

_SIMILAR_SIZE = 1.15  # files this close to each other would hide each other's markers


@dataclass(frozen=True)
class Chart:
    """One plot."""

    name: str
    title: str
    caption: str
    svg: Markup


def draw_charts(document: Document) -> list[Chart]:
    """All plots, from the Result document."""
    threads = " and ".join(map(str, document.threads))
    confusions = [name for name in (KERAS, "int8") if name in document.details["confusion"]]
    return [
        *_accuracy_charts(document),
        make_chart(
            "latency",
            "Latency",
            f"Median of one inference with {threads} threads, whiskers up to the 90th percentile. A front end "
            "outside the network makes the features, with one thread.",
            lambda figure: _latency(figure.subplots(), document),
        ),
        make_chart(
            "size",
            "Size",
            "The file as it is shipped, and gzipped.",
            lambda figure: _size(figure.subplots(), document),
        ),
        make_chart(
            "memory",
            "Peak memory",
            "Resident memory of a fresh process that answers one clip, and of one that opens no interpreter.",
            lambda figure: _memory(figure.subplots(), document),
        ),
        *(
            make_chart(
                f"confusion-{name.lower()}",
                f"Confusions: {name}",
                "Clips by true emotion (rows) and answer (columns); shade: share of the row.",
                lambda figure, name=name: _confusion(
                    figure.subplots(), document.details["confusion"][name], document.details["labels"]
                ),
                height=4.6,
            )
            for name in confusions
        ),
    ]


def _accuracy_charts(document: Document) -> list[Chart]:
    """UA by size: of the files or, where nothing was held out, of their settings; no chart where neither is known."""
    if document.held_out:
        found = {name: item for name in document.variants if (item := document.item(name, "UA"))}
        title, label = "Accuracy and size", "UA, %"
        whose, keras = "UA", " Keras: the float model they were made of;"
    else:
        found = document.measured("UA")
        if not found:
            return []
        protocol, clips = next((item["protocol"], item["n"]) for item in found.values())
        found = {name: item for name, item in found.items() if item["protocol"] == protocol}
        whose, keras = f"UA of their settings, not of these very files, under {protocol}, n = {clips},", ""
        title, label = "Accuracy of the settings, and size", f"UA under {protocol}, %"
    resampled = next(iter(found.values()))["resampled"]
    people = "; people: listeners on all clips of the corpus" if document.human_listeners else ""
    caption = (
        f"{whose} with 95 % intervals over {resampled}; files of nearly the same size stand side by side.{keras} "
        f"chance: guessing{people}."
    )
    return [
        make_chart(
            "accuracy",
            title,
            caption,
            lambda figure: _accuracy(figure.subplots(), document, found, label),
        )
    ]


def make_chart(name: str, title: str, caption: str, draw: Callable[[Figure], None], height: float = 3.4) -> Chart:
    """A plot that takes its colours from the page: `draw` fills the figure."""
    style: dict[Any, Any] = {**_STYLE, "svg.hashsalt": name}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(6, height), layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    return Chart(name, title, caption, Markup(_inline(buffer.getvalue(), name, title)))


def _inline(svg: str, name: str, title: str) -> str:
    """An SVG document as part of a page: no size of its own, ids that no other plot has, the page's colours."""
    svg = svg[svg.index("<svg") :]
    opening = re.search(r'viewBox="[^"]*"', svg)
    assert opening, "matplotlib gives every SVG a viewBox"
    svg = f'<svg {opening[0]} role="img" aria-label="{title}">' + svg[svg.index(">") + 1 :]
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    return svg


def _accuracy(axes: Axes, document: Document, found: dict[str, dict[str, Any]], label: str) -> None:
    below = min(item["low"] for item in found.values()) > 0.35  # is there room?
    previous, shift = 0.0, 0
    for variant in sorted(found, key=lambda v: document.value(v, "file")):
        size, item = document.value(variant, "file") / 1e6, found[variant]
        shift = shift + 1 if size < previous * _SIMILAR_SIZE else 0
        previous = size
        figure = axes.get_figure(root=True)
        assert figure is not None
        aside = axes.transData + ScaledTranslation(shift * 0.18, 0, figure.dpi_scale_trans)
        axes.plot([size, size], [100 * item["low"], 100 * item["high"]], color=FIRST, transform=aside)
        axes.plot(size, 100 * item["value"], "o", color=FIRST, markersize=8, transform=aside)
        end, side = (100 * item["low"] - 2, "top") if below else (100 * item["high"] + 2, "bottom")
        axes.text(size, end, variant, rotation=90, ha="center", va=side, fontsize=9, transform=aside)
    lines = [("chance", 1 / len(document.details["labels"]), INK, ":")]
    if document.held_out:
        lines.append(("Keras", document.value(KERAS, "UA"), SECOND, "--"))
    if document.human_listeners:
        lines.append(("people", document.human_listeners["UA"], HUMAN, "-"))
    for name, share, colour, style in lines:
        axes.axhline(100 * share, color=colour, linestyle=style)
        axes.text(1.01, 100 * share, name, va="center", fontsize=9, transform=axes.get_yaxis_transform())
    axes.set(xlabel="file, MB", ylabel=label, ylim=(0, 102), xlim=(0, previous * 1.15))
    axes.grid(axis="y", alpha=0.5)


def _latency(axes: Axes, document: Document) -> None:
    front_end = [FRONT_END] if document.item(FRONT_END, "latency median", 1) else []
    names = [*front_end, *document.variants]
    series = {}
    for threads in document.threads:
        measured = [document.item(name, "latency median", threads) for name in names]
        series[f"{threads} thread{'s' if threads > 1 else ''}"] = [item["value"] if item else 0.0 for item in measured]
    whiskers = [
        [item["value"] if (item := document.item(name, "latency p90", threads)) else 0.0 for name in names]
        for threads in document.threads
    ]
    _bars(axes, names, series, "ms", whiskers)


def _size(axes: Axes, document: Document) -> None:
    series = {kind: [document.value(name, kind) / 1e6 for name in document.variants] for kind in ("file", "gzip")}
    _bars(axes, document.variants, series, "MB")


def _memory(axes: Axes, document: Document) -> None:
    names = [NO_INTERPRETER, *document.variants]
    _bars(axes, names, {"peak": [document.value(name, "peak memory") / 1e6 for name in names]}, "MB")


def _bars(
    axes: Axes, names: list[str], series: dict[str, list[float]], unit: str, upper: list[list[float]] | None = None
) -> None:
    """Horizontal bars, a group for each name; whiskers reach to `upper`."""
    thickness = 0.8 / len(series)
    for index, (label, values) in enumerate(series.items()):
        places = [row + (index - (len(series) - 1) / 2) * thickness for row in range(len(names))]
        bars = axes.barh(places, values, thickness * 0.9, color=(FIRST, SECOND)[index % 2], label=label)
        whiskers = upper[index] if upper else values
        axes.hlines(places, values, whiskers, color=INK, linewidth=1)
        for bar, value, whisker in zip(bars, values, whiskers, strict=True):
            if value:
                axes.annotate(
                    f"{value:.3g}",
                    (max(value, whisker), bar.get_y() + bar.get_height() / 2),
                    xytext=(4, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=9,
                )
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.margins(x=0.12)
    if len(series) > 1:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(series))


def _confusion(axes: Axes, counts: list[list[int]], labels: list[str]) -> None:
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            share = count / max(1, sum(line))
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=FIRST, alpha=0.75 * share))
            axes.text(column, row, str(count), ha="center", va="center", fontsize=10, alpha=1 if count else 0.4)
    ticks = range(len(labels))
    axes.set_xticks(ticks, labels, rotation=45, ha="right")
    axes.set_yticks(ticks, labels)
    axes.set(xlim=(-0.5, len(labels) - 0.5), ylim=(len(labels) - 0.5, -0.5), xlabel="answer", ylabel="true emotion")
    axes.set_aspect("equal")
