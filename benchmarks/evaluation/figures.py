"""Every figure of a pooled evaluation, as one Result document."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from sernet.benchmarks.evaluation.pooling import Pooled
from sernet.training import metrics
from sernet.training.calibration import area_under_risk_coverage, selection_curve
from sernet.training.metrics import Metric
from sernet.training.result import Result

ANSWER_METRICS: dict[str, Metric] = {
    "UA": metrics.unweighted_accuracy,
    "WA": metrics.weighted_accuracy,
    "weighted F1": metrics.weighted_f1,
}
"""Of targets and class indices."""

PROBABILITY_METRICS: dict[str, Metric] = {
    "ECE": metrics.expected_calibration_error,
    "AURC": lambda targets, probabilities: area_under_risk_coverage(
        probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    ),
}
"""Of targets and probabilities."""


def evaluation_result(pooled: Pooled, *, complete: bool) -> Result:
    """The Result of a protocol under one reading.

    Each value is the mean over the seeds of the pooled figure, with its 95 % interval (speakers are resampled, and each
    resample is averaged over the seeds), and over several seeds the standard deviation of the pooled figure.

    Args:
        pooled: the answers.
        complete: whether all folds of the protocol were answered.
    """
    values = [pooled_value(name, metric, pooled, pooled.answers) for name, metric in ANSWER_METRICS.items()]
    values += [pooled_value(name, metric, pooled, pooled.probabilities) for name, metric in PROBABILITY_METRICS.items()]
    for index, label in enumerate(pooled.labels):
        recall = partial(metrics.class_recall, label=index)
        if index in pooled.targets:
            values.append({"label": label} | pooled_value("recall", recall, pooled, pooled.answers))
    return Result(
        what="evaluation",
        subject=pooled.subject,
        protocol=pooled.protocol.name,
        corpus=pooled.corpus,
        n=len(pooled.clips),
        seed=pooled.seeds[0],
        values=values,
        details={
            "protocol": pooled.protocol.summary,
            "reading": pooled.reading,
            "note": pooled.note,
            "epochs": pooled.epochs,
            "folds": list(pooled.folds),
            "all_folds": complete,
            "seeds": list(pooled.seeds),
            "labels": list(pooled.labels),
            "confusion": confusion_over_seeds(pooled).tolist(),
            "speakers": speaker_figures(pooled),
        },
    )


def confusion_over_seeds(pooled: Pooled) -> np.ndarray:
    """Answers by true class (rows) and answer (columns), of all seeds: (classes, classes), int."""
    seeds = len(pooled.seeds)
    return metrics.confusion(np.repeat(pooled.targets, seeds), pooled.answers.ravel(), len(pooled.labels))


def pooled_value(name: str, metric: Metric, pooled: Pooled, answers: np.ndarray) -> dict[str, Any]:
    """A figure of answers (clips, seeds, ...): mean over the seeds and interval; of several also each."""
    interval = metrics.bootstrap_interval(metrics.over_seeds(metric), pooled.targets, answers, pooled.speakers)
    value = interval.figure(name)
    if len(pooled.seeds) > 1:
        each = [metric(pooled.targets, answers[:, seed]) for seed in range(len(pooled.seeds))]
        value |= {"deviation": float(np.std(each, ddof=1)), "seeds": each}
    return value


def speaker_figures(pooled: Pooled) -> list[dict[str, Any]]:
    """UA and WA of each speaker, means over the seeds; clips without a speaker are one, ``unknown``."""
    names = np.array([speaker or "unknown" for speaker in pooled.speakers])
    return [
        {
            "speaker": str(name),
            "n": int((names == name).sum()),
            "UA": _mean(metrics.unweighted_accuracy, pooled, names == name),
            "WA": _mean(metrics.weighted_accuracy, pooled, names == name),
        }
        for name in np.unique(names)
    ]


def reliability(pooled: Pooled, bins: int) -> list[dict[str, Any]]:
    """Mean confidence, accuracy and number of answers of all seeds, in equally wide bins of confidence; none empty.

    A bin holds its upper bound, as in scikit-learn's `calibration_curve`.
    """
    confidence, correct = _confidence(pooled)
    bin_of_answer = np.searchsorted(np.arange(1, bins) / bins, confidence)
    chosen = [bin_of_answer == index for index in np.unique(bin_of_answer)]
    return [
        {"confidence": float(confidence[one].mean()), "accuracy": float(correct[one].mean()), "n": int(one.sum())}
        for one in chosen
    ]


def coverage_curve(pooled: Pooled, points: int) -> list[dict[str, float]]:
    """Accuracy of the surest answers of all seeds against their share: at most so many points, evenly in coverage."""
    curve = selection_curve(*_confidence(pooled))
    wanted = np.arange(1, points + 1) / points
    chosen = np.unique(np.searchsorted(curve.coverage, wanted - 1e-9))
    columns = (curve.thresholds[chosen], curve.coverage[chosen], curve.accuracy[chosen])
    return [
        {"threshold": float(threshold), "coverage": float(coverage), "accuracy": float(accuracy)}
        for threshold, coverage, accuracy in zip(*columns, strict=True)
    ]


def _confidence(pooled: Pooled) -> tuple[np.ndarray, np.ndarray]:
    """Of all answers of all seeds, the probability and whether they are right: (clips * seeds,) each."""
    correct = pooled.answers == pooled.targets[:, None]
    return pooled.probabilities.max(axis=2).ravel(), correct.ravel()


def _mean(metric: Callable[[np.ndarray, np.ndarray], float], pooled: Pooled, clips: np.ndarray) -> float:
    return metrics.over_seeds(metric)(pooled.targets[clips], pooled.answers[clips])
