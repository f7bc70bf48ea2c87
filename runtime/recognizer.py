"""Live recognition: samples arrive in pieces, answers come out, one per window."""

from dataclasses import dataclass

import numpy as np

from sernet.runtime.bundle import Bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import check_waveform
from sernet.runtime.network import Network

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


def recognise(network: Network, waveform: np.ndarray, *, start_s: float = 0.0) -> Recognition:
    """One answer for one clip or window (samples,); `start_s` places it in its stream."""
    manifest = network.bundle.manifest
    probabilities = network.waveform_probabilities(waveform)
    best = int(np.argmax(probabilities))
    return Recognition(
        start_s=start_s,
        end_s=start_s + len(waveform) / manifest.front_end.sample_rate,
        label=manifest.labels[best] if probabilities[best] >= manifest.uncertain_below else UNCERTAIN,
        probabilities=dict(zip(manifest.labels, probabilities.tolist(), strict=True)),
    )


class Recognizer:
    """Sliding windows over a stream: window k covers the samples from k * hop on, one window long.

    Verbs: `accept` samples, while `ready` `pop` an answer, `finish` at the end, `reset` for a new stream.

    Args:
        bundle: what `load_bundle` gives.
        hop_s: seconds from one window to the next.
        threads: threads for one inference.
    """

    def __init__(self, bundle: Bundle, *, hop_s: float = 0.5, threads: int = 1) -> None:
        front_end = bundle.manifest.front_end
        self._hop = front_end.sample_count(hop_s)
        self._window = bundle.window_samples
        if not 1 <= self._hop <= self._window:
            raise SernetError(f"the hop must be above 0 and at most the window of {bundle.manifest.window_s:g} s")
        self._rate = front_end.sample_rate
        self._network = Network(bundle, threads=threads)
        self.reset()

    def reset(self) -> None:
        """Forget all samples: a new stream starts at 0 s."""
        self._samples = np.empty(0, np.float32)  # from the next window's start on
        self._start = 0  # of the next window, in samples of the stream
        self._covered = 0  # samples of the stream that an answer rests on
        self._finished = False

    def accept(self, samples: np.ndarray) -> None:
        """Take the next samples, (any,), float in [-1, 1]; raises WaveformError when one is not finite."""
        self._samples = np.concatenate([self._samples, check_waveform(samples)])

    def finish(self) -> None:
        """Say that the stream has ended: samples that no whole window covers give one more answer."""
        self._finished = True

    def ready(self) -> bool:
        """Whether `pop` has an answer."""
        if len(self._samples) >= self._window:
            return True
        return self._finished and len(self._samples) > 0 and self._start + len(self._samples) > self._covered

    def pop(self) -> Recognition:
        """The next window's answer; raises IndexError unless `ready`."""
        if not self.ready():
            raise IndexError("no whole window has arrived")
        window = self._samples[: self._window]
        recognition = recognise(self._network, window, start_s=self._start / self._rate)
        self._covered = self._start + len(window)
        self._samples = self._samples[self._hop :]
        self._start += self._hop
        return recognition
