"""Compare the variants of several runs, pruned ones and others: accuracy against bytes, multiplications, time and
memory, and which device takes which. Writes pareto.json, pareto.md and pareto.html."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sernet.benchmarks.tables import Table

EXAMPLES = ["sernet bench pareto runs/emodb-sernet runs/emodb-sernet-small runs/emodb-sernet-nano"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", type=Path, nargs="+", metavar="RUN", help="folders that `sernet train` and `sernet export` filled"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: the first RUN's bench)")
    parser.add_argument(
        "--repetitions", type=int, default=100, metavar="N", help="timed inferences of each variant (default 100)"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    from sernet.training.backend import import_quietly

    import_quietly()
    from sernet.benchmarks.pareto.candidates import find_candidates, measure_candidates
    from sernet.benchmarks.pareto.comparison import compared
    from sernet.benchmarks.pareto.report import make_pareto_report, write_pareto
    from sernet.benchmarks.presenting import present
    from sernet.benchmarks.tracking import bar_tracker
    from sernet.training.progress import progress_bar
    from sernet.training.run import Run

    candidates = find_candidates([Run.open(folder) for folder in args.run])
    with progress_bar(visible=not args.json) as bar:
        result = measure_candidates(candidates, args.repetitions, bar_tracker(bar))

    def shown(content: dict[str, Any]) -> "tuple[str, Sequence[Table]]":
        report = make_pareto_report(content, compared(content))
        return f"{report.subtitle}{f' [{report.note}]' if report.note else ''}", report.tables

    present(result, args.out or args.run[0] / "bench", "pareto", write_pareto, shown, as_json=args.json)
    return 0
