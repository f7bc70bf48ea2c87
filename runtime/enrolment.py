"""Getting to know a speaker: speech in, a profile out. Only sums are kept, no audio."""

import numpy as np

from sernet.runtime.front_end import FrontEnd
from sernet.runtime.leaning import Leaning
from sernet.runtime.listener import MEMORY_S, Listener
from sernet.runtime.network import Network
from sernet.runtime.normalisation import Heard
from sernet.runtime.profile import Profile, ProfileError, require_normalisation

LEAST_SPEECH_S = 10.0
"""Less says more about the sentences than about the speaker."""

LEAST_ANSWERS = 5
"""Fewer say more about the moods than about the voice."""

# Speech is told from pauses in pieces of this length.
_PIECE_S = 0.5
# An answer that the leaning is learned from rests on so much speech, or on half a window's where that is less.
_ANSWERED_S = 1.0


class Enrolment:
    """Statistics of one speaker from any number of recordings or streams.

    `accept` samples in blocks of any size, `end_recording` after each recording, then ask for the `profile`.

    Args:
        front_end: the model's; raises ProfileError unless it normalises.
        varied: the model itself, when the speech goes through many moods: how its answers lean is learned too.
    """

    def __init__(self, front_end: FrontEnd, varied: Network | None = None) -> None:
        require_normalisation(front_end)
        self._front_end = front_end
        self._answers = None if varied is None else _Answers(varied)
        self._listener = Listener(front_end, memory_s=float("inf"))
        self._earlier = Heard(0.0, np.zeros(front_end.feature_count))  # recordings that have ended
        self._now = self._earlier
        self._arrived = self._judged = 0  # samples of this recording

    def accept(self, samples: np.ndarray) -> None:
        """Take the next samples, (any,), float in [-1, 1]; raises WaveformError when one is not finite."""
        self._listener.accept(samples)
        self._arrived += len(samples)
        piece = self._front_end.sample_count(_PIECE_S)
        while self._arrived - self._judged >= piece:
            self._judged += piece
            self._now = self._listener.hear(self._judged)
        if self._answers is not None:
            self._answers.accept(samples)

    def end_recording(self) -> None:
        """Count what the last recording ended with; the next samples belong to another."""
        self._earlier += self._listener.hear(self._arrived)
        self._listener.reset()
        self._now = Heard(0.0, np.zeros(self._front_end.feature_count))
        self._arrived = self._judged = 0
        if self._answers is not None:
            self._answers.end_recording()

    @property
    def speech_s(self) -> float:
        """Seconds of speech heard so far."""
        return (self._earlier + self._now).frames * self._front_end.frame_step / self._front_end.sample_rate

    def profile(self) -> Profile:
        """The speaker's profile, worth at most as much as a stream's own speech; raises ProfileError on too little."""
        if self.speech_s < LEAST_SPEECH_S:
            raise ProfileError(
                f"{self.speech_s:.1f} s of speech are too few to know a speaker by, {LEAST_SPEECH_S:g} s are needed: "
                "speak longer, or nearer to the microphone; nothing was stored"
            )
        most = MEMORY_S * self._front_end.sample_rate / self._front_end.frame_step
        heard = (self._earlier + self._now).faded(most)
        if self._answers is None:
            return Profile.of(heard, self.speech_s, self._front_end)
        return Profile.of(heard, self.speech_s, self._front_end, self._answers.leaning(), self._answers.model)


class _Answers:
    """A model's answers to recordings, window after window, each by what is heard in it and nothing else.

    What ends before a window is full is answered too; what holds too little speech is not.
    """

    def __init__(self, network: Network) -> None:
        manifest = network.bundle.manifest
        self.model = network.bundle.fingerprint
        self._network = network
        self._window_s, self._window = manifest.window_s, network.bundle.window_samples
        least_s = min(_ANSWERED_S, self._window_s / 2)
        self._least = least_s * manifest.front_end.sample_rate / manifest.front_end.frame_step
        self._listener = Listener(manifest.front_end, memory_s=float("inf"))
        self._found: list[np.ndarray] = []
        self._start_recording()

    def _start_recording(self) -> None:
        self._listener.reset()
        self._samples = np.empty(0, np.float32)  # from the next window's start on
        self._start = 0  # of the next window, in samples of the recording
        self._frames = 0.0  # of speech, before it

    def accept(self, samples: np.ndarray) -> None:
        self._listener.accept(samples)
        self._samples = np.concatenate([self._samples, samples])
        while len(self._samples) >= self._window:
            self._end_window(self._window)

    def end_recording(self) -> None:
        self._end_window(len(self._samples))
        self._start_recording()

    def _end_window(self, length: int) -> None:
        self._start += length
        frames = self._listener.hear(self._start).frames
        if frames - self._frames >= self._least:
            self._found.append(self._network.waveform_probabilities(self._samples[:length]))
        self._samples, self._frames = self._samples[length:], frames

    def leaning(self) -> Leaning:
        """Raises ProfileError on too few answers."""
        if len(self._found) < LEAST_ANSWERS:
            raise ProfileError(
                f"{len(self._found)} answers are too few to know how they lean, {LEAST_ANSWERS} are needed: speak "
                f"longer, there is one for each {self._window_s:g} s; nothing was stored"
            )
        return Leaning.of(np.stack(self._found))
