"""Runs the jobs whose records are not there yet, and keeps each record as soon as its fold is done."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import Progress

from sernet.benchmarks.evaluation.engine import Engine
from sernet.benchmarks.evaluation.fold_log import EvaluationLog
from sernet.benchmarks.evaluation.fold_progress import fold_progress
from sernet.benchmarks.evaluation.job import FoldJob, differences, run_fold
from sernet.benchmarks.evaluation.plan import Plan
from sernet.benchmarks.evaluation.record import load_record, save_record
from sernet.runtime.errors import SernetError
from sernet.training.protocols import Protocol


@dataclass(frozen=True)
class Study:
    """Settings under a protocol, and where their records and results lie."""

    protocol: Protocol
    plan: Plan
    out: Path
    seeds: tuple[int, ...]
    readings: tuple[str, ...]
    """That are pooled; the folds may be answered in more."""

    @property
    def name(self) -> str:
        """What is evaluated; unique in a sweep."""
        return self.plan.jobs[0].subject

    @property
    def folds(self) -> tuple[str, ...]:
        """Names of the folds, each once."""
        return tuple(dict.fromkeys(job.fold.name for job in self.plan.jobs))

    def record_path(self, job: FoldJob) -> Path:
        """Where a job's record lies."""
        return self.out / f"{job.record_name}.json"


def run_studies(studies: Sequence[Study], engine: Engine, bar: Progress, log: EvaluationLog) -> None:
    """Run what has no record yet, all studies together, under one bar; each fold is told to `log` as it is done.

    Raises SernetError before anything trains when a record of another training is in the way, and when a job fails.
    """
    by_name = {study.name: study for study in studies}
    jobs = [job for study in studies for job in unanswered(study.plan.jobs, study.record_path, study.readings)]
    if not jobs:
        return
    there = sum(len(study.plan.jobs) for study in studies) - len(jobs)
    with fold_progress(bar, jobs, there) as progress:
        for job, record in engine.run(run_fold, jobs):
            save_record(by_name[job.subject].record_path(job), record)
            progress.finished(job, record)
            log.fold(job, record)


def unanswered(jobs: Sequence[FoldJob], path_of: Callable[[FoldJob], Path], wanted: Sequence[str]) -> list[FoldJob]:
    """The jobs that have to run: without a record, or with one that lacks a wanted reading.

    A record that lacks one is made anew with all its readings and the job's, from the trained model where that is still
    in the work folder.

    Raises SernetError for a record of another training: nothing is ever overwritten by something else.
    """
    todo = []
    for job in jobs:
        path = path_of(job)
        if not path.is_file():
            todo.append(job)
            continue
        record = load_record(path)
        if differing := differences(record, job):
            raise SernetError(f"{path} was made with another {', '.join(differing)}: choose another --out")
        if set(wanted) - set(record["readings"]):
            todo.append(_again(job, record))
    return todo


def _again(job: FoldJob, record: dict[str, Any]) -> FoldJob:
    """The job that makes a record anew: the same training, with all readings."""
    before = [name for name in record["readings"] if name != "last" and not name.startswith("last-")]
    config = dataclasses.replace(job.config, keep=record["config"]["keep"])
    return dataclasses.replace(job, config=config, readings=tuple(dict.fromkeys([*before, *job.readings])))
