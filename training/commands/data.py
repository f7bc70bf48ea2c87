"""Corpora of emotional speech: which are here, fetch one, check one, or synthesize one on the spot.

Corpora are looked for in --data, $SERNET_DATA, ./data and the user's cache, each in a folder with the corpus's name.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sernet.runtime.errors import SernetError

if TYPE_CHECKING:
    from sernet.training.corpora import Corpus

EXAMPLES = [
    "sernet data list",
    "sernet data fetch emodb",
    "sernet data verify emodb --data ~/corpora",
    "sernet data synthesize --speakers 4 --takes 1",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `list`, `fetch`, `verify` and `synthesize`."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    listing = actions.add_parser("list", help="show the known corpora and which are here")
    listing.add_argument("--json", action="store_true", help="print JSON")
    _add_data(listing)
    listing.set_defaults(action=_list)

    fetching = actions.add_parser("fetch", help="download a corpus; run it again to go on after a break")
    fetching.add_argument(
        "corpus", help="emodb (the others ask for a registration or are large: see `sernet data list`)"
    )
    fetching.add_argument("--data", type=Path, metavar="DIR", help="folder to put it in (default: the user's cache)")
    fetching.set_defaults(action=_fetch)

    verifying = actions.add_parser("verify", help="check counts, headers and (EMO-DB) SHA-256; exit code 1 if not good")
    verifying.add_argument("corpus", nargs="*", help="corpora to check (default: all that are here)")
    _add_data(verifying)
    verifying.set_defaults(action=_verify)

    synthesizing = actions.add_parser("synthesize", help="make the synthetic corpus, always the same")
    synthesizing.add_argument("--speakers", type=int, default=10, help="number of voices (default: %(default)s)")
    synthesizing.add_argument(
        "--takes", type=int, default=2, help="takes per sentence and emotion (default: %(default)s)"
    )
    synthesizing.add_argument("--seed", type=int, default=0, help="same seed, same corpus (default: %(default)s)")
    synthesizing.add_argument(
        "--out", type=Path, default=Path("data/synthetic"), metavar="DIR", help="default: %(default)s"
    )
    synthesizing.set_defaults(action=_synthesize)


def run(args: argparse.Namespace) -> int:
    """Do what the action says; returns the exit code (1: `verify` found a problem)."""
    return args.action(args)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder that holds the corpora, or the corpus itself")


def _list(args: argparse.Namespace) -> int:
    from sernet.training.corpora.inventory import inventory

    entries = inventory(args.data)
    if args.json:
        print(json.dumps(entries, indent=2))
        return 0
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("name", "clips", "speakers", "language", "licence", box=None, pad_edge=False)
    table.add_column("where", overflow="fold")  # a path that is cut short is no use
    for entry in entries:
        clips = f"{entry['clips_found']} / {entry['clips_published'] or '-'}"
        where = entry["where"] or f"not here: {entry['obtain']}"
        table.add_row(
            entry["name"], clips, str(entry["speakers"] or "-"), entry["language"], entry["licence"], Text(where)
        )
    # A pipe or a file has no width to fit into.
    Console(width=None if sys.stdout.isatty() else 240).print(table)
    return 0


def _fetch(args: argparse.Namespace) -> int:
    from sernet.training.corpora.fetch import fetch_emodb
    from sernet.training.corpora.locate import user_cache

    corpus = _known(args.corpus)
    if corpus.name != "emodb":
        raise SernetError(f"{corpus.name} cannot be fetched by a program: {corpus.obtain}")
    with _progress_bar("EMO-DB", bytes_counted=True) as progress:
        folder = fetch_emodb(args.data or user_cache(), progress=progress)
    print(f"{folder}: every clip has its published SHA-256")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from sernet.training.corpora import CORPORA
    from sernet.training.corpora.locate import locate, require
    from sernet.training.corpora.verify import verify

    if args.corpus:
        found = [(corpus, require(corpus, args.data)) for corpus in map(_known, args.corpus)]
    else:
        found = [(corpus, root) for corpus in CORPORA.values() if (root := locate(corpus, args.data))]
        if not found:
            raise SernetError("no corpus found: `sernet data list` shows where each is looked for")
    good = True
    for corpus, root in found:
        with _progress_bar(corpus.name) as progress:
            result = verify(corpus, root, progress)
        good &= not result.problems
        compared = f", {result.hashed} with their SHA-256" if result.hashed else ""
        print(f"{corpus.name}: {'NOT GOOD' if result.problems else 'good'}: {result.clips} clips{compared} at {root}")
        for line in (*result.problems, *result.left_out):
            print(f"  {line}")
    return 0 if good else 1


def _synthesize(args: argparse.Namespace) -> int:
    from sernet.training.synthetic.corpus import synthesize

    out = args.out.expanduser().absolute()
    with _progress_bar("synthesizing") as progress:
        manifest = synthesize(out, speakers=args.speakers, takes=args.takes, seed=args.seed, progress=progress)
    print(manifest)
    return 0


def _known(name: str) -> "Corpus":
    from sernet.training.corpora import CORPORA
    from sernet.training.corpora.registry import named_corpus

    if (corpus := named_corpus(name)) is None:
        raise SernetError(f"unknown corpus {name!r}: use one of {', '.join(CORPORA)}")
    return corpus


@contextmanager
def _progress_bar(title: str, *, bytes_counted: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, if that is a terminal, and the function `(done, total)` that moves it."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    count = DownloadColumn() if bytes_counted else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), count, TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)

        def move(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        yield move
