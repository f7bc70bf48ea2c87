"""Plots of a pooled evaluation: confusion matrix, speakers, reliability, and accuracy against coverage."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sernet.benchmarks.evaluation.figures import confusion_over_seeds
from sernet.benchmarks.evaluation.pooling import Pooled
from sernet.training.calibration import selection_curve
from sernet.training.plots import draw_confusion, save_figure

BINS = 15
"""Of confidence, as in the calibration error."""


def draw_evaluation(folder: Path, name: str, pooled: Pooled, result: dict[str, Any]) -> None:
    """Write ``NAME-confusion``, ``NAME-speakers`` and ``NAME-calibration`` below `folder`, each as PNG and PDF.

    Args:
        folder: made when it is missing.
        name: of the evaluation, for example ``loso-float``.
        pooled: the answers.
        result: the evaluation's Result document.
    """
    title = plot_title(result)
    matrix = confusion_over_seeds(pooled)
    draw_confusion(folder / f"{name}-confusion", matrix, pooled.labels, title, normalised=True)

    figure = Figure(figsize=(max(6.0, 0.45 * len(result["details"]["speakers"])), 3.8), layout="constrained")
    _speakers(figure.subplots(), result)
    figure.suptitle(title, fontsize=9)
    save_figure(figure, folder / f"{name}-speakers")

    figure = Figure(figsize=(9.5, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    confidence = pooled.probabilities.max(axis=2).ravel()
    correct = (pooled.answers == pooled.targets[:, None]).ravel()
    _reliability(left, confidence, correct)
    _coverage(right, confidence, correct)
    figure.suptitle(title, fontsize=9)
    save_figure(figure, folder / f"{name}-calibration")


def plot_title(result: dict[str, Any]) -> str:
    """Corpus, protocol, n and UA with its interval: what every plot says."""
    value = next(item for item in result["values"] if item["metric"] == "UA")
    details = result["details"]
    seeds = f", {len(details['seeds'])} seeds" if len(details["seeds"]) > 1 else ""
    note = f" [{details['note']}]" if details["note"] else ""
    part = "" if details["all_folds"] else f", folds {', '.join(details['folds'])} only"
    return (
        f"{result['corpus']}{note}\n{result['protocol']}{part}, {details['reading']}, n = {result['n']}{seeds}: UA "
        f"{100 * value['value']:.1f} % [{100 * value['low']:.1f}, {100 * value['high']:.1f}] over {value['resampled']}"
    )


def _speakers(axes: Axes, result: dict[str, Any]) -> None:
    speakers = result["details"]["speakers"]
    places = np.arange(len(speakers))
    for offset, metric in ((-0.2, "UA"), (0.2, "WA")):
        axes.bar(places + offset, [100 * entry[metric] for entry in speakers], width=0.4, label=metric)
    names = [f"{entry['speaker']}\n{entry['n']}" for entry in speakers]
    axes.set(xlabel="speaker, and number of clips", ylabel="%", ylim=(0, 100), xticks=places, xticklabels=names)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(loc="lower right")


def _reliability(axes: Axes, confidence: np.ndarray, correct: np.ndarray) -> None:
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    present = np.unique(bins)
    accuracy = [correct[bins == index].mean() for index in present]
    axes.bar((present + 0.5) / BINS, accuracy, width=0.9 / BINS, alpha=0.5, label="accuracy")
    axes.plot(
        [confidence[bins == index].mean() for index in present], accuracy, "o", markersize=4, label="mean confidence"
    )
    axes.plot([0, 1], [0, 1], "k--", linewidth=0.8, label="calibrated")
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1), title="reliability")
    axes.legend(loc="upper left", fontsize=8)


def _coverage(axes: Axes, confidence: np.ndarray, correct: np.ndarray) -> None:
    curve = selection_curve(confidence, correct)
    axes.plot(curve.coverage, curve.accuracy)
    axes.set(
        xlabel="coverage (share of clips answered)", ylabel="accuracy of the answers", xlim=(0, 1), ylim=(None, 1.01)
    )
    axes.set_title("accuracy against coverage")
    axes.grid(alpha=0.3)
