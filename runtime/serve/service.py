"""What all requests share: the model, the limits, the places and the threads."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

from sernet.runtime.bundle import Bundle
from sernet.runtime.serve.metrics import Metrics
from sernet.runtime.serve.refusal import Refusal

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Limits:
    """What one client may take from the others."""

    streams: int = 64
    """Streams at once."""
    clips: int = 16
    """Clips at once, from the first byte of the request on."""
    patience_s: float = 30.0
    """Seconds that a stream may be silent, a body may take, and a client may leave what it is sent unread."""
    stream_s: float = 3600.0
    """Seconds that a stream may last."""
    clip_s: float = 300.0
    """Seconds of a clip that is answered window by window."""
    body_bytes: int = 32 * 2**20
    """Bytes of a clip's request."""
    message_bytes: int = 2**18
    """Bytes of a stream's message."""


class Places:
    """A number of places, taken and left; nobody waits for one."""

    def __init__(self, count: int, what: str) -> None:
        self.count = count
        self.taken = 0
        self._what = what

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a place; raises `Refusal` (503) when all are taken."""
        if self.taken >= self.count:
            message = f"{self.count} {self._what} are served at once, and all places are taken: try again later"
            raise Refusal(503, "too_many", message, {"Retry-After": "5"})
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Threads:
    """As many threads as there are cores; the event loop never computes."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix=name)

    async def run(
        self, function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """The function's result, computed in one of the threads, in the order of the calls."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(function, *args, **kwargs))

    def end(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Service:
    """The state of one server.

    Streams and clips have threads of their own, so that a long clip does not hold up a stream's answer. What waits for
    them is bounded: each stream and each clip waits for one thing at a time.
    """

    def __init__(self, bundle: Bundle, limits: Limits) -> None:
        self.bundle = bundle
        self.limits = limits
        self.metrics = Metrics()
        self.streams = Places(limits.streams, "streams")
        self.clips = Places(limits.clips, "clips")
        self.stream_threads = Threads("stream")
        self.clip_threads = Threads("clip")
        self._started = time.monotonic()
        self.metrics.clients.set_function(lambda: self.streams.taken)

    @property
    def uptime_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def end(self) -> None:
        """Begin no further computation."""
        self.stream_threads.end()
        self.clip_threads.end()
