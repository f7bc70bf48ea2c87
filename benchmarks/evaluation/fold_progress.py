"""One bar for a whole protocol: epochs over all folds and seeds, also of trainings in other processes."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from sernet.benchmarks.evaluation.job import FoldJob

SECONDS = 2.0
"""Between two looks at the checkpoints."""


class FoldProgress:
    """Counts finished folds, and the epochs of running ones by their checkpoints, where those are on this machine."""

    def __init__(self, bar: Progress, jobs: Sequence[FoldJob], done: int) -> None:
        self._bar, self._running, self._folds, self._done = bar, list(jobs), done + len(jobs), done
        self._total = sum(job.config.epochs for job in jobs)
        self._finished = 0
        self._task = bar.add_task("epochs", total=self._total, figures=self._figures())

    def finished(self, job: FoldJob, record: dict[str, Any]) -> None:
        """A fold is done: its accuracy is shown, under the kept epoch."""
        self._running = [other for other in self._running if other.name != job.name]
        self._done += 1
        self._finished += job.config.epochs
        self._bar.update(self._task, figures=self._figures())
        answers = np.argmax(next(iter(record["readings"].values())), axis=1)
        right = float(np.mean(answers == np.array(record["clips"]["target"])))
        if not self._bar.disable:
            line = f"{job.name}: WA {100 * right:.1f} %, n = {len(answers)}"
            self._bar.console.print(line, soft_wrap=True, markup=False, highlight=False)
        self.look()

    def look(self) -> None:
        """Count the epochs that have been trained."""
        epochs = self._finished + sum(min(epochs_done(job.folder), job.config.epochs) for job in self._running)
        self._bar.update(self._task, completed=epochs)

    def _figures(self) -> str:
        return f"fold {self._done} of {self._folds} done"


def epochs_done(folder: Path) -> int:
    """Epochs that a training in `folder` has behind it, by its newest checkpoint."""
    return max((int(path.name.split("-")[1]) for path in (folder / "checkpoints").glob("epoch-*")), default=0)


@contextlib.contextmanager
def fold_progress(bar: Progress, jobs: Sequence[FoldJob], done: int) -> Iterator[FoldProgress]:
    """Show the progress of `jobs` while the block runs; `done` folds had their records before."""
    progress, stop = FoldProgress(bar, jobs, done), threading.Event()

    def watch() -> None:
        while not stop.wait(SECONDS):
            progress.look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        with bar:
            yield progress
    finally:
        stop.set()
        thread.join()
