"""The README's short tables of the benchmark, made from the Results of its sections and from nothing else.

A section that was not measured leaves its columns out, and a figure that was not measured a cell.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sernet.benchmarks.tables import NOTHING, Table, percent, whole
from sernet.benchmarks.trust.document import Content, name_of, read_result, words
from sernet.training.protocols import PROTOCOLS

FOLDER = "bench"
"""Of the sections' Results, below the folder of all results."""

FILES = {
    (f"sernet{size}", form): f"models/emodb{size}-{form}.tflite"
    for size in ("", "-small", "-nano")
    for form in ("int8", "int8-float-io")
}
"""The released ones, by network and format."""

LOSO = PROTOCOLS["loso"].name
M4 = "mps2-an386"

Value = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A figure of each released file."""

    title: str
    section: str
    metric: str
    cell: Callable[[Value | None], str]
    keys: tuple[tuple[str, Any], ...] = ()
    """What else names it."""
    of_network: bool = False
    """Whether it is the same in all formats."""

    def value(self, sections: dict[str, Content], model: str, form: str) -> Value | None:
        """The figure; None where it was not measured."""
        wanted = {"metric": self.metric, "model": model, **dict(self.keys)}
        if not self.of_network:
            wanted["format"] = form
        values = sections.get(self.section, {"values": []})["values"]
        return next((value for value in values if wanted.items() <= value.items()), None)


def overview_tables(results: Path) -> tuple[Table, ...]:
    """Those of the tables that anything was measured for.

    Raises SernetError when a file is no Result.
    """
    sections = {path.stem: read_result(path) for path in sorted((results / FOLDER).glob("*.json"))}
    made = (_files(sections), _peers(sections.get("peers", {"values": []})["values"]))
    return tuple(table for table in made if table)


def _files(sections: dict[str, Content]) -> Table | None:
    columns = (
        Column("bytes", "sizes", "file", whole),
        Column("gzip, bytes", "sizes", "gzip", whole),
        Column("multiplications, 3 s", "sizes", "multiplications", whole, of_network=True),
        Column("latency, times [noise]", "latency", "latency ratio", ratio, (("runtime", "LiteRT"), ("threads", 1))),
        Column("RAM on a Cortex-M4, bytes", "boards", "RAM", whole, (("board", M4),)),
        Column(
            "UA, % [95 %]",
            *("answers", "UA", percent),
            keys=(("reading", "int8"), ("protocol", LOSO), ("condition", "clean")),
            of_network=True,
        ),
    )
    found = {path: [column.value(sections, model, form) for column in columns] for (model, form), path in FILES.items()}
    shown = [place for place in range(len(columns)) if any(row[place] for row in found.values())]
    if not shown:
        return None
    rows = tuple(
        (f"[`{Path(path).name}`]({path})", *(columns[place].cell(row[place]) for place in shown))
        for path, row in found.items()
        if any(row)
    )
    title = "The released files"
    titles = [columns[place].title for place in shown]
    if "latency" in sections and "latency, times [noise]" in titles:
        said = sections["latency"]
        of = said["details"].get("reference", "the first file")
        title += f"; latency in LiteRT as a multiple of {of}, on {said['machine']['processor']}"
    if "UA, % [95 %]" in titles:
        title += f"; UA of their settings under `{LOSO}`"
    return Table(title, ("file", *titles), rows)


def _peers(values: Sequence[Value]) -> Table | None:
    """What people would use instead, beside ours: a column for each metric, without times of one machine."""
    rows: dict[str, dict[str, str]] = {}
    for value in values:
        if value.get("kind") == "machine" or value.get("condition", "clean") != "clean":
            continue
        name = words((key, part) for key, part in name_of(value) if key not in ("metric", "condition"))
        rows.setdefault(name, {})[_titled(value)] = _cell(value)
    if not rows:
        return None
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    cells = ((name, *(row.get(column, NOTHING) for column in columns)) for name, row in rows.items())
    return Table("Beside what people would use instead", ("system", *columns), tuple(cells))


def _titled(value: Value) -> str:
    if value.get("kind") == "accuracy":
        return f"{value['metric']}, % [95 %]"
    if value.get("kind") == "ratio":
        return f"{value['metric']} [noise]"
    return f"{value['metric']}, {value['unit']}" if "unit" in value else value["metric"]


def _cell(value: Value) -> str:
    if value.get("kind") == "accuracy":
        return percent(value, signed="difference" in value["metric"])
    return ratio(value) if value.get("kind") == "ratio" else whole(value)


def ratio(value: Value | None) -> str:
    """A ratio of times with its noise."""
    if value is None:
        return NOTHING
    return f"{value['value']:.3g} [{value['low']:.3g}, {value['high']:.3g}]"
