"""Measure settings under a protocol: train every fold, answer its test clips, pool the answers.

A leak audit runs first. Every fold's answers are kept as a record; a record that is there is not trained again, and a
killed training goes on. `--sweep` does this for a grid of settings, `--experiments` for the paper's, `--compare`
compares two evaluations of the same clips in pairs, `--calibrate` chooses calibration and threshold for each test
speaker on other ones, `--tables` shows the accuracies of all results. With sernet[tracking], `tensorboard --logdir
runs` shows folds and what is pooled of them."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sernet.runtime.errors import SernetError

if TYPE_CHECKING:
    from rich.console import Console

    from sernet.benchmarks.evaluation.engine import Engine
    from sernet.benchmarks.tables import Table

    TablesOf = Callable[[dict[str, Any]], tuple[Table, ...]]

EXAMPLES = [
    "sernet evaluate --protocol loso --corpus emodb --preset paper --seeds 0,1,2",
    "sernet evaluate --protocol loso --corpus emodb --folds 03,08 --epochs 40 --out results/look",
    "sernet evaluate --protocol cross-corpus --corpus emodb --test-corpus ravdess",
    "sernet evaluate --protocol group-kfold --corpus ravdess --engine ray --address 10.0.0.1:6379",
    "sernet evaluate --sweep grid.toml --workers 2",
    "sernet evaluate --experiments --protocol loso-peek,random-peek",
    "sernet evaluate --calibrate results/emodb-sernet --target-accuracy 0.9",
    "sernet evaluate --compare results/emodb-paper results/emodb-quick",
    "sernet evaluate --compare results/emodb-paper/loso-float.json results/emodb-paper/loso-int8.json",
    "sernet evaluate --tables README.md --plot enrolment.svg --out results",
]

DEFAULT_PROTOCOL, DEFAULT_PRESET = "loso", "paper"

IN_THE_GRID = ("protocol", "corpus", "test_corpus", "preset", "seeds", "folds", "epochs")
"""Options that a sweep's file has the say in."""

IN_THE_PAPER = ("corpus", "test_corpus", "preset", "folds")
"""Options that the paper's experiments have the say in."""

DEFAULT_READING = {False: "float", True: "enrolled-60"}
"""By whether the protocol knows the test speaker: for a minute, if so."""


def comma_list(text: str) -> tuple[str, ...]:
    """An option's list of words."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def seed_list(text: str) -> tuple[int, ...]:
    """An option's list of seeds, each once."""
    try:
        seeds = tuple(dict.fromkeys(int(part) for part in comma_list(text)))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of whole numbers such as 0,1,2") from None
    if not seeds:
        raise argparse.ArgumentTypeError("give at least one seed")
    return seeds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--protocol",
        metavar="P",
        help="loso (default), loso-enrolled, loso-peek, loso-inner, random-peek, text, cross-corpus or group-kfold",
    )
    add("--corpus", metavar="NAME", help="corpus (`sernet data list`), or your own recordings (default: the preset's)")
    add("--test-corpus", metavar="NAME", help="cross-corpus: the corpus that is answered")
    add("--preset", help="a preset's name, or a TOML file (default: paper)")
    add("--seeds", type=seed_list, metavar="N,N", help="every fold is trained once for each (default: 0)")
    add("--reading", type=comma_list, metavar="R,R", help="answers that are pooled: float (default), int8, snr10, ...")
    add("--folds", type=comma_list, default=(), metavar="F,F", help="only these folds, for a quick look")
    add("--epochs", type=int, help="instead of the preset's")
    add("--engine", choices=("local", "ray"), default="local", help="where folds are trained (default: local)")
    add("--address", metavar="A", help="ray: the cluster to join (default: one of this machine)")
    add("--workers", type=int, metavar="N", help="local: folds trained at a time (default: one a core)")
    add("--out", type=Path, metavar="DIR", help="where records and results are kept (default: results/CORPUS-PRESET)")
    add("--work", type=Path, default=Path("runs/evaluate"), metavar="DIR", help="models (default: runs/evaluate)")
    add("--data", type=Path, metavar="DIR", help="where corpora lie (default: SERNET_DATA, ./data, the user cache)")
    add("--mlflow", action="store_true", help="log to MLflow too: MLFLOW_TRACKING_URI, else runs/mlflow.db")
    add("--json", action="store_true", help="print the results as JSON")
    add("--sweep", type=Path, metavar="GRID.toml", help="every cell of a grid of settings, into one table")
    add("--experiments", action="store_true", help="the paper's settings whose corpora are here, into one table")
    add("--calibrate", type=Path, metavar="DIR", help="calibration and threshold, from the records of loso-inner")
    add("--target-accuracy", type=float, default=0.9, metavar="A", help="calibrate: of given answers (default: 0.9)")
    add("--compare", nargs=2, type=Path, metavar=("A", "B"), help="B minus A: two --out folders, or results in them")
    add("--tables", nargs="?", type=Path, const=Path("-"), metavar="PAGE.md", help="tables of all results")
    add("--plot", type=Path, metavar="FILE.svg", help="of all results: what knowing its owner is worth, as a picture")


def run(args: argparse.Namespace) -> int:
    if args.compare:
        return _compare(args)
    if args.sweep:
        return _sweep(args)
    if args.experiments:
        return _experiments(args)
    if args.calibrate:
        return _calibrate(args)
    if args.tables or args.plot:
        return _tables(args)
    from sernet.training.config import load_preset
    from sernet.training.protocols import named_protocol

    preset, seeds = args.preset or DEFAULT_PRESET, args.seeds or (0,)
    protocol, config = named_protocol(args.protocol or DEFAULT_PROTOCOL), load_preset(preset)
    if (protocol.name == "cross-corpus") != (args.test_corpus is not None):
        raise SernetError("cross-corpus needs --test-corpus, and no other protocol takes it")
    changed = {"dataset": args.corpus, "epochs": args.epochs}
    config = dataclasses.replace(config, **{name: value for name, value in changed.items() if value is not None})
    from sernet.training.backend import import_quietly

    import_quietly()
    from rich.console import Console

    from sernet.benchmarks.evaluation.driver import Study, run_studies
    from sernet.benchmarks.evaluation.fold_log import EvaluationLog
    from sernet.benchmarks.evaluation.plan import load_material, make_plan
    from sernet.benchmarks.evaluation.readings import check_readings, readings_for
    from sernet.training.leak_audit import audit_table
    from sernet.training.mlflow_run import mlflow_store
    from sernet.training.progress import progress_bar

    readings = args.reading or (DEFAULT_READING[protocol.enrolled],)
    check_readings(readings, protocol, config)
    console = Console(stderr=args.json)
    material = load_material(config.dataset, config, test_corpus=args.test_corpus, data=args.data)
    for note in material.notes:
        print(f"note: {note}", file=sys.stderr)
    subject = f"{material.corpus['name']}-{Path(preset).stem}"
    plan = make_plan(
        material,
        protocol,
        config,
        seeds=seeds,
        subject=subject,
        preset=Path(preset).stem,
        work=args.work.absolute(),
        readings=readings_for(config),
        folds=args.folds,
    )
    console.print(audit_table(protocol, plan.audits))
    kept = "PEEKS: the epoch is picked on the test clips" if protocol.peek else "the last epoch is kept, none is chosen"
    console.print(f"{kept}; {len(plan.jobs)} trainings of {config.epochs} epochs", highlight=False)
    study = Study(protocol, plan, args.out or Path("results") / subject, seeds, tuple(readings))
    log = EvaluationLog(args.work.absolute(), mlflow_store(args.mlflow, args.work.parent))
    run_studies([study], make_engine(args), progress_bar(visible=not args.json), log)
    from sernet.benchmarks.evaluation.report import write_evaluation
    from sernet.benchmarks.evaluation.summary import summary_tables

    results = [
        write_evaluation(study.out, protocol, reading, study.seeds, study.folds, complete=plan.complete, log=log)
        for reading in readings
    ]
    _show(console, results, args.json, summary_tables)
    return 0


def make_engine(args: argparse.Namespace) -> "Engine":
    """The engine that the options ask for."""
    if args.engine == "ray":
        from sernet.benchmarks.evaluation.ray_engine import RayEngine

        return RayEngine(args.address)
    from sernet.benchmarks.evaluation.local_engine import LocalEngine

    if args.address:
        raise SernetError("--address belongs to --engine ray")
    return LocalEngine(args.workers)


def _sweep(args: argparse.Namespace) -> int:
    from sernet.benchmarks.evaluation.sweep import parse_sweep
    from sernet.training.protocols import named_protocol

    _leave_out(args, IN_THE_GRID, f"{args.sweep} says what is evaluated")
    sweep = parse_sweep(args.sweep)
    from sernet.training.backend import import_quietly

    import_quietly()
    from rich.console import Console

    from sernet.benchmarks.evaluation.fold_log import EvaluationLog
    from sernet.benchmarks.evaluation.sweep_run import run_sweep, sweep_studies
    from sernet.benchmarks.evaluation.sweep_table import sweep_table, write_sweep
    from sernet.training.leak_audit import audit_table
    from sernet.training.mlflow_run import mlflow_store
    from sernet.training.progress import progress_bar

    protocol, console = named_protocol(sweep.protocol), Console(stderr=args.json)
    readings = args.reading or (DEFAULT_READING[protocol.enrolled],)
    out = args.out or Path("results") / f"sweep-{sweep.name}"
    studies = sweep_studies(sweep, readings, out=out, work=args.work.absolute(), data=args.data)
    console.print(audit_table(protocol, next(iter(studies.values())).plan.audits))
    trainings = sum(len(study.plan.jobs) for study in studies.values())
    console.print(f"{len(studies)} cells, {trainings} trainings", highlight=False)
    log = EvaluationLog(args.work.absolute() / sweep.name, mlflow_store(args.mlflow, args.work.parent))
    results = run_sweep(studies, readings, make_engine(args), progress_bar(visible=not args.json), log)
    for cells in results.values():
        content, table = write_sweep(out, sweep, cells), sweep_table(sweep, cells)
        if args.json:
            print(json.dumps(content))
        else:
            print(f"{table.title}\n\n{table.markdown()}\n\n{content['path']}")
    return 0


def _experiments(args: argparse.Namespace) -> int:
    _leave_out(args, IN_THE_PAPER, "the paper says what is evaluated")
    from sernet.training.backend import import_quietly

    import_quietly()
    from sernet.benchmarks.evaluation.experiments_command import evaluate_experiments

    return evaluate_experiments(args, comma_list(args.protocol or ""), make_engine(args))


def _compare(args: argparse.Namespace) -> int:
    from rich.console import Console

    from sernet.benchmarks.evaluation.compare import compare, load_pooled
    from sernet.benchmarks.evaluation.summary import comparison_line
    from sernet.training.protocols import named_protocol

    protocol = named_protocol(args.protocol or DEFAULT_PROTOCOL)
    readings = args.reading or (DEFAULT_READING[protocol.enrolled],)
    first, second = (load_pooled(place, protocol.name, readings[0]) for place in args.compare)
    result = compare(first, second).to_json()
    if args.json:
        print(json.dumps(result))
        return 0
    console = Console(highlight=False)
    console.print(f"{result['subject']}: n = {result['n']}, 95 % paired bootstrap intervals", soft_wrap=True)
    for value in result["values"]:
        console.print(comparison_line(value), markup=False, soft_wrap=True)
    return 0


def _calibrate(args: argparse.Namespace) -> int:
    _leave_out(args, set(IN_THE_GRID) - {"seeds", "folds"}, f"the records of {args.calibrate} say what was evaluated")
    from rich.console import Console

    from sernet.benchmarks.evaluation.calibrate import CHOSEN_ON
    from sernet.benchmarks.evaluation.calibration_report import calibration_tables, write_calibration

    results = [
        write_calibration(args.calibrate, reading, args.target_accuracy, args.seeds or (), args.folds)
        for reading in args.reading or CHOSEN_ON
    ]
    for result in results:
        for note in result["details"]["notes"]:
            print(f"note: {result['details']['reading']}: {note}", file=sys.stderr)
    _show(Console(), results, args.json, calibration_tables)
    return 0


def _tables(args: argparse.Namespace) -> int:
    _leave_out(args, (*IN_THE_GRID, "reading", "json"), "the results say what was evaluated")
    from sernet.training.backend import import_quietly

    import_quietly()
    from sernet.benchmarks.evaluation.accuracy_tables_command import show_tables

    results = args.out or Path("results")
    if args.plot:
        from sernet.benchmarks.evaluation.enrolment_plot import draw_enrolment

        draw_enrolment(results, args.plot)
        print(args.plot)
    return show_tables(results, args.tables) if args.tables else 0


def _leave_out(args: argparse.Namespace, names: Iterable[str], because: str) -> None:
    if given := [f"--{name.replace('_', '-')}" for name in names if getattr(args, name)]:
        raise SernetError(f"{because}: leave out {', '.join(sorted(given))}")


def _show(console: "Console", results: list[dict[str, Any]], as_json: bool, tables_of: "TablesOf") -> None:
    from sernet.benchmarks.evaluation.summary import headline
    from sernet.benchmarks.tables import show

    for result in results:
        if as_json:
            print(json.dumps(result))
            continue
        console.print(f"\n{headline(result)}\n", markup=False, highlight=False, soft_wrap=True)
        show(console, tables_of(result), titled=True)
        console.print(result["path"], markup=False, highlight=False, soft_wrap=True)
