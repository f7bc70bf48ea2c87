"""How charts look: Vega-Lite whose colours are the page's variables, so that they are right in light and in dark mode.

Each is drawn twice: here, for print and where scripts do not run, and by the page itself, with tooltips.
"""

from typing import Any

import altair as alt
import vl_convert
from altair.typing import ChartType
from markupsafe import Markup

from sernet.benchmarks.page.parts import Figure

INK, QUIET, GRID, FIRST, SECOND = (f"var(--{name})" for name in ("ink", "quiet", "grid", "c1", "c2"))
COLOURS = [f"var(--c{number})" for number in range(1, 9)]
"""Categories; the page names as many."""
SHAPES = ["circle", "square", "diamond", "triangle-up", "cross", "triangle-down", "triangle-right", "triangle-left"]

_WIDTH = 330
"""Of a drawing, in pixels, without axes: a phone shows its letters as large as they are."""

_CONFIG: dict[str, Any] = {
    "background": None,
    "aria": False,  # the page describes each chart as a whole, and its tables have the figures
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": QUIET,
        "gridColor": GRID,
        "domainColor": QUIET,
        "tickColor": QUIET,
        "gridOpacity": 0.5,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelLimit": 150,
    },
    "legend": {
        "orient": "bottom",
        "direction": "vertical",
        "columns": 2,
        "title": None,
        "labelColor": INK,
        "labelFontSize": 11,
        "labelLimit": 150,
        "symbolStrokeWidth": 2,
        "symbolOpacity": 1,
        "layout": {"bottom": {"direction": "vertical", "anchor": "start"}},
    },
    "text": {"color": INK, "fontSize": 11},
    "rule": {"color": QUIET},
}


def figure(
    name: str,
    title: str,
    caption: str,
    label: str,
    sources: tuple[str, ...],
    chart: ChartType,
    height: int = 230,
) -> Figure:
    """A chart in the page's looks.

    Args:
        name, title, caption, label, sources: the Figure's.
        chart: without sizes.
        height: of the plot without axes, in pixels.
    """
    spec = chart.properties(width=_WIDTH, height=height).to_dict() | {"config": _CONFIG}
    svg = Markup(vl_convert.vegalite_to_svg(spec))
    responsive = spec | {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
    return Figure(name, title, caption, label, sources, responsive, svg)


def data(rows: list[dict[str, Any]]) -> alt.InlineData:
    """Rows that stand in the chart itself."""
    return alt.InlineData(values=rows)


def category(names: list[str], colours: list[str] | None = None) -> alt.Scale:
    """A colour for each name; the same colours again where there are more names."""
    colours = colours or COLOURS
    return alt.Scale(domain=names, range=[colours[index % len(colours)] for index in range(len(names))])


def axis(field: str, title: str, *, log: bool = False, counts: bool = False) -> alt.X:
    """A quantitative horizontal axis; `counts` are written with k and M."""
    scale = alt.Scale(type="log", nice=False, padding=14) if log else alt.Scale(zero=True, nice=True)
    ticks = alt.Axis(tickCount=4, format="~s" if counts else "~g", grid=True)
    return alt.X(f"{field}:Q", title=title, scale=scale, axis=ticks)


def shape(field: str, names: list[str]) -> alt.Shape:
    """A shape for each name."""
    return alt.Shape(
        f"{field}:N",
        scale=alt.Scale(domain=names, range=[SHAPES[index % len(SHAPES)] for index in range(len(names))]),
        legend=alt.Legend(symbolFillColor=INK, symbolStrokeColor=INK),
    )


def share(field: str, title: str, domain: list[float] | None = None) -> alt.Y:
    """A vertical axis of percent."""
    return alt.Y(f"{field}:Q", title=title, scale=alt.Scale(zero=False, domain=domain or alt.Undefined))


def hints(**fields: str) -> list[alt.Tooltip]:
    """What is told of a mark under the pointer: title by field; those with a colon are typed."""
    return [alt.Tooltip(field if ":" in field else f"{field}:N", title=title) for field, title in fields.items()]
