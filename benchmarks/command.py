"""Measure every exported variant of a run and draw the report.

Size, latency, cold start, memory, and accuracy on the held-out clips against the Keras model. Where nothing was held
out, answers are compared with Keras's on training clips, and the accuracy shown is that of the settings, which bundles
carry from `sernet export --measured`. Writes result.json, and from it report.md and report.html.

--pareto compares the variants of several runs, pruned ones and others: accuracy against bytes, multiplications, time
and memory, and which device takes which. Writes pareto.json, pareto.md and pareto.html."""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sernet.runtime.command_line import thread_count
from sernet.runtime.errors import SernetError

if TYPE_CHECKING:
    from sernet.benchmarks.tables import Table
    from sernet.training.result import Result

EXAMPLES = [
    "sernet bench runs/emodb-paper",
    "sernet bench runs/emodb-paper --repetitions 500 --threads 1 2 4",
    "sernet bench runs/emodb-paper --out reports/emodb --json",
    "sernet bench --pareto runs/emodb-sernet runs/emodb-sernet-small runs/emodb-sernet-nano",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", type=Path, nargs="+", metavar="RUN", help="folder that `sernet train` and `sernet export` filled"
    )
    parser.add_argument("--pareto", action="store_true", help="compare all variants of all these runs")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: the first RUN's bench)")
    parser.add_argument(
        "--repetitions", type=int, default=100, metavar="N", help="timed inferences of each variant (default 100)"
    )
    parser.add_argument(
        "--processes", type=int, default=5, metavar="N", help="fresh processes started for each variant (default 5)"
    )
    parser.add_argument(
        "--threads",
        type=thread_count,
        nargs="+",
        default=[1, 2],
        metavar="T",
        help="threads for one inference (default 1 2)",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    from sernet.training.backend import import_quietly

    import_quietly()
    from sernet.benchmarks.document import Document
    from sernet.benchmarks.measurement import Settings, measure
    from sernet.benchmarks.report import write_report
    from sernet.benchmarks.tables import make_tables
    from sernet.benchmarks.tracking import bar_tracker
    from sernet.benchmarks.variant import find_variants
    from sernet.training.progress import progress_bar
    from sernet.training.run import Run

    if args.pareto:
        return _compare(args)
    if len(args.run) > 1:
        raise SernetError("one run is measured at a time: name one, or compare them with --pareto")
    settings = Settings(args.repetitions, args.processes, tuple(sorted(set(args.threads))))
    training_run = Run.open(args.run[0])
    variants = find_variants(training_run)
    with progress_bar(visible=not args.json) as bar:
        result = measure(training_run, variants, settings, bar_tracker(bar))

    def shown(content: dict[str, Any]) -> "tuple[str, Sequence[Table]]":
        document = Document(content)
        note = f" [{document.note}]" if document.note else ""
        return f"{content['corpus']}{note}; {document.protocol}", make_tables(document)

    return _present(args, result, "result", write_report, shown)


def _compare(args: argparse.Namespace) -> int:
    from sernet.benchmarks.pareto.candidates import find_candidates, measure_candidates
    from sernet.benchmarks.pareto.comparison import compared
    from sernet.benchmarks.pareto.report import make_pareto_report, write_pareto
    from sernet.benchmarks.tracking import bar_tracker
    from sernet.training.progress import progress_bar
    from sernet.training.run import Run

    candidates = find_candidates([Run.open(folder) for folder in args.run])
    with progress_bar(visible=not args.json) as bar:
        result = measure_candidates(candidates, args.repetitions, bar_tracker(bar))

    def shown(content: dict[str, Any]) -> "tuple[str, Sequence[Table]]":
        report = make_pareto_report(content, compared(content))
        return f"{report.subtitle}{f' [{report.note}]' if report.note else ''}", report.tables

    return _present(args, result, "pareto", write_pareto, shown)


def _present(
    args: argparse.Namespace,
    result: "Result",
    name: str,
    write: Callable[[Path, dict[str, Any]], Path],
    shown: "Callable[[dict[str, Any]], tuple[str, Sequence[Table]]]",
) -> int:
    """Save a result and its page, and print its JSON, or a heading and tables as a terminal or Markdown has them."""
    from rich.console import Console

    from sernet.benchmarks.tables import show

    folder = args.out or args.run[0] / "bench"
    result.save(folder / f"{name}.json")
    content = json.loads((folder / f"{name}.json").read_text())
    page = write(folder, content)
    if args.json:
        print(json.dumps(content | {"path": str(page)}))
        return 0
    heading, tables = shown(content)
    print(f"{heading}\n")
    show(Console(), tables)
    print(page)
    return 0
