"""`sernet bench`: all sections, measured and written into one report."""

import argparse
import json
from pathlib import Path

from sernet.benchmarks.suite.sections import SECTIONS
from sernet.runtime.errors import SernetError

EXAMPLES = ["sernet bench --only sizes latency --json"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="the released files alone, in less than 3 minutes")
    parser.add_argument(
        "--only", nargs="+", metavar="S", help=f"sections to measure, of {', '.join(SECTIONS)} (default: all)"
    )
    parser.add_argument("--again", action="store_true", help="measure anew what was measured before")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder that holds emodb/ (default: SERNET_DATA)")
    parser.add_argument(
        "--out", type=Path, default=Path("reports/bench"), metavar="DIR", help="where to write (default %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON lines")


def run(args: argparse.Namespace) -> int:
    names = args.only or list(SECTIONS)
    if unknown := [name for name in names if name not in SECTIONS]:
        raise SernetError(f"unknown section {', '.join(unknown)}: use {', '.join(SECTIONS)}")
    from sernet.training.backend import import_quietly

    import_quietly()
    try:
        from sernet.benchmarks.page.writer import write_page
    except ModuleNotFoundError as error:  # told now, not after half an hour
        raise SernetError(f'{error.name} is missing: pip install "sernet[bench]"') from None
    from sernet.benchmarks.suite.material import prepare
    from sernet.benchmarks.suite.measured import measure_sections
    from sernet.benchmarks.tracking import bar_tracker
    from sernet.training.progress import progress_bar

    with progress_bar(visible=not args.json) as bar:
        track = bar_tracker(bar)
        job = prepare(args.out, args.quick, track, args.data)
        for path in measure_sections(job, args.out, [SECTIONS[name] for name in names], again=args.again):
            if args.json:
                print(json.dumps(json.loads(path.read_text())), flush=True)
    page = write_page(args.out)
    if not args.json:
        print(page)
    return 0
