"""Progress bars of long work, with the time still to go."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


def progress_bar(*, visible: bool = True) -> Progress:
    """A bar on stderr: what, how far, how long, how long still. Not on a terminal, only its end is printed."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
        console=Console(file=sys.stderr),
        disable=not visible,
    )


class TrainingProgress:
    """One bar for features, one for epochs; a resumed run starts where it stopped."""

    def __init__(self, bar: Progress, epochs: int) -> None:
        self._bar, self._total = bar, epochs
        self._features = bar.add_task("features", total=None, visible=False, figures="")
        self._epochs = bar.add_task("epochs", total=epochs, figures="")

    def features(self, done: int, total: int) -> None:
        """Features of so many clips are computed."""
        self._bar.update(self._features, completed=done, total=total, visible=True)

    def epoch(self, done: int, figures: dict[str, Any]) -> None:
        """So many epochs are trained; `figures` are the last one's."""
        shown = f"loss {figures['loss']:.3f}"
        if "val_accuracy" in figures:
            shown += f"  validation accuracy {figures['val_accuracy']:.3f}"
        self._bar.update(self._epochs, completed=done, figures=shown)
        if not self._bar.console.is_terminal and not self._bar.disable and done % max(1, self._total // 20) == 0:
            self._bar.console.print(f"epoch {done}/{self._total}  {shown}", soft_wrap=True)  # a log has no bar


@contextlib.contextmanager
def training_progress(epochs: int, *, visible: bool = True) -> Iterator[TrainingProgress]:
    """Show a training's progress while the block runs."""
    with progress_bar(visible=visible) as bar:
        yield TrainingProgress(bar, epochs)
