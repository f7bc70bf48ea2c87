"""What a sweep leaves behind: one table of all its cells, in the grid's order."""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sernet.benchmarks.evaluation.sweep import Sweep
from sernet.benchmarks.tables import Table, percent
from sernet.training.atomic import write_text
from sernet.training.result import Result

METRICS = ("UA", "WA", "weighted F1", "ECE")

NOTE = "every cell that was measured, in the grid's order; the best of several is flattered by having been picked"

Results = Mapping[str, Mapping[str, Any]]
"""Result documents of evaluations by the name of their cell."""


def sweep_table(sweep: Sweep, results: Results) -> Table:
    """A row for each cell: its settings, and its figures in percent with their intervals.

    Args:
        sweep: names the cells.
        results: of every cell, under one protocol and reading.
    """
    columns = (", ".join(sweep.axes), "n", *(f"{metric}, %" for metric in METRICS))
    rows = tuple(
        (
            ", ".join(_text(value) for value in cell.settings.values()),
            str(results[cell.name]["n"]),
            *(percent(_figure(results[cell.name], metric)) for metric in METRICS),
        )
        for cell in sweep.cells
    )
    return Table(f"{sweep.name}: {_headline(sweep, results)}; {NOTE}", columns, rows)


def sweep_csv(sweep: Sweep, results: Results) -> str:
    """The same for a spreadsheet: a column for each setting and figure; figures are shares of 1."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    bounds = [(metric, part) for metric in METRICS for part in ("value", "low", "high")]
    titles = [metric if part == "value" else f"{metric} {part}" for metric, part in bounds]
    writer.writerow(["cell", *sweep.axes, "protocol", "reading", "seeds", "n", *titles])
    for cell in sweep.cells:
        result = results[cell.name]
        details = result["details"]
        writer.writerow(
            [
                cell.name,
                *map(_text, cell.settings.values()),
                result["protocol"],
                details["reading"],
                " ".join(map(str, details["seeds"])),
                result["n"],
                *(f"{_figure(result, metric)[part]:.6f}" for metric, part in bounds),
            ]
        )
    return text.getvalue()


def sweep_result(sweep: Sweep, results: Results) -> Result:
    """All figures of all cells as one Result; each value names its cell."""
    first = results[sweep.cells[0].name]
    return Result(
        what="sweep",
        subject=sweep.name,
        protocol=first["protocol"],
        corpus=first["corpus"],
        n=first["n"],
        seed=sweep.seeds[0],
        values=[{"cell": cell.name, **value} for cell in sweep.cells for value in results[cell.name]["values"]],
        details={
            **{name: first["details"][name] for name in ("protocol", "reading", "note", "folds", "all_folds", "seeds")},
            "axes": list(sweep.axes),
            "cells": [
                {
                    "name": cell.name,
                    "preset": Path(cell.preset).stem,
                    "settings": cell.settings,
                    "config": cell.config.to_json(),
                    "n": results[cell.name]["n"],
                }
                for cell in sweep.cells
            ],
        },
    )


def write_sweep(folder: Path, sweep: Sweep, results: Results) -> dict[str, Any]:
    """Write ``sweep-PROTOCOL-READING.json`` and ``.csv`` into `folder`; returns the document, with its own ``path``."""
    result = sweep_result(sweep, results)
    path = folder / f"sweep-{result.protocol}-{result.details['reading']}.json"
    result.save(path)
    write_text(path.with_suffix(".csv"), sweep_csv(sweep, results))
    return result.to_json() | {"path": str(path)}


def _headline(sweep: Sweep, results: Results) -> str:
    first = results[sweep.cells[0].name]
    details = first["details"]
    note = f" [{details['note']}]" if details["note"] else ""
    folds = "all folds" if details["all_folds"] else f"ONLY FOLDS {', '.join(details['folds'])}"
    seeds = f"seed{'s' if len(details['seeds']) > 1 else ''} {', '.join(map(str, details['seeds']))}"
    return f"{first['corpus']}{note}, {first['protocol']}, reading {details['reading']}, {folds}, {seeds}"


def _figure(result: Mapping[str, Any], metric: str) -> dict[str, Any]:
    return next(value for value in result["values"] if value["metric"] == metric)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
