"""The voice gate: cuts a stream into utterances, while it arrives."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

PAUSE_S = 0.7
"""Silence that ends an utterance, unless something else is asked for: speakers pause for less inside a sentence."""

LONGEST_S = 20.0
"""An utterance is cut here, so that an answer comes even where nobody ever pauses."""

# So much of so long must be voiced to open: clicks are shorter.
_OPENING_S, _OPENING_VOICED_S = 0.2, 0.12
# Speech begins and ends softly: so much is taken before the gate opened, and after the last voiced frame.
_BEFORE_S, _AFTER_S = 0.3, 0.1


@dataclass(frozen=True)
class Piece:
    """The next samples of an utterance."""

    start: int
    """The first one's place in the stream."""
    samples: np.ndarray
    """(any,), float32; may be empty at the end."""
    voiced: int
    """How many of them are voiced."""
    ended: bool
    """Whether the utterance ends here."""


class VoiceGate:
    """Gives an utterance's samples as soon as it is clear that they belong to one.

    Silence is held back while speech may go on after it. So the pause that ends an utterance is not part of it.

    Args:
        frame: samples of one frame.
        sample_rate: Hz.
        pause_s: silence that ends an utterance.
    """

    def __init__(self, frame: int, sample_rate: int, *, pause_s: float = PAUSE_S) -> None:
        def frames(seconds: float) -> int:
            return max(1, round(seconds * sample_rate / frame))

        self._frame = frame
        self._before, self._after, self._pause = frames(_BEFORE_S), frames(_AFTER_S), frames(pause_s)
        self._opening, self._needed = frames(_OPENING_S), frames(_OPENING_VOICED_S)
        self._longest = frames(LONGEST_S)
        self.reset()

    def reset(self) -> None:
        """Forget everything: a new stream starts at sample 0, with the gate closed."""
        self.open = False
        self._count = 0  # frames so far
        self._waiting: deque[tuple[np.ndarray, bool]] = deque()  # frames that no piece has given
        self._recent: deque[bool] = deque(maxlen=self._opening)
        self._given = 0  # frames of this utterance
        self._silent = 0  # frames since the last voiced one

    def accept(self, samples: np.ndarray, voiced: bool) -> Iterator[Piece]:
        """Take the next frame, (frame,), and whether it is voiced; gives at most one piece."""
        self._count += 1
        self._waiting.append((samples, voiced))
        self._recent.append(voiced)
        self._silent = 0 if voiced else self._silent + 1
        if not self.open:
            while len(self._waiting) > self._before + self._opening:
                self._waiting.popleft()
            if voiced and sum(self._recent) >= self._needed:
                self.open = True
                yield self._piece(len(self._waiting), ended=False)
        elif self._silent >= self._pause:
            yield self._close()
        elif voiced:
            # The last frame that fits ends it, and what follows may open the gate anew.
            ended = self._given + len(self._waiting) >= self._longest
            yield self._piece(len(self._waiting), ended=ended)

    def finish(self) -> Iterator[Piece]:
        """Say that the stream has ended: an open utterance ends with it."""
        if self.open:
            yield self._close()

    def _close(self) -> Piece:
        return self._piece(min(self._after, len(self._waiting)), ended=True)

    def _piece(self, frames: int, *, ended: bool) -> Piece:
        start = (self._count - len(self._waiting)) * self._frame
        given = [self._waiting.popleft() for _ in range(frames)]
        self._given += frames
        if ended:
            self.open = False
            self._given = 0
            self._recent.clear()
        samples = np.concatenate([frame for frame, _ in given]) if given else np.empty(0, np.float32)
        return Piece(start, samples, self._frame * sum(voiced for _, voiced in given), ended)
