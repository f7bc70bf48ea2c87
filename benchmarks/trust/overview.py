"""The README's short tables of the benchmark, made from the Results of its sections and from nothing else.

A section that was not measured leaves its columns out, and a figure that was not measured a cell. What the released
files weigh is the gate's baseline, which every change's tests keep.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sernet.benchmarks.tables import NOTHING, Table, percent, whole
from sernet.benchmarks.trust.document import Content, read_result
from sernet.training.protocols import PROTOCOLS

FOLDER = "bench"
"""Of the sections' Results, below the folder of all results."""

BASELINE = "baseline"
LATENCY, UA = "latency, times [noise]", "UA, % [95 %]"
LOSO = PROTOCOLS["loso"].name
M4 = "mps2-an386"

Value = dict[str, Any]


@dataclass(frozen=True)
class File:
    """A released one."""

    size: str
    """Empty, or ``-small``."""
    format: str

    @property
    def model(self) -> str:
        """Its network, as sections name it."""
        return f"sernet{self.size}"

    @property
    def stem(self) -> str:
        """Its name, without suffix."""
        return f"emodb{self.size}-{self.format}"


FILES = tuple(File(size, form) for size in ("", "-small", "-nano") for form in ("int8", "int8-float-io"))


@dataclass(frozen=True)
class Column:
    """A figure of each released file."""

    title: str
    section: str
    metric: str
    names: Callable[["File"], dict[str, Any]]
    """How the section names what is measured."""
    cell: Callable[[Value | None], str]

    def value(self, sections: dict[str, Content], file: "File") -> Value | None:
        """The figure; None where it was not measured."""
        wanted = {"metric": self.metric, **self.names(file)}
        values = sections.get(self.section, {"values": []})["values"]
        return next((value for value in values if wanted.items() <= value.items()), None)


def overview_tables(results: Path) -> tuple[Table, ...]:
    """Those of the tables that anything was measured for.

    Raises SernetError when a file is no Result.
    """
    paths = [*sorted((results / FOLDER).glob("*.json")), *results.glob(f"{BASELINE}.json")]
    sections = {path.stem: read_result(path) for path in paths}
    made = (_files(sections), _peers(sections.get("peers")))
    return tuple(table for table in made if table)


def _files(sections: dict[str, Content]) -> Table | None:
    answered = {"reading": "int8", "protocol": LOSO, "condition": "clean"}
    columns = (
        Column("bytes", BASELINE, "file", lambda file: {"model": file.stem}, whole),
        Column("gzip, bytes", BASELINE, "gzip", lambda file: {"model": file.stem}, whole),
        # the network's: pools that are convolutions in a file are none of its ideas
        Column(
            *("multiplications, 3 s", BASELINE, "multiplications"),
            *(lambda file: {"model": File(file.size, "int8").stem}, whole),
        ),
        Column(
            *(LATENCY, "latency", "latency ratio"),
            lambda file: {"model": file.model, "format": file.format, "runtime": "LiteRT", "threads": 1},
            ratio,
        ),
        Column(
            *("RAM on a Cortex-M4, bytes", "boards", "RAM"),
            *(lambda file: {"model": file.model, "format": file.format, "board": M4}, whole),
        ),
        Column(UA, "answers", "UA", lambda file: {"model": file.model, **answered}, percent),
    )
    found = {file: [column.value(sections, file) for column in columns] for file in FILES}
    shown = [place for place in range(len(columns)) if any(row[place] for row in found.values())]
    if not shown:
        return None
    rows = tuple(
        (f"[`{file.stem}`](models/{file.stem}.tflite)", *(columns[place].cell(row[place]) for place in shown))
        for file, row in found.items()
        if any(row)
    )
    title, titles = "The released files", [columns[place].title for place in shown]
    if LATENCY in titles:
        said = sections["latency"]
        of = said["details"].get("reference", "the first file")
        title += f"; latency in LiteRT as a multiple of {of}, on {said['machine']['processor']}"
    if UA in titles:
        title += f"; UA of their settings under `{LOSO}`"
    return Table(title, ("file", *titles), rows)


def _peers(content: Content | None) -> Table | None:
    """What people would use instead, beside ours, which all differences and times refer to."""
    if content is None:
        return None
    ours, values = content["subject"], content["values"]

    def find(metric: str, **names: str) -> Value | None:
        wanted = {"metric": metric, **names}
        return next((value for value in values if wanted.items() <= value.items()), None)

    systems = dict.fromkeys(value["model"] for value in values if "peer" not in value)
    rows = tuple(
        (
            system,
            percent(find("UA", model=system)),
            percent(find("WA", model=system)),
            percent(find("UA difference", model=ours, peer=system), signed=True),
            ratio(find("samples to label ratio", model=system)) if system != ours else "1",
            _megabytes(find("installed", model=system)),
        )
        for system in systems
    )
    columns = (
        *("system", UA, "WA, % [95 %]", f"UA of {ours} minus its, points [95 %]"),
        *(f"from samples to label, times {ours} [noise]", "installed, MB"),
    )
    title = f"Beside what people would use instead; under `{content['protocol']}`, n = {content['n']}"
    return Table(title, columns, rows) if rows else None


def _megabytes(value: Value | None) -> str:
    return NOTHING if value is None else f"{value['value'] / 1e6:.0f}"


def ratio(value: Value | None) -> str:
    """A ratio of times with its noise."""
    if value is None:
        return NOTHING
    return f"{value['value']:.3g} [{value['low']:.3g}, {value['high']:.3g}]"
