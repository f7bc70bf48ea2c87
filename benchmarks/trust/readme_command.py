"""Make everything that is generated from the committed Results: the tables of README.md and of results/looks/README.md,
the picture of enrolment, and results/SHA256SUMS. Nothing is measured, and nothing but these is touched."""

import argparse
from pathlib import Path

EXAMPLES = ["sernet bench readme", "sernet bench readme --check"]

ROOT = Path(__file__).resolve().parents[2]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when something is stale")


def run(args: argparse.Namespace) -> int:
    from sernet.training.backend import import_quietly

    import_quietly()
    from sernet.benchmarks.trust.generated import renew, stale

    if args.check:
        found = stale(ROOT)
        for path in found:
            print(f"{path} is not what the results make of it: run `sernet bench readme`")
        return 1 if found else 0
    for path in renew(ROOT):
        print(path)
    return 0
