"""Runs a sweep: every cell of a grid is a study, and all of them go through one engine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.progress import Progress

from sernet.benchmarks.evaluation.driver import Study, run_studies
from sernet.benchmarks.evaluation.engine import Engine
from sernet.benchmarks.evaluation.fold_log import EvaluationLog
from sernet.benchmarks.evaluation.plan import Material, load_material, make_plan
from sernet.benchmarks.evaluation.readings import check_readings
from sernet.benchmarks.evaluation.report import write_evaluation
from sernet.benchmarks.evaluation.sweep import Sweep
from sernet.training.protocols import named_protocol


def sweep_studies(
    sweep: Sweep, readings: Sequence[str], *, out: Path, work: Path, data: Path | None = None
) -> dict[str, Study]:
    """A study for each cell by the cell's name, with a folder of its own below `out`; the folds are audited.

    Folds are answered under `readings` alone. Raises SernetError as `make_plan` and `check_readings` do.
    """
    protocol, materials = named_protocol(sweep.protocol), {}
    studies = {}
    for cell in sweep.cells:
        config = cell.config
        check_readings(readings, protocol, config)
        part = (config.dataset, config.audio_type, config.merge_excited)
        if part not in materials:
            materials[part] = load_material(config.dataset, config, test_corpus=sweep.test_corpus, data=data)
        material: Material = materials[part]
        plan = make_plan(
            material,
            protocol,
            config,
            seeds=sweep.seeds,
            subject=cell.name,
            preset=Path(cell.preset).stem,
            work=work / sweep.name,
            readings=readings,
            folds=sweep.folds,
        )
        studies[cell.name] = Study(protocol, plan, out / cell.name, sweep.seeds, tuple(readings))
    return studies


def run_sweep(
    studies: dict[str, Study], readings: Sequence[str], engine: Engine, bar: Progress, log: EvaluationLog
) -> dict[str, dict[str, dict[str, Any]]]:
    """Run what has no record yet; returns the cells' Result documents by reading and cell."""
    run_studies(list(studies.values()), engine, bar, log)
    return {
        reading: {
            name: write_evaluation(
                *(study.out, study.protocol, reading, study.seeds, study.folds),
                complete=study.plan.complete,
                plots=False,
                log=log,
            )
            for name, study in studies.items()
        }
        for reading in readings
    }
