"""The report of a comparison: which variants nothing beats, what each costs, and which device takes which."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from sernet.benchmarks.charts import FIRST, HUMAN, INK, SECOND, Chart, make_chart
from sernet.benchmarks.pareto.comparison import Compared, compared, front
from sernet.benchmarks.pareto.device_classes import Advice, advise
from sernet.benchmarks.report import LIMITS, Report, html, markdown
from sernet.benchmarks.tables import NOTHING, Table, percent, whole
from sernet.training.atomic import write_text

_AXES = {
    "file": ("Bytes", "file, kB", 1e-3),
    "gzip": ("Compressed bytes", "gzip, kB", 1e-3),
    "multiplications": ("Multiplications", "million multiplications in a window", 1e-6),
    "latency median": ("Latency", "ms for a window, 1 thread", 1.0),
    "engine RAM": ("Engine RAM", "kB that a row-by-row engine keeps, int8 alone", 1e-3),
}
"""What accuracy is drawn against: title, label, and unit."""

_OVER_DECADES = ("file", "gzip", "latency median")
"""Drawn on logarithmic axes."""

_MARKERS = "os^Dv*"


def write_pareto(folder: Path, content: dict[str, Any]) -> Path:
    """Write ``pareto.md`` and ``pareto.html`` from the Result's JSON; returns the page's path."""
    variants = compared(content)
    report = make_pareto_report(content, variants)
    write_text(folder / "pareto.md", markdown(report))
    page = folder / "pareto.html"
    write_text(page, html(report, draw_pareto(content, variants)))
    return page


def make_pareto_report(content: dict[str, Any], variants: list[Compared]) -> Report:
    """Everything that is said."""
    details, machine = content["details"], content["machine"]
    people, best = details["human_listeners"], front(variants)
    baseline, window_s = variants[0], details["window_s"]
    advice = advise(variants, window_s)
    return Report(
        title="Smaller and faster: what each variant saves, and what it loses",
        subtitle=f"{content['corpus']}; UA under {content['protocol']}, n = {content['n']}",
        note=details["corpus"]["note"],
        facts=(
            ("Float baseline", f"{baseline.name}: UA {percent(baseline.items['UA'])} %"),
            *([("Human listeners", f"UA {people['UA']:.1%} ({people['source']})")] if people else []),
            ("Machine", f"{machine['processor']}, {machine['cores']} cores, {machine['system']}"),
            ("Interpreter", f"{details['interpreter']}, Python {machine['python']}, sernet {content['sernet']}"),
        ),
        findings=(
            f"{len(best)} of {len(variants)} variants are beaten by none: {', '.join(best)}",
            *(f"{one.device.name}: {one.variant.name if one.variant else 'none of these'}" for one in advice),
        ),
        tables=(variant_table(variants), device_table(advice)),
        remarks=(
            f"UA is the mean recall over the classes, of networks trained with the same settings that answered other "
            f"speakers' clips ({content['protocol']}); 95 % bootstrap intervals over "
            f"{baseline.items['UA']['resampled']}. A run's formats in floats share one figure, those in int8 another.",
            f"Latency: the network alone for {window_s:g} s, warm, one thread, {details['repetitions']} calls of each, "
            f"all variants in turns; times {baseline.name} is a median over the turns.",
            "Front: no other variant is as accurate and as cheap in compressed bytes, multiplications and time, and "
            "better in one of them. Points of accuracy within each other's intervals are not told apart.",
            "Engine RAM: rows and sums that an engine keeps which computes a row at a time, by its formula; weights "
            "stay in flash.",
        ),
        limits=LIMITS,
    )


def variant_table(variants: list[Compared]) -> Table:
    """One row a variant."""
    best, reference = front(variants), variants[0].name
    columns = (
        "variant",
        "pruned",
        "UA, %",
        "file, bytes",
        "gzip, bytes",
        "multiplications, M",
        "engine RAM, bytes",
        "median, ms",
        f"times {reference}",
        "front",
    )
    rows = tuple(
        (
            variant.name,
            variant.method,
            percent(variant.items["UA"]),
            whole(variant.items["file"]),
            whole(variant.items["gzip"]),
            f"{variant.figure('multiplications') / 1e6:.1f}",
            whole(variant.items.get("engine RAM")),
            f"{variant.figure('latency median'):.2f}",
            f"{variant.figure('latency ratio'):.2f}",
            "yes" if variant.name in best else NOTHING,
        )
        for variant in variants
    )
    return Table("Variants", columns, rows)


def device_table(advice: list[Advice]) -> Table:
    """One row a device class."""
    rows = tuple(
        (
            one.device.name,
            one.variant.name if one.variant else NOTHING,
            percent(one.variant.items["UA"]) if one.variant else NOTHING,
            one.why,
        )
        for one in advice
    )
    return Table("Which device takes which", ("device", "variant", "UA, %", "why"), rows)


def draw_pareto(content: dict[str, Any], variants: list[Compared]) -> list[Chart]:
    """Accuracy against each of what can be saved."""
    people = content["details"]["human_listeners"]
    charts = []
    for metric, (title, label, unit) in _AXES.items():
        shown = [variant for variant in variants if metric in variant.items]
        if not shown:
            continue
        charts.append(
            make_chart(
                metric.replace(" ", "-"),
                f"Accuracy and {title.lower()}",
                f"UA under {content['protocol']}, n = {content['n']}, with 95 % intervals. float: {variants[0].name}"
                + ("; people: listeners on all clips of the corpus." if people else "."),
                lambda figure, metric=metric, shown=shown, label=label, unit=unit: _scatter(
                    figure.subplots(), shown, metric, label, unit, variants[0], people["UA"] if people else None
                ),
                height=4.2,
            )
        )
    return charts


def _scatter(
    axes: Axes,
    variants: list[Compared],
    metric: str,
    label: str,
    unit: float,
    baseline: Compared,
    people: float | None,
) -> None:
    runs = list(dict.fromkeys(variant.run for variant in variants))
    formats = list(dict.fromkeys(variant.format for variant in variants))
    colours = (FIRST, SECOND, INK)
    for variant in variants:
        number, item = runs.index(variant.run), variant.items["UA"]
        colour, filled = colours[number % 3], number < 3
        place = unit * variant.figure(metric)
        axes.plot([place, place], [100 * item["low"], 100 * item["high"]], color=colour, linewidth=1, alpha=0.6)
        marker = _MARKERS[formats.index(variant.format) % len(_MARKERS)]
        axes.plot(place, 100 * item["value"], marker, color=colour, markerfacecolor=colour if filled else "none")
    for number, run in enumerate(runs):
        axes.plot([], [], "s", color=colours[number % 3], label=run, fillstyle="full" if number < 3 else "none")
    for number, name in enumerate(formats):
        axes.plot([], [], _MARKERS[number % len(_MARKERS)], color=INK, label=name, fillstyle="none")
    lines = [("float", baseline.figure("UA"), FIRST, "--"), *([("people", people, HUMAN, "-")] if people else [])]
    for name, share, colour, style in lines:
        axes.axhline(100 * share, color=colour, linestyle=style, linewidth=1)
        axes.text(1.01, 100 * share, name, va="center", fontsize=9, transform=axes.get_yaxis_transform())
    axes.set(xlabel=label, ylabel="UA, %")
    if metric in _OVER_DECADES:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
    else:
        axes.set_xlim(left=0)
    axes.grid(axis="y", alpha=0.5)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=3, fontsize=8)
