"""Running normalisation: features measured from what has been heard of the speaker, starting from the corpus."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sernet.runtime.errors import SernetError
from sernet.runtime.settings import settings_from

NEPERS_PER_DB = np.log(10.0) / 20.0
_LOUDEST_PERCENTILE = 95.0
_LARGEST = 1e6  # features are logarithms: what is larger is as good as infinite, and would soon be


@dataclass(frozen=True)
class Heard:
    """What has been heard of a speaker, as sums over frames of speech; sums of two hearings add up."""

    frames: float
    """How many."""
    total: np.ndarray
    """(feature_count,), float64: the features of all of them added."""

    def __add__(self, other: "Heard") -> "Heard":
        return Heard(self.frames + other.frames, self.total + other.total)

    def faded(self, frames: float) -> "Heard":
        """The same mean, worth at most so many frames."""
        return self if self.frames <= frames else Heard(frames, self.total * (frames / self.frames))


@dataclass(frozen=True)
class Normalisation:
    """Subtract a running mean from features of log magnitudes, divide by a fixed deviation.

    The mean is that of all speech heard so far, weighed against the corpus's mean as if that had been heard for
    `prior_frames` before: a posterior mean (Murphy 2007, "Conjugate Bayesian analysis of the Gaussian distribution",
    section 2), and causal. A speaker's profile is speech heard earlier.

    The level has no prior and no part in the profile: it tells how near and how sensitive the microphone is right now.
    So the same speech at another gain looks the same.
    """

    mean: tuple[float, ...] = ()
    """Of the training corpus's speech, per feature."""
    deviation: tuple[float, ...] = ()
    """Within one speaker's speech, per feature."""
    prior_frames: float = 100.0
    """Frames of speech that the corpus's mean is worth."""
    speech_range_db: float = 30.0
    """A frame further than this below the loudest ones is a pause and is not counted."""

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.deviation):
            raise SernetError(f"{len(self.mean)} means and {len(self.deviation)} deviations do not belong together")
        if not (np.abs([*self.mean, *self.deviation]) < _LARGEST).all() or min(self.deviation, default=1.0) < 1e-6:
            raise SernetError("means and deviations must be finite, and a deviation above 0")
        if not (0 <= self.prior_frames < 1e9 and 0 < self.speech_range_db < _LARGEST):
            raise SernetError("prior frames must be 0 or more, and the range of speech above 0 dB")

    def hear(self, features: np.ndarray, levels: np.ndarray) -> Heard:
        """Statistics of the speech in a clip or window.

        Args:
            features: (frames, feature_count).
            levels: (frames,), mean log magnitude of each frame, in nepers.
        """
        speech = features[speech_frames(levels, self.speech_range_db)]
        return Heard(float(len(speech)), speech.sum(axis=0, dtype=np.float64))

    def apply(
        self, features: np.ndarray, heard: Heard, profile: Heard | None, gain_direction: np.ndarray
    ) -> np.ndarray:
        """Features as the network sees them: (frames, feature_count), float32.

        Args:
            features: (frames, feature_count).
            heard: all speech of the clip or stream up to now, these frames included.
            profile: speech of the same speaker heard earlier.
            gain_direction: (feature_count,), what a gain of 1 neper adds to a frame's features.
        """
        mean, deviation = self._arrays
        everything = heard if profile is None else profile + heard
        shift = _mean(everything, mean) - mean
        shape = shift - log_magnitude(shift, gain_direction) * gain_direction
        level = log_magnitude(_mean(heard if heard.frames else everything, mean) - mean, gain_direction)
        mean = mean + level * gain_direction + shape * _weight(everything.frames, self.prior_frames)
        return ((features - mean) / deviation).astype(np.float32)

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self.mean), np.array(self.deviation)

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Normalisation":
        """The opposite of `to_json`. Raises SernetError as `settings_from` does."""
        try:
            lists = {name: tuple(map(float, values[name])) for name in ("mean", "deviation") if name in values}
        except (TypeError, ValueError, OverflowError):
            raise SernetError("the normalisation has a mean or deviation that is no list of numbers") from None
        return settings_from(cls, {**values, **lists}, "normalisation")


def _mean(heard: Heard, otherwise: np.ndarray) -> np.ndarray:
    """Mean features of what was heard."""
    return heard.total / heard.frames if heard.frames else otherwise


def _weight(frames: float, prior: float) -> float:
    """Weight of what was heard, against a prior worth so many frames."""
    return frames / max(frames + prior, 1e-9)


def log_magnitude(features: np.ndarray, gain_direction: np.ndarray) -> np.ndarray:
    """Mean log magnitude of features (..., feature_count), in nepers: (...,). See `Normalisation.apply`."""
    return features @ gain_direction / (gain_direction @ gain_direction)


def speech_frames(levels: np.ndarray, range_db: float) -> np.ndarray:
    """Which frames are speech, not pauses: (frames,), bool.

    Args:
        levels: (frames,), log magnitudes in nepers.
        range_db: how far below the loudest frames (their 95th percentile) speech may lie.
    """
    if len(levels) == 0:
        return np.zeros(0, bool)
    return levels > percentile(levels, _LOUDEST_PERCENTILE) - range_db * NEPERS_PER_DB


def percentile(values: np.ndarray, percent: float) -> float:
    """numpy's percentile of values (any,), which costs more than the network's share of a block, and imports much."""
    ordered = np.sort(values)
    place = percent / 100 * (len(ordered) - 1)
    below = int(place)
    low, high = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    return low + (high - low) * (place - below)
