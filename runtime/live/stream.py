"""From a source of audio to events, for as long as it takes: a device that is lost is waited for."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import NoReturn

import numpy as np

from sernet.runtime.live.device_clock import DeviceClock
from sernet.runtime.live.events import Drift, Interruption, LiveEvent
from sernet.runtime.live.session import LiveSession
from sernet.runtime.sources.audio_source import AudioSource, DeviceLostError, NoDeviceError

# A device that was unplugged may be back at once; one that is gone for the night is not asked for every second.
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0


class LiveStream:
    """A session fed by a source that is opened, and opened again where it was lost.

    Args:
        open_source: opens the source; raises `NoDeviceError` or `DeviceLostError`.
        session: what answers.
        sample_rate: Hz, of the source's blocks.
        seconds: stop after so much audio; None goes on while the source does.
        retry: wait for a source that cannot be opened or is lost, instead of raising.
        on_block: told each block, (samples,), once its answers are out.
    """

    def __init__(
        self,
        open_source: Callable[[], AbstractContextManager[AudioSource]],
        session: LiveSession,
        *,
        sample_rate: int,
        seconds: float | None = None,
        retry: bool = False,
        on_block: Callable[[np.ndarray], None] = lambda block: None,
    ) -> None:
        self._open_source = open_source
        self._session = session
        self._rate = sample_rate
        self._left = None if seconds is None else round(seconds * sample_rate)
        self._retry = retry
        self._on_block = on_block
        self._dropped = self._overruns = 0  # of sources that were lost
        self._heard_at: float | None = None  # when the newest block came

    def events(self) -> Iterator[LiveEvent]:
        """Every event as soon as it is known, and at the end the answers that waited for it.

        Raises:
            NoDeviceError: without `retry`, the source could not be opened.
            DeviceLostError: without `retry`, it stopped giving audio.
        """
        wait_s, told, lost_at = FIRST_WAIT_S, "", 0.0
        while True:
            try:
                with self._open_source() as source:
                    if told:
                        yield self._interruption(told, lost_s=time.monotonic() - lost_at)
                        wait_s, told = FIRST_WAIT_S, ""
                    yield from self._heard(source)
                    yield from self._session.finish(arrived_at=source.arrived_at, **self._losses(source))
                    return
            except (DeviceLostError, NoDeviceError) as problem:
                if not self._retry:
                    raise
                if not told:
                    lost_at = self._heard_at or time.monotonic()
                    yield from self._session.finish(dropped=self._dropped, overruns=self._overruns)
                    self._session.resume()
                if told != (told := str(problem)):
                    yield self._interruption(told, lost_s=None)
                time.sleep(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _heard(self, source: AudioSource) -> Iterator[LiveEvent]:
        clock = DeviceClock(self._rate)
        try:
            for block in source:
                block = block if self._left is None else block[: self._left]
                self._heard_at = source.arrived_at
                yield from self._session.accept(block, arrived_at=source.arrived_at, **self._losses(source))
                if source.live and (drift_s := clock.after(len(block), source.arrived_at)) is not None:
                    yield Drift(self._session.heard_s, drift_s)
                self._on_block(block)
                if self._left is not None:
                    self._left -= len(block)
                    if not self._left:
                        return
        finally:
            losses = self._losses(source)
            self._dropped, self._overruns = losses["dropped"], losses["overruns"]

    def _losses(self, source: AudioSource) -> dict[str, int]:
        return {"dropped": self._dropped + source.dropped, "overruns": self._overruns + source.overruns}

    def _interruption(self, reason: str, lost_s: float | None) -> Interruption:
        return Interruption(self._session.heard_s, reason, lost_s)


def end_on_sigterm() -> None:
    """Make SIGTERM end the program as an exception does, so that the recorder is stopped and the terminal restored."""
    signal.signal(signal.SIGTERM, _terminate)


def _terminate(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)
