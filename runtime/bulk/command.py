"""`sernet-infer file --folder`: the recordings of a folder in one table."""

import argparse
import contextlib
import json
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sernet
from sernet.runtime.commands.options import tell
from sernet.runtime.errors import SernetError

if TYPE_CHECKING:
    from sernet.runtime.bulk.journal import Journal
    from sernet.runtime.bulk.recordings import Listing
    from sernet.runtime.bulk.work import Engine, Work
    from sernet.runtime.bundle import Bundle
    from sernet.runtime.leaning import Leaning
    from sernet.runtime.normalisation import Heard

DESCRIPTION = """\
Answers all audio files of a folder (by suffix; hidden ones are left out) into one table, sorted by file:
  file            path from the folder on, with slashes
  start_s, end_s  seconds; one row a file, or one a window with --windows
  label           the most probable emotion, or uncertain
  p_EMOTION       probability, a column for each emotion of the model
  model, fingerprint, sernet_version
                  name of the model, hash of its file, version of the program
A file that cannot be answered is told at the end, has no row, and makes the exit code 2. The table appears whole or
not at all. Until then answers are kept beside it, in OUT.partial.jsonl: the same command goes on where it was
interrupted, and does again what has changed since or could not be answered.
"""


def add_folder_options(parser: argparse.ArgumentParser) -> None:
    """`--folder` and what belongs to it."""
    add = parser.add_argument_group("a folder of recordings", DESCRIPTION).add_argument
    add("--folder", type=Path, metavar="DIR", help="answer its audio files")
    add("--recursive", action="store_true", help="also those in the folders below")
    add("--output", type=Path, metavar="OUT", help="where the table goes: .csv, .jsonl, or .parquet (needs an extra)")
    add(
        "--overwrite",
        action="store_true",
        help="replace a table that is there (else refused), and drop answers that other settings gave",
    )
    add("--jobs", type=_job_count, metavar="N", help="files at a time, each in a process (default: one a core)")
    add("--engine", choices=("local", "ray"), default="local", help="where files are answered (default: local)")
    add("--address", metavar="HOST:PORT", help="ray: the cluster to join (default: one of this machine)")


def check_folder_options(args: argparse.Namespace) -> None:
    """Raises SernetError for options that do not go together, or an output that cannot be written."""
    if args.folder is None:
        alone = ("recursive", "output", "overwrite", "jobs", "address")
        if given := [name for name in alone if getattr(args, name)] or ["engine"] * (args.engine != "local"):
            raise SernetError(f"--{given[0]} belongs to --folder")
        if not args.files:
            raise SernetError("give audio files, or a folder of them: --folder DIR --output OUT")
        return
    if args.files:
        raise SernetError(f"give --folder or files, not both: {args.files[0]} is a file to answer")
    if args.output is None:
        raise SernetError("--folder needs --output, the table's place: .csv, .jsonl or .parquet")
    if args.address and args.engine != "ray":
        raise SernetError("--address belongs to --engine ray")
    from sernet.runtime.bulk.table import check_output

    check_output(args.output, overwrite=args.overwrite)


def run_folder(args: argparse.Namespace, bundle: "Bundle", profile: "Heard | None", leaning: "Leaning | None") -> int:
    """Answer the folder's recordings; returns 2 when one could not be answered, else 0.

    Raises:
        SernetError: no recording could be answered, or the table cannot be written.
    """
    from sernet.runtime.bulk.journal import Journal
    from sernet.runtime.bulk.recordings import list_recordings, printable
    from sernet.runtime.bulk.table import write_table
    from sernet.runtime.bulk.work import Work

    folder = str(args.folder.resolve())
    work = Work(folder, bundle, args.windows, args.hop, args.threads, profile, leaning)
    work.open()  # a setting that cannot be is told before any work
    engine = _engine(args, work)
    listing = list_recordings(args.folder, recursive=args.recursive)
    partial = args.output.with_name(f"{args.output.name}.partial.jsonl")
    journal = Journal(partial, work.settings(), afresh=args.overwrite)
    with contextlib.closing(journal):
        kept = sum(map(journal.holds, listing.recordings))
        if kept:
            tell(f"going on: {kept} of {len(listing.recordings)} files are answered in {journal.path}")
        problems = listing.problems | _answer(listing, journal, engine, quiet=args.json)
        for name in sorted(problems):
            tell(f"{printable(name)}: {printable(problems[name])}")
        names = [recording.name for recording in listing.recordings if recording.name not in problems]
        if not names:
            raise SernetError(f"{args.folder}: none of {len(problems)} files could be answered")
        write_table(args.output, ["file", *work.columns(), *_CONSTANTS], _rows(journal, names, work))
        journal.remove()
    _report(args, len(names), problems, listing)
    return 2 if problems else 0


_CONSTANTS = ("model", "fingerprint", "sernet_version")


def _rows(journal: "Journal", names: list[str], work: "Work") -> Iterator[list[Any]]:
    from sernet.runtime.bulk.recordings import printable

    constants = [work.bundle.manifest.name, work.bundle.fingerprint, sernet.__version__]
    for name, row in journal.rows(names):
        yield [printable(name), *row, *constants]


def _engine(args: argparse.Namespace, work: "Work") -> "Engine":
    if args.engine == "ray":
        from sernet.runtime.bulk.ray_engine import RayEngine

        return RayEngine(work, args.address, args.jobs)
    from sernet.runtime.bulk.local_engine import LocalEngine

    return LocalEngine(work, args.jobs)


def _answer(listing: "Listing", journal: "Journal", engine: "Engine", *, quiet: bool) -> dict[str, str]:
    """Answer what the journal does not hold; returns what could not be answered, and why."""
    from sernet.runtime.bulk.progress import shown_progress

    open_ones = {recording.name: recording for recording in listing.recordings if not journal.holds(recording)}
    done = len(listing.recordings) - len(open_ones)
    problems: dict[str, str] = {}
    if not open_ones:
        return problems
    progress = nullcontext(lambda: None) if quiet else shown_progress(done, len(listing.recordings))
    try:
        with engine, progress as step:
            for answer in engine.answers(list(open_ones)):
                if answer.problem:
                    problems[answer.name] = answer.problem
                else:
                    journal.append(open_ones[answer.name], answer)
                step()
    except KeyboardInterrupt:
        tell(f"\nwhat is done is kept in {journal.path}: give the same command again to go on")
        raise
    return problems


def _report(args: argparse.Namespace, answered: int, problems: dict[str, str], listing: "Listing") -> None:
    from sernet.runtime.bulk.recordings import printable

    if args.json:
        told = {printable(name): printable(reason) for name, reason in sorted(problems.items())}
        skipped = dict(sorted(listing.others.items()))
        print(json.dumps({"output": str(args.output), "answered": answered, "failed": told, "skipped": skipped}))
        return
    failed = f", {len(problems)} could not be answered" if problems else ""
    others = ", ".join(f"{suffix} {count}" for suffix, count in listing.others.most_common(5))
    skipped = f"; not audio by their names: {listing.others.total()} ({others})" if listing.others else ""
    print(f"{printable(str(args.output))}: {answered} files answered{failed}{skipped}")


def _job_count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} files at a time can never be done: give 1 or more")
    return number
