"""How the networks answer: confusions, calibration, noise, refusals, speakers."""

from itertools import product
from typing import Any

import altair as alt
from altair.typing import ChartType

from sernet.benchmarks.page.drawing import GRID, QUIET, SECOND, category, data, figure, hints, share
from sernet.benchmarks.page.parts import Figure
from sernet.benchmarks.page.results import CLEAN, Results, condition_of
from sernet.benchmarks.tables import percent

READINGS = ("float", "int8")
SOURCE = ("answers",)

Counts = list[list[float]]


def accuracy_figures(results: Results) -> list[Figure]:
    """All that the answers allow."""
    drawn = (
        *_confusions(results),
        _reliability(results),
        _conditions(results),
        _coverage(results),
        _speakers(results),
    )
    return [one for one in drawn if one]


def split_figure(results: Results) -> Figure | None:
    """Which speakers train and which are answered, fold by fold; None where folds are not one for each speaker."""
    speakers = [
        row["speaker"] for row in _of(results, "speakers", READINGS[0]) or _of(results, "speakers", READINGS[1])
    ]
    if not speakers or not results.protocol(results.pictured).startswith("loso"):
        return None
    rows = [
        {"fold": fold, "speaker": speaker, "side": "answered" if fold == speaker else "trained on"}
        for fold, speaker in product(speakers, speakers)
    ]
    chart = (
        alt.Chart(data(rows))
        .mark_rect(stroke="var(--paper)", strokeWidth=2)
        .encode(
            x=alt.X("speaker:N", sort=None, title="speaker", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("fold:N", sort=None, title="network that leaves out"),
            color=alt.Color("side:N", scale=category(["answered", "trained on"], [SECOND, GRID])),
            tooltip=hints(fold="network that leaves out", speaker="speaker", side="clips are"),
        )
    )
    said = (
        f"A grid of {len(speakers)} trainings by {len(speakers)} speakers: each training leaves one speaker out, and "
        "answers that speaker's clips alone."
    )
    caption = (
        f"{len(speakers)} trainings, one a row; every clip is answered once, by a network that never heard its speaker."
    )
    return figure("split", "Who trains, who is asked", caption, said, SOURCE, chart, height=200)


def confusion(
    name: str, title: str, counts: Counts, labels: list[str], caption: str, sources: tuple[str, ...]
) -> Figure:
    """Clips by true emotion and answer."""
    rows = []
    for (true, line), (column, answer) in product(zip(labels, counts, strict=True), enumerate(labels)):
        part = line[column] / max(1, sum(line))
        rows.append({"true": true, "answer": answer, "count": line[column], "share": part, "told": f"{part:.0%}"})
    rights = {label: counts[row][row] / max(1, sum(counts[row])) for row, label in enumerate(labels)}
    worst = min(rights, key=rights.__getitem__)
    said = f"{len(labels)} emotions. Least often recognised: {worst}, {rights[worst]:.0%} of its clips."
    return figure(name, title, caption, said, sources, _grid(rows, "count", labels), height=230)


def _confusions(results: Results) -> list[Figure]:
    labels = results.documents.get("answers", {}).get("details", {}).get("labels", [])
    found = {reading: _of(results, "confusion", reading) for reading in READINGS}
    note = "Clips, pooled over seeds, by true emotion (rows) and answer (columns); shade: share of the row."
    figures = [
        confusion(f"confusion-{reading}", f"{results.pictured}, {reading}: confusions", counts, labels, note, SOURCE)
        for reading, counts in found.items()
        if counts
    ]
    if all(found.values()):
        figures.append(_difference(found["float"], found["int8"], labels, results.pictured))
    return figures


def _difference(float_counts: Counts, int8_counts: Counts, labels: list[str], model: str) -> Figure:
    rows = []
    for true, column in product(range(len(labels)), range(len(labels))):
        before, after = (line[true][column] / max(1, sum(line[true])) for line in (float_counts, int8_counts))
        points = 100 * (after - before)
        rows.append(
            {
                "true": labels[true],
                "answer": labels[column],
                "points": f"{points:+.1f}" if abs(points) >= 0.05 else "0",
                "share": min(1, abs(points) / 10),
                "side": "int8 more often" if points > 0 else "float more often",
                "told": f"{points:+.2f} points",
            }
        )
    furthest = max(rows, key=lambda row: row["share"])
    said = f"Largest difference: {furthest['true']} called {furthest['answer']}, {furthest['told']}."
    caption = "Share of the row in int8 minus that in float, in points; full shade is 10 points or more."
    chart = _grid(rows, "points", labels, side=True)
    return figure("confusion-difference", f"{model}: what int8 changes", caption, said, SOURCE, chart, height=230)


def _grid(rows: list[dict[str, Any]], text: str, labels: list[str], *, side: bool = False) -> ChartType:
    base = alt.Chart(data(rows)).encode(
        x=alt.X("answer:N", sort=labels, title="answer", axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("true:N", sort=labels, title=None),
        tooltip=hints(true="true", answer="answer", told="share" if not side else "int8 - float"),
    )
    shade = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None)
    if side:
        sides = category(["int8 more often", "float more often"], ["var(--shade2)", "var(--shade)"])
        cells = base.mark_rect().encode(opacity=shade, color=alt.Color("side:N", scale=sides))
    else:
        cells = base.mark_rect(color="var(--shade)").encode(opacity=shade)
    return cells + base.mark_text(fontSize=10).encode(text=f"{text}:N")


def _reliability(results: Results) -> Figure | None:
    rows = [
        {"reading": reading, "x": 100 * bin["confidence"], "y": 100 * bin["accuracy"], "n": bin["n"]}
        for reading in READINGS
        for bin in _of(results, "reliability", reading)
        if bin["n"]
    ]
    if not rows:
        return None
    diagonal = alt.Chart(data([{"x": 0, "y": 0}, {"x": 100, "y": 100}])).mark_line(strokeDash=[4, 4], color=QUIET)
    base = alt.Chart(data(rows)).encode(
        x=alt.X("x:Q", title="confidence, %", scale=alt.Scale(domain=[0, 100])),
        y=share("y", "right answers, %", domain=[0, 100]),
        color=alt.Color("reading:N", scale=category(_readings(rows))),
        tooltip=hints(**{"reading": "reading", "x:Q": "confidence, %", "y:Q": "right, %", "n:Q": "clips"}),
    )
    errors = [
        f"ECE in {reading} {percent(item)} %"
        for reading in _readings(rows)
        if (item := results.accuracy(results.pictured, reading, "ECE"))
    ]
    points = base.mark_circle(opacity=1).encode(size=alt.Size("n:Q", legend=None, scale=alt.Scale(range=[20, 160])))
    below = sum(row["n"] for row in rows if row["y"] < row["x"]) / sum(row["n"] for row in rows)
    said = f"{below:.0%} of the answers lie in bins that are right less often than they are confident."
    caption = f"On the dashed line an answer is right as often as it is confident; area: clips. {'; '.join(errors)}"
    chart = diagonal.encode(x="x:Q", y="y:Q") + base.mark_line(strokeWidth=2) + points
    return figure("reliability", f"{results.pictured}: is it as sure as it is right?", caption, said, SOURCE, chart)


def _conditions(results: Results) -> Figure | None:
    protocol = results.protocol(results.pictured)
    rows = [
        {
            "condition": condition_of(item),
            "series": f"{item['model']}, {item['reading']}",
            "ua": 100 * item["value"],
            "low": 100 * item.get("low", item["value"]),
            "high": 100 * item.get("high", item["value"]),
            "told": percent(item),
        }
        for item in results.all("answers", "UA")
        if item["protocol"] == protocol
    ]
    heard = {row["series"] for row in rows if row["condition"] != CLEAN}
    rows = [row for row in rows if row["series"] in heard]
    if not rows:
        return None
    order = [name for name in CONDITIONS if any(row["condition"] == name for row in rows)]
    order += [name for name in dict.fromkeys(row["condition"] for row in rows) if name not in order]
    offset = alt.XOffset("series:N")
    base = alt.Chart(data(rows)).encode(
        x=alt.X("condition:N", sort=order, title="what the network hears", axis=alt.Axis(labelAngle=-40)),
        color=alt.Color("series:N", scale=category(sorted(heard))),
        tooltip=hints(series="network", condition="condition", told="UA, % [95 %]"),
    )
    rules = base.mark_rule(strokeWidth=2, opacity=0.5).encode(y=share("low", "UA, %"), y2="high:Q", xOffset=offset)
    points = base.mark_circle(size=60, opacity=1).encode(y=share("ua", "UA, %"), xOffset=offset)
    worst = min(rows, key=lambda row: row["ua"])
    said = f"Lowest: {worst['condition']}, {worst['series']}, UA {worst['told']} %."
    caption = (
        f"UA under {protocol} with 95 % intervals. snr20, snr10, snr5: noise so many dB below the speech; room: "
        "reverberation; telephone: its band; gain-20: 20 dB quieter."
    )
    return figure("conditions", "Noise, rooms, telephones", caption, said, SOURCE, rules + points)


CONDITIONS = (CLEAN, "snr20", "snr10", "snr5", "room", "telephone", "gain-20")


def _coverage(results: Results) -> Figure | None:
    rows = [
        {"reading": reading, "x": 100 * point["coverage"], "y": 100 * point["accuracy"]}
        for reading in READINGS
        for point in _of(results, "coverage", reading)
    ]
    if not rows:
        return None
    chart = (
        alt.Chart(data(rows))
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=20))
        .encode(
            x=alt.X("x:Q", title="answered, % of the clips, the surest first", scale=alt.Scale(domain=[0, 100])),
            y=share("y", "right answers, %"),
            color=alt.Color("reading:N", scale=category(_readings(rows))),
            tooltip=hints(**{"reading": "reading", "x:Q": "answered, %", "y:Q": "right, %"}),
        )
    )
    half = min(rows, key=lambda row: abs(row["x"] - 50))
    said = f"Answering {half['x']:.0f} % of the clips, {half['reading']} is right in {half['y']:.0f} % of them."
    caption = "What is gained by saying “uncertain” instead of the least sure answers."
    return figure("coverage", f"{results.pictured}: right when it answers", caption, said, SOURCE, chart)


def _speakers(results: Results) -> Figure | None:
    rows = [
        {"speaker": row["speaker"], "reading": reading, "ua": 100 * row["UA"], "n": row["n"]}
        for reading in READINGS
        for row in _of(results, "speakers", reading)
    ]
    if not rows:
        return None
    base = alt.Chart(data(rows)).encode(y=alt.Y("speaker:N", sort=None, title="speaker"))
    lines = base.mark_line(color=QUIET, strokeWidth=2).encode(x="ua:Q", detail="speaker:N")
    points = base.mark_point(size=60, filled=True, opacity=0.9).encode(
        x=alt.X("ua:Q", title="UA, %", scale=alt.Scale(zero=False)),
        color=alt.Color("reading:N", scale=category(_readings(rows))),
        shape=alt.Shape("reading:N", scale=alt.Scale(domain=_readings(rows), range=["circle", "diamond"])),
        tooltip=hints(**{"speaker": "speaker", "reading": "reading", "ua:Q": "UA, %", "n:Q": "clips"}),
    )
    lowest, highest = (extreme(rows, key=lambda row: row["ua"]) for extreme in (min, max))
    said = (
        f"Lowest: speaker {lowest['speaker']}, {lowest['reading']}, {lowest['ua']:.1f} %. "
        f"Highest: speaker {highest['speaker']}, {highest['reading']}, {highest['ua']:.1f} %."
    )
    caption = "UA of each speaker's own clips, answered by networks that never heard them."
    return figure("speakers", f"{results.pictured}: float and int8 by speaker", caption, said, SOURCE, lines + points)


def _readings(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["reading"] for row in rows))


def _of(results: Results, name: str, reading: str) -> list[Any]:
    """What the answers of the main network keep of the headline's protocol."""
    return (
        results.details("answers", name).get(f"{results.pictured} {reading} {results.protocol(results.pictured)}") or []
    )
