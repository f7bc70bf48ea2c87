"""The report's tables: one row for each variant, every cell from the Result document."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from sernet.benchmarks.document import KERAS, Document

NOTHING = "-"
"""A cell for which nothing was measured."""


@dataclass(frozen=True)
class Table:
    """A table of text; the first column names the row, the others are figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """GitHub's Markdown."""
        rule = ["---", *["---:"] * (len(self.columns) - 1)]
        lines = [" | ".join(cells) for cells in (self.columns, rule, *self.rows)]
        return "\n".join(f"| {line} |" for line in lines)

    def rich(self) -> RichTable:
        """For a terminal; narrow enough for 80 columns, because an interval goes below its value."""
        table = RichTable(
            title=self.title, title_justify="left", box=None, pad_edge=False, padding=(0, 1), collapse_padding=True
        )
        for index, column in enumerate(self.columns):
            table.add_column(column, justify="right" if index else "left", no_wrap=index == 0)
        for row in self.rows:
            table.add_row(*(cell.replace(" [", "\n[") for cell in row))
        return table


def show(console: Console, tables: Iterable[Table], *, titled: bool = False) -> None:
    """Print tables as a terminal shows them, or else as Markdown, with their titles where `titled` says so."""
    for table in tables:
        if console.is_terminal:
            console.print(table.rich(), "")
        else:
            print(f"{table.title}\n\n{table.markdown()}\n" if titled else f"{table.markdown()}\n")


def make_tables(document: Document) -> tuple[Table, ...]:
    """All tables of a report."""
    answers = _answer_table(document) if document.held_out else _likeness_table(document)
    measured = (_measured_table(document),) if document.measured("UA") else ()
    streamed = (_streaming_table(document),) if any(map(document.streamed, document.variants)) else ()
    return _size_table(document), _speed_table(document), *streamed, answers, *measured


def _size_table(document: Document) -> Table:
    columns = ("variant", "file, bytes", "gzip, bytes", "peak memory, MB", "TFLM arena, bytes")
    rows = tuple(
        (
            variant,
            whole(document.item(variant, "file")),
            whole(document.item(variant, "gzip")),
            f"{document.value(variant, 'peak memory') / 1e6:.1f}",
            whole(document.item(variant, "TensorFlow Lite Micro arena")),
        )
        for variant in document.variants
    )
    return Table("Size and memory", columns, rows)


def _speed_table(document: Document) -> Table:
    threads = document.threads
    names = [f"{count} thread{'s' if count > 1 else ''}" for count in threads]
    columns = (
        "variant",
        *(f"{name}: median / p90, ms" for name in names),
        f"{names[0]}: times {document.reference}",
        "cold start, s",
    )
    rows = tuple(
        (
            variant,
            *(
                f"{document.value(variant, 'latency median', count):.2f} / "
                f"{document.value(variant, 'latency p90', count):.2f}"
                for count in threads
            ),
            f"{document.value(variant, 'latency ratio', threads[0]):.2f}",
            f"{document.value(variant, 'cold start'):.2f}",
        )
        for variant in document.variants
    )
    return Table("Speed", columns, rows)


def _streaming_table(document: Document) -> Table:
    windows = sorted({window_s for variant in document.variants for window_s in document.streamed(variant)})
    columns, rows = ["variant"], []
    for window_s in windows:
        columns += [f"{window_s:g} s: block / window, ms", f"{window_s:g} s: times window"]
    for variant in filter(document.streamed, document.variants):
        row = [variant]
        for window_s in windows:
            figures = document.streamed(variant)[window_s]
            block, window = (figures[f"{name} latency median"] for name in ("block", "window"))
            row += [f"{block:.3f} / {window:.3f}", f"{figures['block to window ratio']:.3f}"]
        rows.append(tuple(row))
    return Table("Live: an answer every 32 frames, 1 thread", tuple(columns), tuple(rows))


def _answer_table(document: Document) -> Table:
    columns = ("variant", "UA, %", "UA - Keras, points", "WA, %", "weighted F1, %", "ECE, %", "as Keras, %")
    rows = tuple(
        (
            variant,
            percent(document.item(variant, "UA")),
            percent(document.item(variant, "UA difference"), signed=True),
            percent(document.item(variant, "WA")),
            percent(document.item(variant, "weighted F1")),
            percent(document.item(variant, "ECE")),
            percent(document.item(variant, "agreement with Keras")),
        )
        for variant in document.variants
    )
    return Table("Answers on the held-out clips", columns, rows)


def _likeness_table(document: Document) -> Table:
    columns = ("variant", "as Keras on training clips, %", "worst probability difference on training clips")
    rows = tuple(
        (
            variant,
            percent(document.item(variant, "agreement with Keras")),
            f"{document.value(variant, 'worst probability difference'):.2g}",
        )
        for variant in document.variants
    )
    return Table("Answers on training clips, compared with Keras", columns, rows)


def _measured_table(document: Document) -> Table:
    columns = ("variant", "UA of its settings, %", "WA of its settings, %", "protocol", "reading", "clips")
    ua, wa = document.measured("UA"), document.measured("WA")
    rows = []
    for variant in document.variants:
        measured = ua.get(variant, {})
        said = (str(measured.get(name, NOTHING)) for name in ("protocol", "reading", "n"))
        rows.append((variant, percent(ua.get(variant)), percent(wa.get(variant)), *said))
    return Table("Accuracy of its settings, not of this very file", columns, tuple(rows))


def baseline_line(document: Document) -> str:
    """How the Keras model answers the same clips."""
    metrics = ("UA", "WA", "weighted F1", "ECE")
    return ", ".join(f"{metric} {percent(document.item(KERAS, metric))} %" for metric in metrics)


def whole(item: dict[str, Any] | None) -> str:
    """A whole number with separators."""
    return NOTHING if item is None else f"{item['value']:,.0f}"


def percent(item: dict[str, Any] | None, *, signed: bool = False) -> str:
    """A share in percent, with its interval where it has one."""
    if item is None:
        return NOTHING
    form = "{:+z.1f}" if signed else "{:.1f}"
    shown = [form.format(100 * item[name]) for name in ("value", "low", "high") if name in item]
    return shown[0] if len(shown) == 1 else f"{shown[0]} [{shown[1]}, {shown[2]}]"
