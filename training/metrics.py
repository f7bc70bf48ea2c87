"""What is measured of an answer: unweighted and weighted accuracy, F1, calibration, and how sure we may be of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

MIN_SPEAKERS_FOR_BOOTSTRAP = 5
"""Below this, resampling speakers says nothing; clips are resampled instead, and the result says so."""


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float
    unit: str
    """What was resampled: speakers or clips."""


def unweighted_accuracy(targets: np.ndarray, predictions: np.ndarray) -> float:
    """UA, also UAR: the mean recall over the classes that occur in `targets` (clips,) of class indices."""
    return float(recall_score(targets, predictions, labels=np.unique(targets), average="macro", zero_division=0))


def weighted_accuracy(targets: np.ndarray, predictions: np.ndarray) -> float:
    """WA: the share of clips answered correctly."""
    return float(accuracy_score(targets, predictions))


def weighted_f1(targets: np.ndarray, predictions: np.ndarray) -> float:
    """F1 of each class, averaged by its number of clips."""
    return float(f1_score(targets, predictions, average="weighted", zero_division=0))


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
    gaps = [
        abs(correct[inside].mean() - confidence[inside].mean()) * inside.mean()
        for inside in (bin_of_clip == index for index in range(bins))
        if inside.any()
    ]
    return float(sum(gaps))


def confusion(targets: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """Clips by true class (rows) and answer (columns): (classes, classes), int."""
    return confusion_matrix(targets, predictions, labels=range(classes))


def bootstrap_interval(
    metric: Callable[[np.ndarray, np.ndarray], float],
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
        targets, predictions: (clips,), class indices.
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
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(metric(targets, predictions), float(low), float(high), "speakers" if by_speaker else "clips")
