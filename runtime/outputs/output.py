"""Where a live stream goes: what every output has in common, and several of them side by side."""

from collections.abc import Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import numpy as np

from sernet.runtime.live.events import LiveEvent


class Output:
    """A context manager that is told what is heard and what is answered; each kind takes up what it needs."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Release what is open."""

    def samples(self, block: np.ndarray) -> None:
        """Take a block of what was heard, (samples,), float in [-1, 1]."""

    def level(self, dbfs: float, voiced: bool) -> None:
        """Take a block's level, and whether somebody speaks in it."""

    def event(self, event: LiveEvent) -> None:
        """Take an event, as soon as it is known."""


class Outputs(Output):
    """Several outputs as one: each is told everything, in the order given."""

    def __init__(self, outputs: Iterable[Output]) -> None:
        self._outputs = list(outputs)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:  # closes the first ones when a later one cannot be opened
            for output in self._outputs:
                opened.enter_context(output)
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, traceback)

    def samples(self, block: np.ndarray) -> None:
        for output in self._outputs:
            output.samples(block)

    def level(self, dbfs: float, voiced: bool) -> None:
        for output in self._outputs:
            output.level(dbfs, voiced)

    def event(self, event: LiveEvent) -> None:
        for output in self._outputs:
            output.event(event)
