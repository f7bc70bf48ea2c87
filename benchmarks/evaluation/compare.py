"""Two evaluations of the same clips, compared in pairs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sernet.benchmarks.evaluation.figures import ANSWER_METRICS
from sernet.benchmarks.evaluation.pooling import Pooled, load_records, pool
from sernet.runtime.errors import SernetError
from sernet.training.comparison import paired_difference
from sernet.training.metrics import Metric
from sernet.training.protocols import named_protocol
from sernet.training.result import Result


def load_pooled(place: Path, protocol: str, reading: str) -> Pooled:
    """The answers of an evaluation.

    Args:
        place: its folder of results, or one pooled Result in it (``loso-float.json``), which names protocol, reading,
            seeds and folds itself.
        protocol, reading: which of the folder's evaluations.

    Raises:
        SernetError: there is no such evaluation, or its records are gone.
    """
    folder, seeds, folds = place, (), ()
    if place.is_file():
        try:
            content = json.loads(place.read_text(encoding="utf-8"))
            protocol, details = content["protocol"], content["details"]
            reading, seeds, folds = details["reading"], details["seeds"], details["folds"]
        except (OSError, ValueError, KeyError, TypeError):
            raise SernetError(f"{place} is not the result of an evaluation: give a folder or a pooled result") from None
        folder = place.parent
    known = named_protocol(protocol)
    records = load_records(folder, known.family, seeds, folds)
    if not records:
        raise SernetError(f"{folder} holds no records of {protocol}: `sernet evaluate` makes them")
    return pool(records, known, reading)


def compare(first: Pooled, second: Pooled, *, metrics: Mapping[str, Metric] = ANSWER_METRICS) -> Result:
    """Second minus first: UA, WA and weighted F1, or other `metrics`, in pairs, with 95 % intervals over speakers.

    Raises SernetError when the two did not answer the same clips with the same labels.
    """
    if first.labels != second.labels:
        raise SernetError(f"the labels differ: {', '.join(first.labels)} and {', '.join(second.labels)}")
    if different := set(first.clips) ^ set(second.clips):
        raise SernetError(
            f"the two did not answer the same clips ({len(different)} differ, for example {min(different)}): evaluate "
            "the same folds of the same corpus"
        )
    if not np.array_equal(first.targets, second.targets):
        raise SernetError("the two do not agree on the clips' labels: evaluate the same corpus")
    values = []
    for name, metric in metrics.items():
        interval = paired_difference(metric, first.targets, first.answers, second.answers, first.speakers)
        values.append(interval.figure(name))
    return Result(
        what="comparison",
        subject=f"{_named(second)} minus {_named(first)}",
        protocol=first.protocol.name if first.protocol == second.protocol else "two protocols",
        corpus=first.corpus,
        n=len(first.clips),
        seed=first.seeds[0],
        values=values,
        details={"first": _described(first), "second": _described(second)},
    )


def _named(pooled: Pooled) -> str:
    return f"{pooled.subject} ({pooled.protocol.name}, {pooled.reading})"


def _described(pooled: Pooled) -> dict[str, Any]:
    return {
        "subject": pooled.subject,
        "protocol": pooled.protocol.name,
        "reading": pooled.reading,
        "seeds": list(pooled.seeds),
        "folds": list(pooled.folds),
    }
