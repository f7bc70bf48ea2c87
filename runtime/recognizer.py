"""Live recognition: samples arrive in pieces, answers come out, one per window."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sernet.runtime.bundle import Bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import check_waveform
from sernet.runtime.leaning import Leaning
from sernet.runtime.listener import Listener
from sernet.runtime.network import Network
from sernet.runtime.normalisation import Heard

HOP_S = 0.5
"""Seconds from one window to the next, unless something else is asked for."""

UNCERTAIN = "uncertain"
"""The label of an answer whose probability is below the bundle's threshold."""


@dataclass(frozen=True)
class Recognition:
    """One answer."""

    start_s: float
    """Where the window starts in the stream, in seconds."""
    end_s: float
    """Where the samples that the answer rests on end, in seconds."""
    label: str
    """The most probable emotion, or `UNCERTAIN`."""
    probabilities: dict[str, float]
    """Every emotion's probability, in output order."""


def recognise(
    network: Network,
    waveform: np.ndarray,
    *,
    start_s: float = 0.0,
    profile: Heard | None = None,
    leaning: Leaning | None = None,
) -> Recognition:
    """One answer for one clip or window (samples,); `start_s` places it in its stream.

    `profile` is what was heard of the speaker before; only a front end that normalises has a use for it. `leaning` is
    how this network's answers lean for the speaker, and is taken back.
    """
    probabilities = network.waveform_probabilities(waveform, profile)
    return answer(network, probabilities, len(waveform), start_s, leaning)


def answer(
    network: Network, probabilities: np.ndarray, samples: int, start_s: float, leaning: Leaning | None
) -> Recognition:
    """Probabilities (classes,) of so many samples from `start_s` on, as an answer."""
    manifest = network.bundle.manifest
    if leaning is not None:
        probabilities = leaning.taken_from(probabilities)
    best = int(np.argmax(probabilities))
    return Recognition(
        start_s=start_s,
        end_s=start_s + samples / manifest.front_end.sample_rate,
        label=manifest.labels[best] if probabilities[best] >= manifest.uncertain_below else UNCERTAIN,
        probabilities=dict(zip(manifest.labels, probabilities.tolist(), strict=True)),
    )


class Recognizer:
    """Sliding windows over a stream: window k covers the samples from k * hop on, one window long.

    Verbs: `accept` samples, while `ready` `pop` an answer, `finish` at the end, `reset` for a new stream.

    When the front end normalises, an answer also rests on the speech before its window, back to the last `reset`; never
    on what comes after it.

    With the bundle of a streaming model it is a `StreamRecognizer`, whose hop is a block of the model's.

    Args:
        bundle: what `load_bundle` gives.
        hop_s: seconds from one window to the next; None takes `HOP_S`, or a streaming model's block.
        threads: threads for one inference.
        profile: what was heard of the speaker before; only a front end that normalises has a use for it.
        leaning: how the bundle's answers lean for the speaker; taken back from each.
    """

    def __new__(cls, bundle: Bundle, **options: Any) -> "Recognizer":
        from sernet.runtime.stream_recognizer import StreamRecognizer

        kind: type = StreamRecognizer if cls is Recognizer and bundle.manifest.stream is not None else cls
        return super().__new__(kind)

    def __init__(
        self,
        bundle: Bundle,
        *,
        hop_s: float | None = None,
        threads: int = 1,
        profile: Heard | None = None,
        leaning: Leaning | None = None,
    ) -> None:
        front_end = bundle.manifest.front_end
        self.hop_s = HOP_S if hop_s is None else hop_s
        """Seconds from one answer to the next."""
        self._hop = front_end.sample_count(self.hop_s)
        self._window = bundle.window_samples
        if not 1 <= self._hop <= self._window:
            raise SernetError(f"the hop must be above 0 and at most the window of {bundle.manifest.window_s:g} s")
        self._rate = front_end.sample_rate
        self._network = Network(bundle, threads=threads)
        self._listener = None if front_end.normalisation is None else Listener(front_end)
        self._least = 1 if front_end.normalisation is None else front_end.frame_length
        self._profile, self._leaning = profile, leaning
        self.reset()

    def reset(self) -> None:
        """Forget all samples: a new stream starts at 0 s."""
        self._samples = np.empty(0, np.float32)  # from the next window's start on
        self._start = 0  # of the next window, in samples of the stream
        self._covered = 0  # samples of the stream that an answer rests on
        self._finished = False
        if self._listener is not None:
            self._listener.reset()

    def accept(self, samples: np.ndarray) -> None:
        """Take the next samples, (any,), float in [-1, 1]; raises WaveformError when one is not finite."""
        self._samples = np.concatenate([self._samples, check_waveform(samples)])
        if self._listener is not None:
            self._listener.accept(samples)

    def finish(self) -> None:
        """Say that the stream has ended: samples that no whole window covers give one more answer."""
        self._finished = True

    def ready(self) -> bool:
        """Whether `pop` has an answer."""
        if len(self._samples) >= self._window:
            return True
        return self._finished and len(self._samples) >= self._least and self._start + len(self._samples) > self._covered

    def pop(self) -> Recognition:
        """The next window's answer; raises IndexError unless `ready`."""
        if not self.ready():
            raise IndexError("no whole window has arrived")
        window = self._samples[: self._window]
        probabilities = self._probabilities(window)
        recognition = answer(self._network, probabilities, len(window), self._start / self._rate, self._leaning)
        self._covered = self._start + len(window)
        self._samples = self._samples[self._hop :]
        self._start += self._hop
        return recognition

    def _probabilities(self, window: np.ndarray) -> np.ndarray:
        if self._listener is None:
            return self._network.waveform_probabilities(window)
        heard = self._listener.hear(self._start + len(window))
        return self._network.window_probabilities(window, heard, self._profile)
