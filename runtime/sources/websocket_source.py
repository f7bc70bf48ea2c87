"""Raw PCM from a websocket: another device's microphone (the package `websockets`)."""

import threading
from typing import Any

import numpy as np

from sernet.runtime.sources.audio_source import BLOCK_S, FIRST_BLOCK_S, AudioSource, NoDeviceError

EXTRA = 'pip install "sernet[stream]"'
_SAMPLE = np.dtype("<i2")
# Two seconds of audio in one message are no live audio.
_LARGEST_MESSAGE_S = 2.0


class WebsocketSource(AudioSource):
    """Binary messages of little-endian signed 16-bit mono PCM, at the wanted rate; text messages are passed over.

    The source ends when the server closes as it should (1000 or 1001), and is lost when the connection breaks.

    Args:
        url: ``ws://`` or ``wss://``.
        sample_rate: of the blocks in Hz.
    """

    def __init__(self, url: str, sample_rate: int) -> None:
        super().__init__(url, live=True)
        self._url, self._sample_rate = url, sample_rate
        self._connection: Any = None
        self._reason: str | None = None

    def _start(self) -> None:
        try:
            from websockets.exceptions import WebSocketException
            from websockets.sync.client import connect
        except ImportError as error:
            raise NoDeviceError(f"{self._url}: websockets is not installed: {EXTRA}") from error
        largest = round(_LARGEST_MESSAGE_S * self._sample_rate) * _SAMPLE.itemsize
        try:
            self._connection = connect(self._url, open_timeout=FIRST_BLOCK_S, max_size=largest)
        except (OSError, WebSocketException, ValueError) as error:  # refused, no websocket there, no such address
            raise NoDeviceError(f"{self._url}: {' '.join(str(error).split())}") from error
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        from websockets.exceptions import ConnectionClosed

        size = round(BLOCK_S * self._sample_rate) * _SAMPLE.itemsize
        rest = b""
        try:
            for message in self._connection:
                if isinstance(message, str):
                    continue
                rest += message
                for first in range(0, len(rest) - size + 1, size):
                    self._put(_samples(rest[first : first + size]))
                rest = rest[len(rest) // size * size :]
        except ConnectionClosed as error:
            self._reason = f"the connection broke: {' '.join(str(error).split())}"
        if len(rest) >= _SAMPLE.itemsize:
            self._put(_samples(rest))
        self._put(None)

    def _why_ended(self) -> str | None:
        return self._reason

    def _stop(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _samples(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, _SAMPLE, count=len(pcm) // _SAMPLE.itemsize).astype(np.float32) / 2**15
