"""Live answers for people and for programs: a meter on a terminal, lines of text, lines of JSON."""

import json
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from sernet.runtime.live.events import LiveAnswer, LiveEvent
from sernet.runtime.live.level import SILENCE_DBFS
from sernet.runtime.recognizer import UNCERTAIN, Recognition

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# Speech into a microphone peaks well above this; below it the level bar is empty.
_LOWEST_BAR_DBFS = -60.0
_BAR_WIDTH = 30


class Display(Protocol):
    """Where live answers go; a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def level(self, dbfs: float) -> None:
        """Show the level of a block of audio."""
        ...

    def event(self, event: LiveEvent) -> None:
        """Show an event."""
        ...


class Lines:
    """One line an answer, written at once: JSON, or text."""

    def __init__(self, *, as_json: bool) -> None:
        self._line = json_line if as_json else text_line

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def level(self, dbfs: float) -> None:
        """Lines tell the level with the answer."""

    def event(self, event: LiveEvent) -> None:
        print(self._line(event), flush=True)


def json_line(event: LiveEvent) -> str:
    """One JSON object: what the event's `to_json` gives."""
    return json.dumps(event.to_json())


def text_line(event: LiveEvent) -> str:
    """For a terminal without `rich`."""
    if not isinstance(event, LiveAnswer):
        return str(event)
    answer, recognition = event, event.recognition
    best = max(recognition.probabilities.values())
    label = _label(recognition)
    dropped = f"  {answer.overruns} gaps" if answer.overruns else ""
    return (
        f"{recognition.end_s:7.1f} s  {label:<12} {best:4.0%}"
        f"  {answer.level_dbfs:6.1f} dBFS  {answer.latency_ms:5.0f} ms{dropped}"
    )


def _label(recognition: Recognition) -> str:
    """The label; of an uncertain answer, what it would be."""
    if recognition.label != UNCERTAIN:
        return recognition.label
    return f"{UNCERTAIN}, perhaps {max(recognition.probabilities, key=recognition.probabilities.__getitem__)}"


class Meter:
    """A meter that stays in place: level, a bar for every emotion, the label, the latency. Needs `rich`."""

    def __init__(self, console: "Console | None" = None) -> None:
        from rich.live import Live

        self._level = SILENCE_DBFS
        self._answer: LiveAnswer | None = None
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=10)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, traceback)

    def level(self, dbfs: float) -> None:
        self._level = dbfs

    def event(self, event: LiveEvent) -> None:
        if isinstance(event, LiveAnswer):
            self._answer = event

    def _table(self) -> "Table":
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        def bar(share: float) -> ProgressBar:
            return ProgressBar(1.0, min(max(share, 0.0), 1.0), width=_BAR_WIDTH)

        table = Table.grid(padding=(0, 1))
        table.add_row("level", bar(1 - self._level / _LOWEST_BAR_DBFS), f"{self._level:.1f} dBFS")
        if self._answer is None:
            table.add_row("", "listening ...", "")
            return table
        recognition = self._answer.recognition
        for label, probability in recognition.probabilities.items():
            table.add_row(Text(label), bar(probability), f"{probability:.0%}")
        gaps = f", {self._answer.overruns} gaps" if self._answer.overruns else ""
        # Text, not a plain string: a label with square brackets is no markup.
        table.add_row("now", Text(_label(recognition), style="bold"), f"{self._answer.latency_ms:.0f} ms{gaps}")
        return table
