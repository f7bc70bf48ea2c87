"""Live audio: what every source of it has in common."""

import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np

from sernet.runtime.errors import SernetError

# Long enough for little overhead, short enough that it adds nothing one can notice to an answer.
BLOCK_S = 0.1
# A slow recogniser may fall this far behind; then blocks are dropped and counted.
BACKLOG_S = 2.0
# A lost device raises nothing, it falls silent: this long it may take to start, and this long between blocks.
FIRST_BLOCK_S = 5.0
NEXT_BLOCK_S = 2.0


class NoDeviceError(SernetError):
    """No source of audio could be opened: what was tried, and what to install."""

    exit_code = 3


class DeviceLostError(SernetError):
    """A source stopped giving audio."""

    exit_code = 4


class AudioSource(ABC):
    """Live audio. Use it as a context manager, and iterate for float32 mono blocks in [-1, 1], shape (samples,).

    Entering returns with the first block at hand. It raises `NoDeviceError` if the source cannot be opened, and
    `DeviceLostError` if nothing comes within `FIRST_BLOCK_S`; iterating raises it if nothing comes within
    `NEXT_BLOCK_S`. Iteration ends where a source that has an end, ends.
    """

    description: str
    """For people: what is recorded, and by what."""
    overruns: int
    """Gaps so far: times that we or the recorder had to drop samples."""
    dropped: int
    """Samples lost in them, at the rate of the blocks, as far as they can be counted."""
    live: bool
    """Whether it is a device, which cannot wait for us."""
    arrived_at: float
    """`time.monotonic()` of when the block last yielded came from the device."""

    def __init__(self, description: str, *, live: bool) -> None:
        """A source that is not `live` waits for us when the queue is full; a live one drops blocks."""
        self.description = description
        self.overruns = 0
        self.dropped = 0
        self._ratio = 1.0  # samples that come of one that `_put` takes; not 1 where blocks are resampled after it
        self.arrived_at = 0.0
        self.live = live
        self._queue: queue.Queue[tuple[float, np.ndarray | None]] = queue.Queue(maxsize=round(BACKLOG_S / BLOCK_S))
        self._closed = threading.Event()
        self._first: np.ndarray | None = None

    @abstractmethod
    def _start(self) -> None:
        """Begin to `_put` blocks from another thread; raises `NoDeviceError`."""

    @abstractmethod
    def _stop(self) -> None:
        """Release the device; called once, also after a failed `_start`."""

    def _why_ended(self) -> str | None:
        """Why the source ended; None if this is how it ends when all is well."""
        return None

    def __enter__(self) -> Self:
        try:
            self._start()
            self._first = self._receive(FIRST_BLOCK_S)
            if self._first is None:
                raise NoDeviceError(f"{self.description}: {self._why_ended() or 'ended without any audio'}")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def __iter__(self) -> Iterator[np.ndarray]:
        block = self._first
        while block is not None:
            yield block
            block = self._receive(NEXT_BLOCK_S)
        if reason := self._why_ended():
            raise DeviceLostError(f"{self.description}: {reason}")

    def _put(self, block: np.ndarray | None) -> None:
        """Hand over a block, or None for the end; called from the recording thread."""
        entry = (time.monotonic(), block)
        if self.live and block is not None:
            try:
                self._queue.put_nowait(entry)
            except queue.Full:
                self.overruns += 1
                self.dropped += round(self._ratio * len(block))
            return
        while not self._closed.is_set():
            try:
                return self._queue.put(entry, timeout=0.1)
            except queue.Full:
                continue

    def _receive(self, patience: float) -> np.ndarray | None:
        try:
            self.arrived_at, block = self._queue.get(timeout=patience)
        except queue.Empty:
            raise DeviceLostError(
                f"{self.description}: no audio for {patience:g} s; is the device still connected?"
            ) from None
        return block

    def _close(self) -> None:
        self._closed.set()
        self._stop()
