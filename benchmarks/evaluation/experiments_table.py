"""What the paper's experiments leave behind: one table, beside the published figures."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sernet.benchmarks.evaluation.experiments import PRESET, PUBLISHED_PROTOCOL, SOURCE, Experiment
from sernet.benchmarks.evaluation.experiments_run import ANSWERS, Experiments, Results
from sernet.benchmarks.tables import NOTHING, Table, percent
from sernet.training.atomic import write_text
from sernet.training.result import Result

METRICS = ("UA", "WA", "weighted F1")
PUBLISHED_METRICS = ("UA", "WA")

PROTOCOLS = tuple(answered for protocols in ANSWERS.values() for answered in protocols)
"""In the order of the rows."""


def experiments_table(planned: Experiments, results: Results, reading: str) -> Table:
    """A row for each experiment and protocol that was measured or published, at least one for each experiment.

    A published figure stands beside the protocol under which it was measured. Numbers behind a setting are those of
    `footnotes`.
    """
    numbers, seeds = _note_numbers(planned), planned.seeds
    rows = []
    for experiment in planned.experiments:
        title = f"{experiment.title} ({numbers[experiment.note]})" if experiment.note else experiment.title
        for protocol in _protocols(experiment, results) or (NOTHING,):
            document = results.get(experiment.name, {}).get(protocol)
            rows.append(
                (
                    title,
                    protocol,
                    NOTHING if document is None else str(document["n"]),
                    *(percent(_figure(document, metric)) for metric in METRICS),
                    *(_published(experiment, protocol, metric) for metric in PUBLISHED_METRICS),
                )
            )
    title = (
        f"The paper's experiments: preset {PRESET}, {planned.epochs} epochs, reading {reading}, "
        f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}; published: {SOURCE}, "
        f"as measured under {PUBLISHED_PROTOCOL}"
    )
    published = (f"published {metric}, %" for metric in PUBLISHED_METRICS)
    columns = ("setting", "protocol", "n", *(f"{metric}, %" for metric in METRICS), *published)
    return Table(title, columns, tuple(rows))


def footnotes(planned: Experiments) -> list[str]:
    """The lines below the table: notes by number, and the corpora that are not here with how to obtain them."""
    return [
        *(f"({number}) {note}" for note, number in _note_numbers(planned).items()),
        *(f"not present: {name}: {obtain}" for name, obtain in planned.absent.items()),
    ]


def experiments_csv(planned: Experiments, results: Results) -> str:
    """The same for a spreadsheet: figures are shares of 1, and an empty cell is one that has none."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    parts = [(metric, part) for metric in METRICS for part in ("value", "low", "high")]
    writer.writerow(
        [
            *("experiment", "corpus", "audio_type", "input_duration", "loss", "status", "protocol", "n"),
            *(metric if part == "value" else f"{metric} {part}" for metric, part in parts),
            *(f"published {metric}" for metric in PUBLISHED_METRICS),
            *("source", "note"),
        ]
    )
    for experiment in planned.experiments:
        for protocol in _protocols(experiment, results) or ("",):
            document = results.get(experiment.name, {}).get(protocol)
            figures = {metric: _figure(document, metric) or {} for metric in METRICS}
            published = experiment.published if protocol == PUBLISHED_PROTOCOL else {}
            writer.writerow(
                [
                    experiment.name,
                    experiment.corpus_name,
                    experiment.audio_type if experiment.corpus.has_options else "",
                    f"{experiment.input_duration:g}",
                    experiment.loss,
                    _status(experiment, document, planned.absent),
                    protocol,
                    "" if document is None else document["n"],
                    *(f"{figures[metric][part]:.6f}" if figures[metric] else "" for metric, part in parts),
                    *(published.get(metric, "") for metric in PUBLISHED_METRICS),
                    SOURCE if published else "",
                    experiment.note,
                ]
            )
    return text.getvalue()


def experiments_result(planned: Experiments, results: Results, reading: str) -> Result:
    """All figures as one Result; each value names its experiment and protocol, `n` counts the answers of all rows."""
    documents = [document for protocols in results.values() for document in protocols.values()]
    return Result(
        what="experiments",
        subject=PRESET,
        protocol=", ".join(name for name in PROTOCOLS if any(name in protocols for protocols in results.values())),
        corpus="; ".join(dict.fromkeys(document["corpus"] for document in documents)),
        n=sum(document["n"] for document in documents),
        seed=planned.seeds[0],
        values=[
            {"experiment": name, "protocol": protocol, "n": document["n"], **value}
            for name, protocols in results.items()
            for protocol, document in protocols.items()
            for value in document["values"]
        ],
        details={
            "reading": reading,
            "seeds": list(planned.seeds),
            "epochs": planned.epochs,
            "published_protocol": PUBLISHED_PROTOCOL,
            "source": SOURCE,
            "absent": dict(planned.absent),
            "experiments": [
                {
                    "name": experiment.name,
                    "title": experiment.title,
                    "corpus": experiment.corpus_name,
                    "config": experiment.config(planned.epochs).to_json(),
                    "published": dict(experiment.published),
                    "note": experiment.note,
                }
                for experiment in planned.experiments
            ],
        },
    )


def write_experiments(folder: Path, planned: Experiments, results: Results, reading: str) -> dict[str, Any]:
    """Write ``experiments-READING.json`` and ``.csv`` into `folder`; returns the document, with its own ``path``."""
    result = experiments_result(planned, results, reading)
    path = folder / f"experiments-{reading}.json"
    result.save(path)
    write_text(path.with_suffix(".csv"), experiments_csv(planned, results))
    return result.to_json() | {"path": str(path)}


def _protocols(experiment: Experiment, results: Results) -> tuple[str, ...]:
    measured = set(results.get(experiment.name, {}))
    published = {PUBLISHED_PROTOCOL} if experiment.published else set()
    return tuple(name for name in PROTOCOLS if name in measured | published)


def _note_numbers(planned: Experiments) -> dict[str, int]:
    notes = dict.fromkeys(experiment.note for experiment in planned.experiments if experiment.note)
    return {note: number for number, note in enumerate(notes, start=1)}


def _figure(document: Mapping[str, Any] | None, metric: str) -> dict[str, Any] | None:
    return next((value for value in document["values"] if value["metric"] == metric), None) if document else None


def _published(experiment: Experiment, protocol: str, metric: str) -> str:
    if protocol != PUBLISHED_PROTOCOL or metric not in experiment.published:
        return NOTHING
    return f"{100 * experiment.published[metric]:.2f}"


def _status(experiment: Experiment, document: Mapping[str, Any] | None, absent: Mapping[str, str]) -> str:
    if document is not None:
        return "measured"
    return "corpus not present" if experiment.corpus_name in absent else "not measured"
