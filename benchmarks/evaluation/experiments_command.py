"""`sernet evaluate --experiments`: the paper's settings, each under its protocols, into one table."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from sernet.benchmarks.evaluation.engine import Engine
from sernet.benchmarks.evaluation.experiments import EXPERIMENTS
from sernet.benchmarks.evaluation.experiments_run import (
    DEFAULT_PROTOCOL,
    Experiments,
    plan_experiments,
    run_experiments,
)
from sernet.benchmarks.evaluation.experiments_table import experiments_table, footnotes, write_experiments
from sernet.benchmarks.evaluation.fold_log import EvaluationLog
from sernet.training.leak_audit import audit_table
from sernet.training.mlflow_run import mlflow_store
from sernet.training.progress import progress_bar


def evaluate_experiments(args: argparse.Namespace, protocols: Sequence[str], engine: Engine) -> int:
    """Run them with the options of `sernet evaluate`; returns the exit code. Raises SernetError for a bad option."""
    readings, seeds, out = args.reading or ("float",), args.seeds or (0,), args.out or Path("results")
    planned = plan_experiments(
        EXPERIMENTS,
        protocols or (DEFAULT_PROTOCOL,),
        readings,
        seeds=seeds,
        epochs=args.epochs,
        out=out,
        work=args.work.absolute(),
        data=args.data,
    )
    console = Console(stderr=args.json)
    for note in planned.notes:
        print(f"note: {note}", file=sys.stderr)
    _show_audits(console, planned)
    trainings = sum(len(study.plan.jobs) for study in planned.all_studies)
    settings = f"{len(planned.studies)} of {len(planned.experiments)} experiments"
    console.print(f"{settings}, {trainings} trainings of {planned.epochs} epochs", highlight=False)
    log = EvaluationLog(args.work.absolute(), mlflow_store(args.mlflow, args.work.parent))
    bar = progress_bar(visible=not args.json)
    for reading, results in run_experiments(planned, readings, engine, bar, log).items():
        content = write_experiments(out, planned, results, reading)
        if args.json:
            print(json.dumps(content))
            continue
        table = experiments_table(planned, results, reading)
        print("\n".join([table.title, "", table.markdown(), "", *footnotes(planned), "", content["path"]]))
    return 0


def _show_audits(console: Console, planned: Experiments) -> None:
    """Once for each part of a corpus and protocol: the folds do not depend on anything else."""
    shown = set()
    for experiment in planned.experiments:
        for study in planned.studies.get(experiment.name, ()):
            key = (experiment.corpus_name, experiment.audio_type, study.protocol.name)
            if key not in shown:
                shown.add(key)
                part = f" {experiment.audio_type}" if experiment.corpus.has_options else ""
                console.print(f"{experiment.corpus_name}{part}:", highlight=False)
                console.print(audit_table(study.protocol, study.plan.audits))
