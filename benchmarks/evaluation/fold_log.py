"""Evaluations in the pages of TensorBoard and MLflow: every fold as it is done, and what is pooled of all.

Folds are trained on many machines; their records come to one, and are told from there.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sernet.benchmarks.evaluation.figures import ANSWER_METRICS
from sernet.benchmarks.evaluation.job import FoldJob
from sernet.benchmarks.evaluation.record import Record
from sernet.training.run_log import run_log


@dataclass(frozen=True)
class EvaluationLog:
    """Where the runs of an evaluation are told."""

    work: Path
    """The runs' folders are below."""
    store: str | None
    """Of MLflow, as of `mlflow_store`."""

    def fold(self, job: FoldJob, record: Record) -> None:
        """Settings and epochs of a fold, UA, WA and F1 of its first reading."""
        reading, probabilities = next(iter(record["readings"].items()))
        settings = record["config"] | {"fold": record["fold"], "family": record["family"], "reading": reading}
        targets, answers = np.array(record["clips"]["target"]), np.argmax(probabilities, axis=1)
        history = record["history"]
        with run_log(job.folder, settings, self.store, "folds", job.name) as log:
            for done, figures in enumerate(zip(*history.values(), strict=True), start=1):
                log.epoch(done, dict(zip(history, figures, strict=True)))
            log.measured(
                [{"metric": name, "value": metric(targets, answers)} for name, metric in ANSWER_METRICS.items()]
            )

    def pooled(self, content: dict[str, Any]) -> None:
        """A Result document with its ``path``, once however often it is made of the same records."""
        path, details = Path(content["path"]), content["details"]
        names = ("reading", "epochs", "seeds", "folds")
        settings = {"protocol": content["protocol"], "corpus": content["corpus"]} | {n: details[n] for n in names}
        name = f"{content['subject']}/{path.stem}"
        with run_log(self.work / name, settings, self.store, "evaluation", name) as log:
            log.measured(content["values"])
            log.files = [path]
