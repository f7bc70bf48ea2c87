"""How far a run is, for people: a bar on a terminal that has `rich`, else a line now and then."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from sernet.runtime.commands.options import tell

LINE_EVERY_S = 10.0
"""Seconds between lines where there is no bar."""

Step = Callable[[], None]
"""To be called when a file is done."""


@contextlib.contextmanager
def shown_progress(done: int, total: int) -> Iterator[Step]:
    """Show on standard error that so many files of all are done, and each further step."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield _lines(done, total)
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError:
        yield _lines(done, total)
        return
    columns = (TextColumn("files"), BarColumn(None), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("files", total=total, completed=done)
        yield lambda: progress.advance(task)


def _lines(done: int, total: int) -> Step:
    before, begun, told = done + 1, 0.0, 0.0

    def step() -> None:
        nonlocal done, begun, told
        done += 1
        now = time.monotonic()
        if done == before:  # workers take a while to start, which says nothing of their speed
            begun = told = now
        elif now - told >= LINE_EVERY_S and done < total:
            told = now
            rate = (done - before) / (now - begun)
            tell(f"{done} of {total} files, {rate:.1f} a second, {(total - done) / rate:.0f} s to go")

    return step
