"""Running normalisation: features measured from what has been heard of the speaker, starting from the corpus."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sernet.runtime.errors import SernetError
from sernet.runtime.settings import settings_from

_NEPERS_PER_DB = np.log(10.0) / 20.0
_LOUDEST_PERCENTILE = 95.0


@dataclass(frozen=True)
class Heard:
    """What has been heard of a speaker, as sums over frames of speech; sums of two hearings add up."""

    frames: float
    """How many."""
    total: np.ndarray
    """(feature_count,), float64: the features of all of them added."""

    def __add__(self, other: "Heard") -> "Heard":
        return Heard(self.frames + other.frames, self.total + other.total)


@dataclass(frozen=True)
class Normalisation:
    """Subtract a running mean, divide by a fixed deviation.

    The mean is that of all speech heard so far, weighed against the corpus's mean as if that had been heard for
    `prior_frames` before: a posterior mean (Murphy 2007, "Conjugate Bayesian analysis of the Gaussian distribution",
    section 2), and causal. A speaker's profile is speech heard earlier.
    """

    mean: tuple[float, ...] = ()
    """Of the training corpus's speech, per feature."""
    deviation: tuple[float, ...] = ()
    """Within one speaker's speech, per feature."""
    prior_frames: float = 100.0
    """Frames of speech that the corpus's mean is worth."""
    level_prior_frames: float = 10.0
    """The same for the first feature, the level, which depends on the microphone more than on the speaker."""
    speech_range_db: float = 30.0
    """A frame further than this below the loudest ones is a pause and is not counted."""

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.deviation):
            raise SernetError(f"{len(self.mean)} means and {len(self.deviation)} deviations do not belong together")
        if min(self.deviation, default=1.0) <= 0:
            raise SernetError("a deviation must be above 0")
        if min(self.prior_frames, self.level_prior_frames) < 0 or self.speech_range_db <= 0:
            raise SernetError("prior frames must be 0 or more, and the range of speech above 0 dB")

    def hear(self, features: np.ndarray, levels: np.ndarray) -> Heard:
        """Statistics of the speech in a clip or window.

        Args:
            features: (frames, feature_count).
            levels: (frames,), mean log magnitude of each frame, in nepers.
        """
        speech = features[speech_frames(levels, self.speech_range_db)]
        return Heard(float(len(speech)), speech.sum(axis=0, dtype=np.float64))

    def apply(self, features: np.ndarray, heard: Heard) -> np.ndarray:
        """Features as the network sees them: (frames, feature_count), float32.

        Args:
            features: (frames, feature_count).
            heard: all speech up to now, these frames and the speaker's profile included.
        """
        mean, deviation, prior = self._arrays
        mean = (prior * mean + heard.total) / np.maximum(prior + heard.frames, 1e-9)
        return ((features - mean) / deviation).astype(np.float32)

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        prior = np.full(len(self.mean), self.prior_frames)
        prior[:1] = self.level_prior_frames
        return np.array(self.mean), np.array(self.deviation), prior

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Normalisation":
        """The opposite of `to_json`. Raises SernetError as `settings_from` does."""
        lists = {name: tuple(map(float, values[name])) for name in ("mean", "deviation") if name in values}
        return settings_from(cls, {**values, **lists}, "normalisation")


def speech_frames(levels: np.ndarray, range_db: float) -> np.ndarray:
    """Which frames are speech, not pauses: (frames,), bool.

    Args:
        levels: (frames,), log magnitudes in nepers.
        range_db: how far below the loudest frames (their 95th percentile) speech may lie.
    """
    if len(levels) == 0:
        return np.zeros(0, bool)
    return levels > np.percentile(levels, _LOUDEST_PERCENTILE) - range_db * _NEPERS_PER_DB
