"""Live recognition with a network that streams: each frame is computed once, not once a window."""

from collections import deque

import numpy as np

from sernet.runtime.bundle import Bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import check_waveform
from sernet.runtime.leaning import Leaning
from sernet.runtime.listener import Listener
from sernet.runtime.normalisation import Heard
from sernet.runtime.recognizer import Recognition, Recognizer, answer
from sernet.runtime.stream_plan import BLOCK
from sernet.runtime.streaming_network import StreamingNetwork


class StreamRecognizer(Recognizer):
    """An answer a block: probabilities of the last window of the network's own rows.

    The verbs are those of `Recognizer`. Two things differ from its windows. A row of the last feature map is known two
    blocks late, for it rests on frames after its own; until `finish` the first answer comes with the third block. And
    where the front end normalises, a frame is measured from the speech heard up to its block, not to the window's end.

    Args:
        bundle: what `load_bundle` gives, of a streaming model.
        hop_s: None, or seconds from one answer to the next; only a block's are possible.
        threads, profile, leaning: as of `Recognizer`.
        whole: give one answer alone, after `finish`, of all that was heard: an utterance's.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        hop_s: float | None = None,
        threads: int = 1,
        profile: Heard | None = None,
        leaning: Leaning | None = None,
        whole: bool = False,
    ) -> None:
        front_end = bundle.manifest.front_end
        self.hop_s = BLOCK * front_end.frame_step / front_end.sample_rate
        if hop_s is not None and abs(hop_s - self.hop_s) > 1e-6:
            raise SernetError(
                f"a streaming model answers every {self.hop_s:g} s, not every {hop_s:g} s: leave out --hop"
            )
        if front_end.level_percentile is not None:
            raise SernetError("the model's front end levels whole clips, which cannot stream: use one that does not")
        self._front_end = front_end
        self._network = StreamingNetwork(bundle, threads=threads)
        self._listener = None if front_end.normalisation is None else Listener(front_end)
        self._profile, self._leaning = profile, leaning
        self._whole = whole
        self.reset()

    def reset(self) -> None:
        """Forget all samples: a new stream starts at 0 s."""
        self._samples = np.empty(0, np.float32)  # from the next block's first frame on
        self._block = 0  # number of the next one
        self._finished = False
        self._answers: deque[Recognition] = deque()
        self._rows: list[np.ndarray] = []  # of the last feature map, where the whole stream gets the answer
        self._network.reset()
        if self._listener is not None:
            self._listener.reset()

    def accept(self, samples: np.ndarray) -> None:
        """Take the next samples, (any,), float in [-1, 1]; raises WaveformError when one is not finite.

        Whole blocks are computed at once.
        """
        self._samples = np.concatenate([self._samples, check_waveform(samples)])
        while len(self._samples) >= self._samples_of(BLOCK):
            self._compute(BLOCK)
            if self._network.rows and not self._whole:
                self._answer(self._block * BLOCK * self._front_end.frame_step + self._overlap)

    def finish(self) -> None:
        """Say that the stream has ended: what waited for later samples gives one more answer."""
        if self._finished:
            return
        self._finished = True
        frames = self._front_end.frame_count(len(self._samples))
        samples = self._block * BLOCK * self._front_end.frame_step + len(self._samples)
        if frames:
            self._compute(frames)
        self._keep(self._network.finish())
        if self._network.rows:
            self._answer(samples)

    def ready(self) -> bool:
        """Whether `pop` has an answer."""
        return len(self._answers) > 0

    def pop(self) -> Recognition:
        """The next answer; raises IndexError unless `ready`."""
        if not self.ready():
            raise IndexError("no whole block has arrived")
        return self._answers.popleft()

    @property
    def _overlap(self) -> int:
        """Samples that a frame shares with the next one."""
        return self._front_end.frame_length - self._front_end.frame_step

    def _samples_of(self, frames: int) -> int:
        return frames * self._front_end.frame_step + self._overlap

    def _compute(self, frames: int) -> None:
        """Give the network the next frames, at most a block of them."""
        front_end = self._front_end
        features = front_end.features(self._samples[: self._samples_of(frames)])
        if self._listener is not None:
            features = front_end.normalised(features, self._listener.hear_features(features), self._profile)
        self._keep(self._network.accept(features))
        self._samples = self._samples[frames * front_end.frame_step :]
        self._block += 1

    def _keep(self, rows: list[np.ndarray]) -> None:
        if self._whole:
            self._rows += rows

    def _answer(self, samples: int) -> None:
        """Append what the network says of the last window, when so many samples of the stream have been heard."""
        first = 0 if self._whole else max(0, self._network.rows - self._network.window_rows)
        start = first * BLOCK * self._front_end.frame_step
        start_s = start / self._front_end.sample_rate
        probabilities = self._network.probabilities_of(self._rows) if self._whole else self._network.last_window()
        self._answers.append(answer(self._network, probabilities, samples - start, start_s, self._leaning))
