"""An audio file as a source, at once or at the pace at which it was recorded."""

import threading
import time
from pathlib import Path

from sernet.runtime.audio_file import read_audio
from sernet.runtime.sources.audio_source import BLOCK_S, AudioSource


class FileSource(AudioSource):
    """A whole file, as `read_audio` reads it.

    Args:
        path: the file.
        sample_rate: of the blocks in Hz.
        realtime: give each block when its last sample would have been recorded.
    """

    def __init__(self, path: Path, sample_rate: int, *, realtime: bool) -> None:
        super().__init__(str(path), live=False)
        self._path, self._sample_rate, self._realtime = path, sample_rate, realtime

    def _start(self) -> None:
        self._samples = read_audio(self._path, self._sample_rate)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        size = round(BLOCK_S * self._sample_rate)
        began = time.monotonic()
        for first in range(0, len(self._samples), size):
            block = self._samples[first : first + size]
            if self._realtime:
                due = began + (first + len(block)) / self._sample_rate
                self._closed.wait(max(0.0, due - time.monotonic()))
            if self._closed.is_set():
                return
            self._put(block)
        self._put(None)

    def _stop(self) -> None:
        """Nothing is open."""
