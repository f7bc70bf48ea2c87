"""A live stream's answers: samples come in, events come out; it knows no clock, no device and no screen."""

import dataclasses
import itertools
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sernet.runtime.bundle import Bundle
from sernet.runtime.front_end import check_waveform
from sernet.runtime.leaning import Leaning
from sernet.runtime.live.events import SILENCE, LiveAnswer
from sernet.runtime.live.level import level_dbfs, power_dbfs
from sernet.runtime.live.smoothing import SteadyLabel
from sernet.runtime.live.voice_activity import Detector, open_voice_activity
from sernet.runtime.live.voice_gate import PAUSE_S, Piece, VoiceGate
from sernet.runtime.normalisation import Heard
from sernet.runtime.recognizer import Recognition, Recognizer
from sernet.runtime.utterance_recognizer import UtteranceRecognizer

Mode = Literal["continuous", "utterance"]
MODES: tuple[Mode, ...] = ("continuous", "utterance")

SPEECH_S = 0.3
"""A window with less speech than this is called silence."""


@dataclass(frozen=True)
class LiveSettings:
    """How a stream is answered."""

    mode: Mode = "continuous"
    """An answer every hop, or one for each utterance."""
    hop_s: float | None = None
    """Seconds from one answer to the next; None is the recogniser's own. Of use to the continuous mode."""
    vad: Detector = "energy"
    """What tells speech from silence; with `off` everything is speech."""
    pause_s: float = PAUSE_S
    """Silence that ends an utterance, in seconds."""
    threads: int = 1
    """Threads for one inference."""


class LiveSession:
    """Verbs: `accept` samples, `finish` at the end; `resume` after a gap, `reset` for a new stream.

    Args:
        bundle: what `load_bundle` gives.
        settings: how the stream is answered.
        profile: what was heard of the speaker before; only a front end that normalises has a use for it.
        leaning: how the bundle's answers lean for the speaker; taken back from each.

    Raises:
        SernetError: a setting that the bundle cannot serve, or a detector whose package is missing.
    """

    def __init__(
        self,
        bundle: Bundle,
        settings: LiveSettings | None = None,
        *,
        profile: Heard | None = None,
        leaning: Leaning | None = None,
    ) -> None:
        settings = settings or LiveSettings()
        manifest = bundle.manifest
        self._rate = manifest.front_end.sample_rate
        self._activity = open_voice_activity(settings.vad, self._rate)
        knowing = {"threads": settings.threads, "profile": profile, "leaning": leaning}
        self._answers = (
            _Utterances(UtteranceRecognizer(bundle, **knowing), self._rate, self._activity.frame, settings.pause_s)
            if settings.mode == "utterance"
            else _Windows(Recognizer(bundle, hop_s=settings.hop_s, **knowing), self._rate, manifest.uncertain_below)
        )
        self.reset()

    @property
    def heard_s(self) -> float:
        """Where in the stream the next sample is, in seconds."""
        return self._offset_s + self._heard / self._rate

    @property
    def voiced(self) -> bool:
        """Whether somebody speaks in the newest frame."""
        return self._voiced

    def reset(self) -> None:
        """Forget everything: a new stream starts at 0 s."""
        self._heard = 0
        self._offset_s = 0.0
        self._start_anew()

    def resume(self) -> None:
        """Forget what was heard, because samples are missing behind it; the stream's time goes on."""
        self._offset_s = self.heard_s
        self._heard = 0
        self._start_anew()

    def accept(
        self, samples: np.ndarray, *, arrived_at: float | None = None, dropped: int = 0, overruns: int = 0
    ) -> list[LiveAnswer]:
        """Take the next samples, and give the answers that they complete.

        Args:
            samples: (any,), float in [-1, 1], at the front end's sample rate.
            arrived_at: `time.monotonic()` of when they came from the device; None is now.
            dropped: samples of the stream that were lost so far.
            overruns: times that this happened.

        Raises:
            WaveformError: a sample is not finite.
        """
        arrived_at = time.monotonic() if arrived_at is None else arrived_at
        samples = check_waveform(samples)
        self._heard += len(samples)
        self._frames = np.concatenate([self._frames, samples])
        size = self._activity.frame
        whole = len(self._frames) // size * size
        frames = self._frames[:whole].reshape(-1, size)
        self._frames = self._frames[whole:]
        voiced = self._activity.voiced(frames)
        if len(voiced):
            self._voiced = bool(voiced[-1])
        return self._told(self._answers.accept(samples, frames, voiced), arrived_at, dropped, overruns)

    def finish(self, *, arrived_at: float | None = None, dropped: int = 0, overruns: int = 0) -> list[LiveAnswer]:
        """Say that the stream has ended, and give the answers that were waiting for its end."""
        arrived_at = time.monotonic() if arrived_at is None else arrived_at
        return self._told(self._answers.finish(), arrived_at, dropped, overruns)

    def _start_anew(self) -> None:
        self._frames = np.empty(0, np.float32)  # samples of the frame that is not whole yet
        self._voiced = False
        self._activity.reset()
        self._answers.reset()

    def _told(self, answers: Iterator[LiveAnswer], arrived_at: float, dropped: int, overruns: int) -> list[LiveAnswer]:
        """The answers with what only the session knows: each is timed as soon as it is there."""
        return [
            dataclasses.replace(
                answer,
                recognition=self._placed(answer.recognition),
                latency_ms=1000 * (time.monotonic() - arrived_at),
                dropped=dropped,
                overruns=overruns,
            )
            for answer in answers
        ]

    def _placed(self, recognition: Recognition) -> Recognition:
        start_s, end_s = recognition.start_s + self._offset_s, recognition.end_s + self._offset_s
        return dataclasses.replace(recognition, start_s=start_s, end_s=end_s)


class _Windows:
    """An answer a hop."""

    def __init__(self, recognizer: Recognizer, rate: int, uncertain_below: float) -> None:
        self._recognizer = recognizer
        self._rate = rate
        self._hop = round(recognizer.hop_s * rate)
        self._steady = SteadyLabel(recognizer.hop_s, uncertain_below)
        self.reset()

    def reset(self) -> None:
        self._recognizer.reset()
        self._steady.reset()
        self._heard = 0
        self._recent = np.empty(0, np.float32)  # the newest samples: a window may end inside a block
        self._frame = 0  # samples in a frame
        self._judged = 0  # samples whose frames were judged
        self._voiced: deque[int] = deque()  # where voiced frames begin

    def accept(self, samples: np.ndarray, frames: np.ndarray, voiced: np.ndarray) -> Iterator[LiveAnswer]:
        self._heard += len(samples)
        self._recent = np.concatenate([self._recent, samples])[-(self._hop + len(samples)) :]
        self._frame = frames.shape[1]
        self._voiced += [self._judged + number * self._frame for number, speaks in enumerate(voiced.tolist()) if speaks]
        self._judged += frames.size
        self._recognizer.accept(samples)
        yield from self._ready()

    def finish(self) -> Iterator[LiveAnswer]:
        self._recognizer.finish()
        yield from self._ready()

    def _ready(self) -> Iterator[LiveAnswer]:
        while self._recognizer.ready():
            yield self._answer(self._recognizer.pop())

    def _answer(self, recognition: Recognition) -> LiveAnswer:
        start, end = (round(at * self._rate) for at in (recognition.start_s, recognition.end_s))
        while self._voiced and self._voiced[0] < start:
            self._voiced.popleft()
        # Whether a frame that reaches beyond the window was judged already depends on the blocks: it does not count.
        beyond = sum(1 for _ in itertools.takewhile(lambda first: first + self._frame > end, reversed(self._voiced)))
        voiced = self._frame * (len(self._voiced) - beyond)
        if voiced < min(SPEECH_S * self._rate, 0.5 * (end - start)):
            recognition = dataclasses.replace(recognition, label=SILENCE)
            self._steady.reset()
            steady_label = SILENCE
        else:
            steady_label = self._steady.after(recognition.probabilities)
        newest = self._recent[: len(self._recent) - (self._heard - end)][-self._hop :]
        voice = min(1.0, voiced / max(1, end - start))
        return LiveAnswer("window", recognition, steady_label, level_dbfs(newest), voice)


class _Utterances:
    """An answer for what is said between two pauses."""

    def __init__(self, recognizer: UtteranceRecognizer, rate: int, frame: int, pause_s: float) -> None:
        self._recognizer = recognizer
        self._rate = rate
        self._gate = VoiceGate(frame, rate, pause_s=pause_s)
        self.reset()

    def reset(self) -> None:
        self._recognizer.reset()
        self._gate.reset()
        self._begin()

    def accept(self, samples: np.ndarray, frames: np.ndarray, voiced: np.ndarray) -> Iterator[LiveAnswer]:
        for frame, speaks in zip(frames, voiced.tolist(), strict=True):
            for piece in self._gate.accept(frame, speaks):
                yield from self._take(piece)

    def finish(self) -> Iterator[LiveAnswer]:
        for piece in self._gate.finish():
            yield from self._take(piece)

    def _begin(self) -> None:
        self._start: int | None = None
        self._samples = self._voiced = 0
        self._energy = 0.0

    def _take(self, piece: Piece) -> Iterator[LiveAnswer]:
        if self._start is None:
            self._start = piece.start
        self._samples += len(piece.samples)
        self._voiced += piece.voiced
        self._energy += float(np.square(piece.samples, dtype=np.float64).sum())
        self._recognizer.accept(piece.samples)
        if not piece.ended:
            return
        recognition = self._recognizer.finish(self._start / self._rate)
        level, voice = power_dbfs(self._energy / self._samples), self._voiced / self._samples
        self._begin()
        yield LiveAnswer("utterance", recognition, recognition.label, level, voice)
