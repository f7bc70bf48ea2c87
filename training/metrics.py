"""What is measured of an answer: unweighted and weighted accuracy, F1, calibration, and how sure we may be of them.

The bootstrap asks for each figure a thousand times, so they are counted with numpy; scikit-learn, which takes a hundred
times as long, is the oracle in the tests.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MIN_SPEAKERS_FOR_BOOTSTRAP = 5
"""Below this, resampling speakers says nothing; clips are resampled instead, and the result says so."""

Metric = Callable[[np.ndarray, np.ndarray], float]
"""Of targets (clips,) and answers (clips, ...)."""


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float
    unit: str
    """What was resampled: speakers or clips."""

    def figure(self, metric: str) -> dict[str, Any]:
        """As an entry of a Result's values: metric, value, low, high, resampled."""
        return {
            "metric": metric,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "resampled": self.unit,
        }


def confusion(targets: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """Clips by true class (rows) and answer (columns): (classes, classes), int."""
    return np.bincount(targets * classes + predictions, minlength=classes * classes).reshape(classes, classes)


def unweighted_accuracy(targets: np.ndarray, predictions: np.ndarray) -> float:
    """UA, also UAR: the mean recall over the classes that occur in `targets` (clips,) of class indices."""
    counts = _confusion_of(targets, predictions)
    clips = counts.sum(axis=1)
    return float(np.mean(counts.diagonal()[clips > 0] / clips[clips > 0]))


def weighted_accuracy(targets: np.ndarray, predictions: np.ndarray) -> float:
    """WA: the share of clips answered correctly."""
    return float(np.mean(targets == predictions))


def weighted_f1(targets: np.ndarray, predictions: np.ndarray) -> float:
    """F1 of each class, averaged by its number of clips."""
    counts = _confusion_of(targets, predictions)
    clips, answers = counts.sum(axis=1), counts.sum(axis=0)
    f1 = 2 * counts.diagonal() / np.maximum(clips + answers, 1)
    return float(np.average(f1, weights=clips))


def class_recall(targets: np.ndarray, predictions: np.ndarray, label: int) -> float:
    """Share of a class's clips that are answered correctly; not a number when it has none."""
    clips = targets == label
    return float(np.mean(predictions[clips] == label)) if clips.any() else float("nan")


def over_seeds(metric: Metric) -> Metric:
    """The metric's mean over the seeds of answers (clips, seeds, ...)."""

    def mean(targets: np.ndarray, answers: np.ndarray) -> float:
        return float(np.mean([metric(targets, answers[:, seed]) for seed in range(answers.shape[1])]))

    return mean


def expected_calibration_error(targets: np.ndarray, probabilities: np.ndarray, bins: int = 15) -> float:
    """ECE: how far confidence and accuracy lie apart, averaged over equally wide bins of confidence (Guo et al., 2017).

    Args:
        targets: (clips,), class indices.
        probabilities: (clips, classes).
        bins: number of bins.
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == targets
    bin_of_clip = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of_clip, correct - confidence)  # of means, times the bin's clips
    return float(np.abs(gaps).sum() / len(targets))


def bootstrap_interval(
    metric: Metric,
    targets: np.ndarray,
    predictions: np.ndarray,
    speakers: Sequence[str | None],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """A metric with its 95 % percentile interval, resampling whole speakers (clips when there are too few of them).

    Args:
        metric: of targets and predictions.
        targets: (clips,), class indices.
        predictions: (clips, ...), what the metric takes: class indices, or probabilities.
        speakers: (clips,), who speaks each clip.
    """
    names = sorted({str(speaker) for speaker in speakers})
    by_speaker = len(names) >= MIN_SPEAKERS_FOR_BOOTSTRAP
    units = [np.flatnonzero([str(s) == name for s in speakers]) for name in names] if by_speaker else None
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(resamples):
        if units is not None:
            chosen = np.concatenate([units[i] for i in generator.integers(len(units), size=len(units))])
        else:
            chosen = generator.integers(len(targets), size=len(targets))
        values.append(metric(targets[chosen], predictions[chosen]))
    low, high = np.nanpercentile(values, [2.5, 97.5])  # a class may be absent from a resample
    return Interval(metric(targets, predictions), float(low), float(high), "speakers" if by_speaker else "clips")


def _confusion_of(targets: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    return confusion(targets, predictions, 1 + int(max(targets.max(), predictions.max())))
