"""Runs the paper's experiments whose corpora are here: all their trainings go through one engine under one bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import Progress

from sernet.benchmarks.evaluation.driver import Study, run_studies, unanswered
from sernet.benchmarks.evaluation.engine import Engine
from sernet.benchmarks.evaluation.experiments import PRESET, Experiment
from sernet.benchmarks.evaluation.fold_log import EvaluationLog
from sernet.benchmarks.evaluation.plan import Material, load_material, make_plan
from sernet.benchmarks.evaluation.readings import check_readings
from sernet.benchmarks.evaluation.report import write_evaluation
from sernet.runtime.errors import SernetError
from sernet.training.corpora.locate import locate
from sernet.training.protocols import named_protocol

ANSWERS = {"random-peek": ("random-peek",), "loso-peek": ("loso-peek", "loso")}
"""The protocols that experiments train under, and those that one training answers."""

DEFAULT_PROTOCOL = "loso-peek"
"""Its trainings also give the honest figure, by their last epoch."""

Results = dict[str, dict[str, dict[str, Any]]]
"""Result documents by name of the experiment and protocol; without what was not measured."""


@dataclass(frozen=True)
class Experiments:
    """What is to be measured, and what stands in the way of the rest."""

    experiments: tuple[Experiment, ...]
    """All of them, in the order of the table."""
    studies: dict[str, tuple[Study, ...]]
    """By name of the experiment, one for each protocol trained under: those to run, and those that are already done."""
    absent: dict[str, str]
    """How to obtain a corpus that is not here, by its name."""
    notes: tuple[str, ...]
    """What a user should know of the clips, and of protocols that are left out."""
    seeds: tuple[int, ...]
    epochs: int

    @property
    def all_studies(self) -> list[Study]:
        """Of all experiments."""
        return [study for studies in self.studies.values() for study in studies]


def plan_experiments(
    experiments: Sequence[Experiment],
    protocols: Sequence[str],
    readings: Sequence[str],
    *,
    seeds: Sequence[int],
    epochs: int | None,
    out: Path,
    work: Path,
    data: Path | None = None,
) -> Experiments:
    """Studies of the experiments whose corpus is here, audited.

    Args:
        experiments: that are wanted.
        protocols: to train under, of `ANSWERS`. Another one is part of the result when all its records are there.
        readings: that are pooled; the folds are answered under these alone.
        seeds: of every training.
        epochs: instead of the preset's.
        out: each experiment has a folder of its own below, by its name.
        work: where run folders lie.
        data: where corpora are looked for first.

    Raises:
        SernetError: a protocol is none of `ANSWERS`, no corpus is here, or as `make_plan` does.
    """
    if unknown := [name for name in protocols if name not in ANSWERS]:
        raise SernetError(
            f"experiments are not trained under {', '.join(unknown)}: use "
            + " or ".join(f"{name} (answers {' and '.join(answers)})" for name, answers in ANSWERS.items())
        )
    absent = _absent(experiments, data)
    materials: dict[tuple[str, str], Material] = {}
    studies: dict[str, tuple[Study, ...]] = {}
    notes: list[str] = []
    for experiment in experiments:
        if experiment.corpus_name in absent:
            continue
        config, folder = experiment.config(epochs), out / experiment.name
        part = (experiment.corpus_name, experiment.audio_type)
        if part not in materials:
            materials[part] = load_material(config.dataset, config, data=data)
            notes += materials[part].notes
        planned = []
        for protocol in map(named_protocol, ANSWERS):
            wanted = protocol.name in protocols
            if not wanted and not (folder / protocol.family).is_dir():
                continue
            check_readings(readings, protocol, config)
            plan = make_plan(
                materials[part],
                protocol,
                config,
                seeds=seeds,
                subject=experiment.name,
                preset=PRESET,
                work=work,
                readings=readings,
            )
            study = Study(protocol, plan, folder, tuple(seeds), tuple(readings))
            if not wanted and (reason := _unfinished(study)):
                notes.append(f"{experiment.name}: {protocol.name} is left out: {reason}")
            else:
                planned.append(study)
        studies[experiment.name] = tuple(planned)
    return Experiments(
        tuple(experiments),
        studies,
        absent,
        tuple(dict.fromkeys(notes)),
        tuple(seeds),
        experiments[0].config(epochs).epochs,
    )


def _absent(experiments: Sequence[Experiment], data: Path | None) -> dict[str, str]:
    corpora = {experiment.corpus_name: experiment.corpus for experiment in experiments}
    absent = {name: corpus.obtain for name, corpus in corpora.items() if locate(corpus, data) is None}
    if absent.keys() == corpora.keys():
        ways = "; ".join(f"{name}: {obtain}" for name, obtain in absent.items())
        raise SernetError(f"no corpus of the experiments is here; --data or SERNET_DATA says where they lie. {ways}")
    return absent


def _unfinished(study: Study) -> str:
    """Why the records do not make a result as they are; empty when they do."""
    try:
        todo = unanswered(study.plan.jobs, study.record_path, study.readings)
    except SernetError as error:
        return str(error)
    if not todo:
        return ""
    name, jobs = study.protocol.name, study.plan.jobs
    return f"{len(todo)} of its {len(jobs)} trainings are not there; --protocol {name} goes on with it"


def run_experiments(
    experiments: Experiments, readings: Sequence[str], engine: Engine, bar: Progress, log: EvaluationLog
) -> dict[str, Results]:
    """Run what has no record yet, and pool every protocol that the trainings answer; returns Results by reading.

    Raises SernetError as `run_studies` does.
    """
    run_studies(experiments.all_studies, engine, bar, log)
    return {
        reading: {
            name: {
                answered: write_evaluation(
                    *(study.out, named_protocol(answered), reading, study.seeds, study.folds),
                    complete=True,
                    plots=False,
                    log=log,
                )
                for study in studies
                for answered in ANSWERS[study.protocol.name]
            }
            for name, studies in experiments.studies.items()
        }
        for reading in readings
    }
