"""Getting to know a speaker: ordinary speech in, a profile out. Only sums are kept, no audio."""

import numpy as np

from sernet.runtime.front_end import FrontEnd
from sernet.runtime.listener import MEMORY_S, Listener
from sernet.runtime.normalisation import Heard
from sernet.runtime.profile import Profile, ProfileError, require_normalisation

LEAST_SPEECH_S = 10.0
"""Less says more about the sentences than about the speaker."""

# Speech is told from pauses in pieces of this length.
_PIECE_S = 0.5


class Enrolment:
    """Statistics of one speaker from any number of recordings or streams.

    `accept` samples in blocks of any size, `end_recording` after each recording, then ask for the `profile`.

    Args:
        front_end: the model's; raises ProfileError unless it normalises.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        require_normalisation(front_end)
        self._front_end = front_end
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

    def end_recording(self) -> None:
        """Count what the last recording ended with; the next samples belong to another."""
        self._earlier += self._listener.hear(self._arrived)
        self._listener.reset()
        self._now = Heard(0.0, np.zeros(self._front_end.feature_count))
        self._arrived = self._judged = 0

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
        return Profile.of((self._earlier + self._now).faded(most), self.speech_s, self._front_end)
