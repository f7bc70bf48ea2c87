"""The last minutes of what was heard, on disk."""

import re
import time
import wave
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np

from sernet.runtime.live.events import Interruption, LiveEvent
from sernet.runtime.outputs.output import Output
from sernet.runtime.outputs.trouble import Trouble

# A segment is a tenth of what is kept, so that the disk holds little more than was asked for; an hour stays below
# the 4 GB of a WAV file, and is not too much to lose at once.
_SEGMENTS = 10
_LONGEST_SEGMENT_S = 3600.0
# What a killed process loses at most; each second is one write.
_WRITE_S = 1.0
_RETRY_S = 10.0
_HEADER_BYTES = 44
# The number orders them, not the time: a device without a battery starts with a wrong clock.
_NAME = re.compile(r"sernet-(\d{8,})-\d{8}T\d{6}Z\.wav")


class Recording(Output):
    """A folder of WAV files, 16-bit mono, that hold at least the last minutes; the oldest are deleted.

    The files are named `sernet-NUMBER-TIME.wav` by the UTC of their first sample; other files are left alone. What a
    former run left counts as heard before. Any file can be played at any time, also after the process was killed,
    which loses its last second. The folder grows to at most 1.2 times `keep_minutes`, or two hours more than it.

    After an interruption of the stream a new file starts. While nothing can be written (a full disk), that is told
    once, recognition goes on, and writing is tried again every 10 s.

    Args:
        folder: made where it is missing.
        sample_rate: Hz.
        keep_minutes: minutes to keep, above 0.
    """

    def __init__(self, folder: Path, sample_rate: int, keep_minutes: float) -> None:
        self._folder = folder
        self._rate = sample_rate
        self._keep = round(60 * keep_minutes * sample_rate)
        self._segment = min(max(self._keep // _SEGMENTS, sample_rate), round(_LONGEST_SEGMENT_S * sample_rate))
        self._trouble = Trouble(str(folder))
        self._waiting: list[np.ndarray] = []
        self._old: deque[tuple[Path, int]] = deque()  # closed segments and their samples, oldest first
        self._number = 0  # of the next segment
        self._path: Path | None = None  # of the open segment
        self._length = 0  # its samples
        self._lost = 0  # samples since the trouble began
        self._retry_at = 0.0

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        found = {int(match[1]): path for path in self._folder.iterdir() if (match := _NAME.fullmatch(path.name))}
        self._old.extend((found[number], _samples_in(found[number])) for number in sorted(found))
        self._number = max(found, default=-1) + 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._write()
        self._close_segment()

    def samples(self, block: np.ndarray) -> None:
        self._waiting.append(np.clip(np.rint(block * 2**15), -(2**15), 2**15 - 1).astype("<i2"))
        if sum(map(len, self._waiting)) >= _WRITE_S * self._rate:
            self._write()

    def event(self, event: LiveEvent) -> None:
        if isinstance(event, Interruption):
            self._write()
            self._close_segment()

    def _write(self) -> None:
        """Write what waits, or give it up."""
        waiting = np.concatenate([np.empty(0, "<i2"), *self._waiting])
        self._waiting.clear()
        if not len(waiting):
            return
        if self._trouble and time.monotonic() < self._retry_at:
            self._lost += len(waiting)
            return
        try:
            if self._path is None:
                self._open_segment(len(waiting))
            self._wave.writeframes(waiting.tobytes())  # also corrects the length in the header
            self._file.flush()
        except OSError as problem:
            self._lost += len(waiting)
            self._retry_at = time.monotonic() + _RETRY_S
            self._trouble.begins(f"{problem.strerror}; nothing is recorded until there is room")
            self._close_segment()
            return
        self._trouble.ends(f"records again; {self._lost / self._rate:.0f} s were not recorded")
        self._lost = 0
        self._length += len(waiting)
        if self._length >= self._segment:
            self._close_segment()

    def _open_segment(self, waiting: int) -> None:
        while self._old and sum(samples for _, samples in self._old) - self._old[0][1] >= self._keep:
            self._old[0][0].unlink(missing_ok=True)
            self._old.popleft()
        started = datetime.fromtimestamp(time.time() - waiting / self._rate, UTC)
        path = self._folder / f"sernet-{self._number:08d}-{started:%Y%m%dT%H%M%SZ}.wav"
        self._number += 1
        self._file: BinaryIO = path.open("xb")
        self._path, self._length = path, 0
        self._wave = wave.open(self._file, "wb")  # noqa: SIM115 (open as long as the segment is)
        self._wave.setparams((1, 2, self._rate, 0, "NONE", ""))

    def _close_segment(self) -> None:
        if self._path is None:
            return
        with suppress(OSError):
            self._wave.close()
        with suppress(OSError):
            self._file.close()
        if self._length:
            self._old.append((self._path, self._length))
        else:
            self._path.unlink(missing_ok=True)  # the disk was full from its first sample on
        self._path = None


def _samples_in(path: Path) -> int:
    return max(path.stat().st_size - _HEADER_BYTES, 0) // 2
