"""What was tried and not kept, each against the preset on the same clips, in pairs.

A look is a folder of records below ``looks``, as an evaluation leaves it; the preset's lie beside that folder.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sernet.benchmarks.evaluation.compare import compare
from sernet.benchmarks.evaluation.figures import ANSWER_METRICS, pooled_value
from sernet.benchmarks.evaluation.pooling import Pooled, load_records, pool
from sernet.benchmarks.evaluation.readings import READINGS
from sernet.benchmarks.evaluation.record import Record
from sernet.benchmarks.tables import Table, percent
from sernet.training.protocols import PROTOCOLS

LOOKS = "looks"
PRESET = "sernet"
SHOWN = ("float", "gain-20", "telephone", "varied")
"""Readings that were looked at."""


def looks_table(results: Path) -> Table | None:
    """A row for each look and reading that answers otherwise than the preset; None when there is none.

    Raises SernetError when records are damaged or of different studies.
    """
    rows = []
    for look in sorted(path for path in (results / LOOKS).glob("*/*") if path.is_dir()):
        records = load_records(look.parent, look.name)
        for tried, kept in _pairs(results, records):
            figures = (percent(pooled_value("UA", ANSWER_METRICS["UA"], each, each.answers)) for each in (tried, kept))
            gained = next(item for item in compare(kept, tried).values if item["metric"] == "UA")
            place = (f"`{look.parent.name}`", tried.protocol.name, tried.reading)
            rows.append((*place, *figures, percent(gained, signed=True), str(len(tried.clips))))
    columns = ("look", "protocol", "reading", "its UA, % [95 %]", f"UA of `{PRESET}`", "difference, points", "n")
    title = "In pairs with the preset on the same clips; 95 % intervals over speakers, of fewer than five over clips"
    return Table(title, columns, tuple(rows)) if rows else None


def _pairs(results: Path, records: list[Record]) -> Iterator[tuple[Pooled, Pooled]]:
    """A look and the preset, under each reading that both have on the look's folds and seeds, where they differ."""
    if not records:
        return
    family, place = records[0]["family"], results / f"{records[0]['corpus']['name']}-{PRESET}"
    done = {(record["fold"], record["seed"]) for record in records}
    others = [record for record in load_records(place, family) if (record["fold"], record["seed"]) in done]
    if len(others) < len(done):
        return
    for reading in SHOWN:
        protocol = PROTOCOLS["loso-enrolled" if READINGS[reading].enrolled else family]
        if protocol.family == family and all(reading in record["readings"] for record in [*records, *others]):
            tried, kept = pool(records, protocol, reading), pool(others, protocol, reading)
            if not np.array_equal(tried.probabilities, kept.probabilities):
                yield tried, kept
