"""Our own front end, in numpy: what the others are measured against."""

import numpy as np

from sernet.benchmarks.peers.front_ends import Features
from sernet.runtime.front_end import FeatureStream, FrontEnd

PACKAGES = ("sernet",)


def batch(front_end: FrontEnd) -> Features:
    """The whole waveform at once."""
    return front_end.features


def streaming(front_end: FrontEnd, packet: int) -> Features:
    """Frame after frame, as soon as its last sample is there."""
    stream = FeatureStream(front_end)

    def features(waveform: np.ndarray) -> np.ndarray:
        stream.reset()
        frames = []
        for start in range(0, len(waveform), packet):
            stream.accept(waveform[start : start + packet])
            while stream.ready():
                frames.append(stream.pop())
        return np.stack(frames)

    return features
