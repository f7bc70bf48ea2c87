"""Measure every exported variant of a run of yours and draw its report.

Size, latency, cold start, memory, and accuracy on the held-out clips against the Keras model. Where nothing was held
out, answers are compared with Keras's on training clips, and the accuracy shown is that of the settings, which bundles
carry from `sernet export --measured`. Writes result.json, and from it report.md and report.html."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sernet.runtime.command_line import thread_count

if TYPE_CHECKING:
    from sernet.benchmarks.tables import Table

EXAMPLES = [
    "sernet bench run runs/emodb-paper",
    "sernet bench run runs/emodb-paper --repetitions 500 --threads 1 2 4",
    "sernet bench run runs/emodb-paper --out reports/emodb --json",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="folder that `sernet train` and `sernet export` filled")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: RUN/bench)")
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
    from sernet.benchmarks.presenting import present
    from sernet.benchmarks.report import write_report
    from sernet.benchmarks.tables import make_tables
    from sernet.benchmarks.tracking import bar_tracker
    from sernet.benchmarks.variant import find_variants
    from sernet.training.progress import progress_bar
    from sernet.training.run import Run

    settings = Settings(args.repetitions, args.processes, tuple(sorted(set(args.threads))))
    training_run = Run.open(args.run)
    variants = find_variants(training_run)
    with progress_bar(visible=not args.json) as bar:
        result = measure(training_run, variants, settings, bar_tracker(bar))

    def shown(content: dict[str, Any]) -> "tuple[str, Sequence[Table]]":
        document = Document(content)
        note = f" [{document.note}]" if document.note else ""
        return f"{content['corpus']}{note}; {document.protocol}", make_tables(document)

    present(result, args.out or args.run / "bench", "result", write_report, shown, as_json=args.json)
    return 0
