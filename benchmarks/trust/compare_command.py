"""What changed between two Results, or two folders of Results, with the noise to expect.

Exact numbers changed or did not. A ratio of times changed when its noise does not reach the other's; an accuracy when
the two intervals do not overlap (`sernet evaluate --compare` knows more: it compares answers clip by clip). Times and
memory of a machine are shown when both Results are of the same one, and are never called a change."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from sernet.runtime.errors import SernetError

if TYPE_CHECKING:
    from sernet.benchmarks.trust.comparison import Comparison

EXAMPLES = [
    "sernet bench compare results/bench reports/bench/results",
    "sernet bench compare results/emodb-paper/loso-float.json results/emodb-sernet/loso-float.json",
    "sernet bench compare results/bench reports/bench/results --gate --json",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path, metavar="A", help="a Result, or a folder of them: before")
    parser.add_argument("second", type=Path, metavar="B", help="a Result, or a folder with the same file names: after")
    parser.add_argument(
        "--gate",
        action="store_true",
        help="exit with 1 when an exact number differs, or a ratio left its noise by more than a tenth of its value",
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(args: argparse.Namespace) -> int:
    from rich.console import Console

    from sernet.benchmarks.tables import show
    from sernet.benchmarks.trust.comparison import as_json
    from sernet.benchmarks.trust.comparison_table import described, table

    comparisons, alone = _comparisons(args.first, args.second)
    if args.json:
        print(json.dumps({"comparisons": list(map(as_json, comparisons)), "files_in_one": alone}))
    else:
        for comparison in comparisons:
            made = table(comparison)
            show(Console(), [made] if made.rows else [], titled=True)
            print("\n".join(described(comparison)), end="\n\n")
        for path in alone:
            print(f"{path}: the other folder has no such file")
    failures = [f"{each.title}: {failure}" for each in comparisons for failure in each.failures] if args.gate else []
    if failures and not args.json:
        print(f"regression: {'; '.join(failures)}")
    return 1 if failures else 0


def _comparisons(first: Path, second: Path) -> "tuple[list[Comparison], list[str]]":
    """Of the files of the same name in two folders, or of two files; and the files that only one folder has."""
    from sernet.benchmarks.trust.comparison import compare
    from sernet.benchmarks.trust.document import read_result

    if first.is_dir() != second.is_dir():
        raise SernetError(f"{first} and {second} are a folder and a file: give two of a kind")
    if not first.is_dir():
        return [compare(f"{first} and {second}", read_result(first), read_result(second))], []
    before, after = ({path.name: path for path in sorted(folder.glob("*.json"))} for folder in (first, second))
    both = [name for name in before if name in after]
    if not both:
        raise SernetError(f"no .json file of {first} has its like in {second}: give two folders of Results")
    alone = [str(path) for name, path in (before | after).items() if name not in both]
    return [compare(name, read_result(before[name]), read_result(after[name])) for name in both], alone
