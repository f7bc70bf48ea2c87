"""Runs the jobs whose records are not there yet, and keeps each record as soon as its fold is done."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sernet.benchmarks.evaluation.engine import Engine
from sernet.benchmarks.evaluation.job import FoldJob, differences, run_fold
from sernet.benchmarks.evaluation.record import load_record, save_record
from sernet.runtime.errors import SernetError

PathOf = Callable[[FoldJob], Path]
"""Where a job's record lies."""


def unanswered(jobs: Sequence[FoldJob], path_of: PathOf, wanted: Sequence[str]) -> list[FoldJob]:
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
            kept = [name for name in record["readings"] if name != "last" and not name.startswith("last-")]
            config = dataclasses.replace(job.config, keep=record["config"]["keep"])
            readings = tuple(dict.fromkeys([*kept, *job.readings]))
            todo.append(dataclasses.replace(job, config=config, readings=readings))
    return todo


def run_jobs(
    jobs: Sequence[FoldJob],
    engine: Engine,
    path_of: PathOf,
    on_record: Callable[[FoldJob, dict[str, Any]], None] | None = None,
) -> None:
    """Run `jobs` and save their records; `on_record` is called after each."""
    for job, record in engine.run(run_fold, jobs):
        save_record(path_of(job), record)
        if on_record:
            on_record(job, record)
