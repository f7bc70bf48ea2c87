"""What has been heard of a stream's speaker up to now: each frame counted once, and pauses left out."""

import numpy as np

from sernet.runtime.front_end import FrontEnd, check_waveform
from sernet.runtime.normalisation import NEPERS_PER_DB, Heard, Normalisation, percentile, speech_frames
from sernet.runtime.stream_plan import BLOCK

MEMORY_S = 60.0
"""Speech that a stream's statistics are worth at most: older speech fades, so that another speaker is learned too."""

# What is a pause shows only beside speech: a piece is judged against so much of the stream, itself included.
CONTEXT_S = 3.0
# The level of steady noise stays within 2 dB (mean over the bands), at speech 10 dB above it it moves by 5 dB.
MOVES_DB = 3.0
# Once speech is known, a sound must come this near to it from the quietest frames: a keyboard does not.
SHARE = 1 / 3
# A bump of the microphone is shorter.
KNOWN_S = 1.0


class Listener:
    """Statistics of the speech in a stream, causal: a piece is judged by what came before it and by itself.

    `accept` samples, `hear` the piece up to a sample, `reset` for a new stream. A piece whose level does not stand out
    from the quietest of the last 3 s is a pause or steady noise and adds nothing. In the others, frames count as in
    `Normalisation.hear`: the first piece of a stream gives what `FrontEnd.hear` gives.

    Args:
        front_end: how samples become features.
        memory_s: seconds of speech that the statistics are worth at most.
    """

    def __init__(self, front_end: FrontEnd, *, memory_s: float = MEMORY_S) -> None:
        self._front_end = front_end
        self._normalisation = front_end.normalisation or Normalisation()
        self._memory = self._frames(memory_s)
        self.reset()

    def reset(self) -> None:
        """Forget everything: a new stream starts."""
        self._samples = np.empty(0, np.float32)  # from the next frame on
        self._start = 0  # of the next frame, in samples of the stream
        self._levels = np.empty(0, np.float32)  # of the context, in nepers
        self._heard = Heard(0.0, np.zeros(self._front_end.feature_count))

    def accept(self, samples: np.ndarray) -> None:
        """Take the next samples, (any,), float in [-1, 1]; raises WaveformError when one is not finite."""
        self._samples = np.concatenate([self._samples, check_waveform(samples)])

    def hear(self, until: int) -> Heard:
        """All speech up to sample `until` of the stream; the frames that no call has heard before are one piece."""
        front_end = self._front_end
        frames = front_end.frame_count(min(until - self._start, len(self._samples)))
        if frames:
            end = (frames - 1) * front_end.frame_step + front_end.frame_length
            features = front_end.features(self._samples[:end])
            self._samples = self._samples[frames * front_end.frame_step :]
            self._start += frames * front_end.frame_step
            self.hear_features(features)
        return self._heard

    def hear_features(self, features: np.ndarray) -> Heard:
        """All speech up to the end of the stream's next frames, (frames, feature_count), which are one piece.

        In place of `accept` and `hear`, where the features are computed anyway.
        """
        speech = features[self._speech(self._front_end.levels(features))]
        now = Heard(float(len(speech)), speech.sum(axis=0, dtype=np.float64))
        self._heard = (self._heard + now).faded(self._memory)
        return self._heard

    def _speech(self, levels: np.ndarray) -> np.ndarray:
        """Which frames of a piece are speech, by their levels: (frames,), bool."""
        context = max(len(levels), round(self._frames(CONTEXT_S)))
        self._levels = np.concatenate([self._levels, levels])[-context:]
        quietest = percentile(self._levels, 5)
        usual = -np.inf
        moves = MOVES_DB * NEPERS_PER_DB
        if self._heard.frames >= self._frames(KNOWN_S):
            usual = float(self._front_end.levels(self._heard.total)) / self._heard.frames
            moves = max(moves, SHARE * (usual - quietest))
        if percentile(levels, 95) - quietest < moves:
            return np.zeros(len(levels), bool)
        range_db = self._normalisation.speech_range_db
        loud = speech_frames(self._levels, range_db)[-len(levels) :]
        return loud & (levels > usual - range_db * NEPERS_PER_DB)

    def _frames(self, seconds: float) -> float:
        return seconds * self._front_end.sample_rate / self._front_end.frame_step


def live_features(front_end: FrontEnd, waveform: np.ndarray) -> np.ndarray:
    """Features as a network that streams sees them: each block is measured from the speech heard up to its end.

    Args:
        front_end: one that normalises.
        waveform: (samples,), float in [-1, 1], a whole stream.

    Returns:
        (frames, feature_count), float32.
    """
    listener, features = Listener(front_end), front_end.features(waveform)
    blocks = [np.empty((0, front_end.feature_count), np.float32)]
    for first in range(0, len(features), BLOCK):
        block = features[first : first + BLOCK]
        blocks.append(front_end.normalised(block, listener.hear_features(block)))
    return np.concatenate(blocks)
