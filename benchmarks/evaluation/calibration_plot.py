"""The plot of a calibration: reliability before and after, and what is answered at which accuracy."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sernet.benchmarks.evaluation.calibrate import Calibrated
from sernet.benchmarks.evaluation.plots import BINS
from sernet.training.plots import save_figure


def draw_calibration(path: Path, calibrated: Calibrated, result: dict[str, Any]) -> None:
    """Write `path` as PNG and PDF.

    Args:
        path: without a suffix.
        calibrated: the answers.
        result: the calibration's Result document.
    """
    figure = Figure(figsize=(9.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    _reliability(left, calibrated, result)
    _coverage(right, result)
    details = result["details"]
    note = f" [{details['note']}]" if details["note"] else ""
    part = "" if details["all_folds"] else f", folds {', '.join(details['folds'])} only"
    seeds = f", {len(details['seeds'])} seeds" if len(details["seeds"]) > 1 else ""
    title = f"{result['corpus']}{note}\n{result['protocol']}{part}, {details['reading']}, n = {result['n']}{seeds}"
    figure.suptitle(title, fontsize=9)
    save_figure(figure, path)


def _reliability(axes: Axes, calibrated: Calibrated, result: dict[str, Any]) -> None:
    for name, probabilities in (("before", calibrated.before.probabilities), ("after", calibrated.probabilities)):
        confidence = probabilities.max(axis=2).ravel()
        correct = (probabilities.argmax(axis=2) == calibrated.before.targets[:, None]).ravel()
        bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
        present = np.unique(bins)
        error = 100 * _figure(result, f"ECE {name}")["value"]
        axes.plot(
            [confidence[bins == index].mean() for index in present],
            [correct[bins == index].mean() for index in present],
            "o-",
            markersize=4,
            label=f"{name}: ECE {error:.1f} %",
        )
    axes.plot([0, 1], [0, 1], "k--", linewidth=0.8)
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1.02), title="reliability")
    axes.legend(loc="upper left", fontsize=8)


def _coverage(axes: Axes, result: dict[str, Any]) -> None:
    """The curve of all answers, each speaker at the threshold chosen for it, and what comes out of all together."""
    details = result["details"]
    curve = details["curve"]
    axes.plot([point["coverage"] for point in curve], [point["accuracy"] for point in curve], label="one threshold")
    given = [entry for entry in details["speakers"] if entry["WA of the answered"] is not None]
    axes.plot(
        [entry["coverage"] for entry in given],
        [entry["WA of the answered"] for entry in given],
        "o",
        markersize=4,
        alpha=0.5,
        label="each speaker, as chosen on the next ones",
    )
    if given:
        x, y = _figure(result, "coverage"), _figure(result, "WA of the answered")
        axes.plot([x["low"], x["high"]], [y["value"]] * 2, "k", linewidth=1)
        axes.plot([x["value"]] * 2, [y["low"], y["high"]], "k", linewidth=1)
        axes.plot(x["value"], y["value"], "ks", label="all of them")
    axes.axhline(details["target_accuracy"], color="k", linestyle=":", linewidth=0.8)
    axes.set(xlabel="coverage (share of clips answered)", ylabel="accuracy of the answers", xlim=(0, 1.02))
    axes.set_title("accuracy against coverage")
    axes.set_ylim(top=1.02)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", fontsize=8)


def _figure(result: dict[str, Any], metric: str) -> dict[str, Any]:
    return next(item for item in result["values"] if item["metric"] == metric)
