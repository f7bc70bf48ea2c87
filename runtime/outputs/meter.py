"""A meter on a terminal: what is heard now, the newest answer, and the answers before it."""

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sernet.runtime.live.events import SILENCE, LiveAnswer, LiveEvent
from sernet.runtime.live.level import SILENCE_DBFS
from sernet.runtime.outputs.lines import gaps, shown_label, told
from sernet.runtime.outputs.output import Output

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

# Speech into a microphone peaks well above this; below it the level bar is empty.
_LOWEST_BAR_DBFS = -60.0
_WIDEST_BAR = 30
_LONGEST_HISTORY = 60
# Beside a bar stands at most "-120.0 dBFS", between two columns one space.
_VALUE_WIDTH = 11
# The terminal writes ^C behind the last row; if that began a new row, the meter would be drawn one row too low.
_ECHO_WIDTH = 2
# Dark enough for a white initial, far enough apart to tell; a bar and the history's blocks share a label's colour.
_COLOURS = ("red3", "dodger_blue2", "green4", "dark_orange3", "purple", "deep_pink4", "dark_cyan", "grey42")
_STEPS = "▁▂▃▄▅▆▇█"


class Meter(Output):
    """A meter that stays in place: level and voice, a bar for every emotion, the label that the stream holds, the
    latency, and two lines of history: the initials of the last labels in their colours, above how probable each was.

    It fits the terminal, from 32 columns on. Needs `rich`.
    """

    def __init__(self, console: "Console | None" = None) -> None:
        from rich import get_console
        from rich.live import Live

        self._console = console or get_console()
        self._level, self._voiced = SILENCE_DBFS, False
        self._answer: LiveAnswer | None = None
        self._history: tuple[LiveAnswer, ...] = ()  # never changed in place: the screen has a thread of its own
        self._news = ""
        # Lines on standard error appear above the meter, unless they go elsewhere anyway.
        stderr_here = bool(sys.stderr and sys.stderr.isatty())
        self._live = Live(
            console=self._console, get_renderable=self._table, refresh_per_second=10, redirect_stderr=stderr_here
        )

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, traceback)

    def level(self, dbfs: float, voiced: bool) -> None:
        self._level, self._voiced = dbfs, voiced

    def event(self, event: LiveEvent) -> None:
        if not isinstance(event, LiveAnswer):
            self._news = f"{event.at_s:.1f} s: {told(event)}"
            return
        self._answer = event
        self._history = (*self._history, event)[-_LONGEST_HISTORY:]

    def _table(self) -> "Table":
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        answer = self._answer
        labels = list(answer.recognition.probabilities) if answer else []
        colours = {label: _COLOURS[k % len(_COLOURS)] for k, label in enumerate(labels)}
        width = self._console.width - _ECHO_WIDTH
        names = min(max([len("history"), *map(len, labels)]), max(width - _VALUE_WIDTH - 12, 7))
        room = width - names - 1
        bar_width = max(min(_WIDEST_BAR, room - 1 - _VALUE_WIDTH), 1)

        def bar(share: float, colour: str) -> ProgressBar:
            share = min(max(share, 0.0), 1.0)
            return ProgressBar(1.0, share, width=bar_width, complete_style=colour, finished_style=colour)

        def line(*parts: "Text") -> "Text":
            text = Text.assemble(*parts)
            text.truncate(room, overflow="ellipsis")
            return text

        # Text, not a plain string: a label with square brackets is no markup.
        bars = Table.grid(padding=(0, 1))
        bars.add_column(width=names, no_wrap=True)
        bars.add_column(width=bar_width, no_wrap=True)
        bars.add_column(width=_VALUE_WIDTH, no_wrap=True)
        bars.add_row("level", bar(1 - self._level / _LOWEST_BAR_DBFS, "green4"), f"{self._level:.1f} dBFS")
        for label in labels:
            probability = answer.recognition.probabilities[label] if answer else 0.0
            bars.add_row(Text(label), bar(probability, colours[label]), f"{probability:.0%}")

        words = Table.grid(padding=(0, 1))
        words.add_column(width=names, no_wrap=True)
        words.add_column(width=room, no_wrap=True)
        words.add_row("voice", Text("speaks", style="bold") if self._voiced else Text("-"))
        if answer is None:
            words.add_row("", Text("listening ..."))
        else:
            words.add_row("now", line(Text(shown_label(answer.recognition), style="bold")))
            words.add_row("held", line(Text(answer.steady_label, style="bold")))
            words.add_row("latency", line(Text(f"{answer.latency_ms:.0f} ms{gaps(answer, ', ')}")))
            recent = self._history[-room:]
            words.add_row("history", initials(recent, colours))
            words.add_row("", Text(sparkline(recent)))
        if self._news:
            words.add_row("stream", line(Text(self._news)))

        table = Table.grid()
        table.add_row(bars)
        table.add_row(words)
        return table


def initials(answers: Sequence[LiveAnswer], colours: dict[str, str]) -> "Text":
    """One block an answer: its label's initial on the label's colour; a dot for silence, ? for no certain answer."""
    from rich.text import Text

    text = Text()
    for answer in answers:
        label = answer.recognition.label
        if label in colours:
            text.append(label[0].upper(), style=f"white on {colours[label]}")
        else:
            text.append("·" if label == SILENCE else "?")
    return text


def sparkline(answers: Sequence[LiveAnswer]) -> str:
    """One character an answer, the higher the more probable its emotion; a space for silence."""
    return "".join(" " if answer.recognition.label == SILENCE else _step(answer) for answer in answers)


def _step(answer: LiveAnswer) -> str:
    best = max(answer.recognition.probabilities.values())
    return _STEPS[min(int(best * len(_STEPS)), len(_STEPS) - 1)]
