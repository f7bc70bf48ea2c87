"""`WS /stream`: samples in, live answers out."""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from typing import NoReturn, get_args

import numpy as np
import soxr
from starlette.websockets import WebSocket, WebSocketDisconnect

from sernet.runtime.bundle import Bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.live.events import LiveAnswer
from sernet.runtime.live.session import LiveSession, LiveSettings, Mode
from sernet.runtime.serve.access import Access
from sernet.runtime.serve.refusal import Refusal
from sernet.runtime.serve.service import Service

END = "end"
"""The text message that ends a stream: what it waited for is answered, and the connection closed."""

LOWEST_RATE, HIGHEST_RATE = 4000, 192000

# Codes of RFC 6455, 7.4.1.
_NORMAL, _NOT_UNDERSTOOD, _NOT_SAMPLES, _NOT_ALLOWED = 1000, 1003, 1007, 1008


async def stream(websocket: WebSocket) -> None:
    """Answer a stream's samples until it ends; raises `Refusal` before it begins."""
    service: Service = websocket.app.state.service
    access: Access = websocket.app.state.access
    rate, mode = _asked(websocket.query_params, service.bundle.manifest.front_end.sample_rate)
    with service.streams.one():
        try:
            ear = await service.stream_threads.run(_Ear, service.bundle, rate, mode)
        except SernetError as error:
            raise Refusal(400, "bad_request", str(error)) from None
        try:
            await websocket.accept(access.subprotocol(websocket))
            await _Conversation(websocket, service, ear).run()
        except WebSocketDisconnect:  # the client has left, or the server ends
            pass


def _asked(query: Mapping[str, str], sample_rate: int) -> tuple[int, Mode]:
    """Rate and mode that the query asks for."""
    rate, mode = query.get("rate", str(sample_rate)), query.get("mode", "continuous")
    if not (rate.isascii() and rate.isdigit() and LOWEST_RATE <= int(rate[:9]) <= HIGHEST_RATE):
        raise Refusal(400, "bad_request", f"rate is a number of Hz from {LOWEST_RATE} to {HIGHEST_RATE}")
    for known in get_args(Mode):
        if mode == known:
            return int(rate), known
    raise Refusal(400, "bad_request", f"mode is one of {', '.join(get_args(Mode))}")


class _Ear:
    """PCM s16le, mono, at any rate, to answers; it computes, so it is used in a thread."""

    def __init__(self, bundle: Bundle, rate: int, mode: Mode) -> None:
        self.rate = rate
        self._session = LiveSession(bundle, LiveSettings(mode=mode))
        wanted = bundle.manifest.front_end.sample_rate
        same = rate == wanted
        self._resampler = None if same else soxr.ResampleStream(rate, wanted, 1, dtype="float32", quality="HQ")

    def hear(self, pcm: bytes, arrived_at: float) -> list[LiveAnswer]:
        """The answers that these samples complete."""
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
        return self._session.accept(self._resampled(samples), arrived_at=arrived_at)

    def finish(self, arrived_at: float) -> list[LiveAnswer]:
        """The answers that were waiting for the stream's end."""
        answers = self._session.accept(self._resampled(np.empty(0, np.float32), last=True), arrived_at=arrived_at)
        return answers + self._session.finish(arrived_at=arrived_at)

    def _resampled(self, samples: np.ndarray, *, last: bool = False) -> np.ndarray:
        if self._resampler is None:
            return samples
        return np.clip(self._resampler.resample_chunk(samples, last=last), -1.0, 1.0)


class _Closing(Exception):
    """The server ends the stream: with a code and, unless it is normal, a reason to count and one for people."""

    def __init__(self, code: int, counted: str = "", reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.counted = counted


class _Conversation:
    """One client's messages and answers, one after the other: who sends too fast is read later."""

    def __init__(self, websocket: WebSocket, service: Service, ear: _Ear) -> None:
        self._websocket = websocket
        self._service = service
        self._ear = ear
        self._patience_s = service.limits.patience_s
        self._ends_at = time.monotonic() + service.limits.stream_s

    async def run(self) -> None:
        """Until one of the two ends it; raises WebSocketDisconnect when the client does."""
        try:
            while True:
                messages = await self._messages()
                arrived_at = time.monotonic()
                await self._hear([message for message in messages if isinstance(message, bytes)], arrived_at)
                if isinstance(messages[-1], str):
                    await self._end(messages[-1], arrived_at)
        except _Closing as closing:
            if closing.counted:
                self._service.metrics.refused.labels(closing.counted).inc()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience_s):
                    await self._websocket.close(closing.code, str(closing))

    async def _messages(self) -> list[str | bytes]:
        """The next message, and those that lie behind it already: on a busy machine they are heard at once.

        A text can only be the last one.
        """
        left_s = self._ends_at - time.monotonic()
        try:
            async with asyncio.timeout(min(self._patience_s, left_s)):
                messages = [await self._message()]
        except TimeoutError:
            self._too_long() if left_s <= self._patience_s else self._silent()
        with contextlib.suppress(TimeoutError):
            while isinstance(messages[-1], bytes):
                async with asyncio.timeout(0):
                    messages.append(await self._message())
        return messages

    async def _message(self) -> str | bytes:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        data = message.get("bytes")
        return message["text"] if data is None else data

    async def _hear(self, pieces: list[bytes], arrived_at: float) -> None:
        if any(len(piece) % 2 for piece in pieces):
            raise _Closing(_NOT_SAMPLES, "bad_message", "a message holds whole samples of 2 bytes")
        pcm = b"".join(pieces)
        self._service.metrics.audio.labels("stream").inc(len(pcm) / 2 / self._ear.rate)
        await self._tell(await self._service.stream_threads.run(self._ear.hear, pcm, arrived_at))

    async def _end(self, text: str, arrived_at: float) -> NoReturn:
        if text.strip() != END:
            raise _Closing(_NOT_UNDERSTOOD, "bad_message", f'the one text that is understood is "{END}"')
        await self._tell(await self._service.stream_threads.run(self._ear.finish, arrived_at))
        raise _Closing(_NORMAL)

    async def _tell(self, answers: list[LiveAnswer]) -> None:
        for answer in answers:
            try:  # on Linux the connection itself gives up first, see `listen`
                async with asyncio.timeout(self._patience_s):
                    await self._websocket.send_text(json.dumps(answer.to_json()))
            except TimeoutError:
                raise _Closing(_NOT_ALLOWED, "not_reading", "the answers are not read") from None
            self._service.metrics.answers.labels("stream").inc()
            self._service.metrics.latency.labels("stream").observe(answer.latency_ms / 1000)

    def _too_long(self) -> NoReturn:
        raise _Closing(_NOT_ALLOWED, "too_long", f"a stream lasts {self._service.limits.stream_s:g} s at most")

    def _silent(self) -> NoReturn:
        raise _Closing(_NOT_ALLOWED, "idle", f"no samples came for {self._patience_s:g} s")
