"""From live audio to live answers."""

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from sernet.runtime.recognizer import Recognition, Recognizer
from sernet.runtime.sources.audio_source import AudioSource

SILENCE_DBFS = -120.0


@dataclass(frozen=True)
class LiveAnswer:
    """One answer of a live stream, and how it came about."""

    recognition: Recognition
    level_dbfs: float
    """Level of the newest samples that the answer rests on, one hop of them; see `level_dbfs`."""
    latency_ms: float
    """From the arrival of the window's last sample to the answer."""
    dropped: int
    """Gaps in the stream so far."""


def level_dbfs(samples: np.ndarray) -> float:
    """Root mean square in dB relative to full scale 1: a square wave of full scale has 0 dB, a sine -3 dB.

    Not below `SILENCE_DBFS`, so that silence is a number too.
    """
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return 10 * float(np.log10(max(power, 10 ** (SILENCE_DBFS / 10))))


def live_answers(
    source: AudioSource,
    recognizer: Recognizer,
    *,
    sample_rate: int,
    seconds: float | None = None,
    on_level: Callable[[float], None],
) -> Iterator[LiveAnswer]:
    """Every answer as soon as its window is complete, and at the end one for what no window covers.

    Args:
        source: an open source of blocks at `sample_rate`.
        recognizer: what answers.
        sample_rate: Hz.
        seconds: stop after so much audio; None goes on while the source does.
        on_level: told the level of each block in dBFS.
    """
    hop = round(recognizer.hop_s * sample_rate)
    wanted = None if seconds is None else round(seconds * sample_rate)
    heard = 0
    recent = np.empty(0, np.float32)  # the newest samples; a window may end inside a block, so one block beside the hop

    def answers() -> Iterator[LiveAnswer]:
        while recognizer.ready():
            recognition = recognizer.pop()
            latency_ms = 1000 * (time.monotonic() - source.arrived_at)
            later = heard - round(recognition.end_s * sample_rate)
            newest = recent[: len(recent) - later][-hop:]
            yield LiveAnswer(recognition, level_dbfs(newest), latency_ms, source.overruns)

    for block in source:
        block = block if wanted is None else block[: wanted - heard]
        heard += len(block)
        recent = np.concatenate([recent, block])[-(hop + len(block)) :]
        recognizer.accept(block)
        on_level(level_dbfs(block))
        yield from answers()
        if heard == wanted:
            break
    recognizer.finish()
    yield from answers()


def end_on_sigterm() -> None:
    """Make SIGTERM end the program as an exception does, so that the recorder is stopped and the terminal restored."""
    signal.signal(signal.SIGTERM, _terminate)


def _terminate(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)
