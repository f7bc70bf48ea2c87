"""Figures of a run: confusion matrices and learning curves, each as PNG and PDF."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay

from sernet.training.atomic import atomic_path

matplotlib.rcParams["text.parse_math"] = False  # a label may hold any character: it is a name, not a formula


def draw_confusion(
    path: Path, matrix: np.ndarray, labels: Sequence[str], title: str, *, normalised: bool = False
) -> None:
    """Draw clips by true class (rows) and answer (columns); normalised, each row is shares of its class."""
    shown = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1) if normalised else matrix
    figure = Figure(figsize=(7, 6.5), layout="constrained")
    axes = figure.subplots()
    display = ConfusionMatrixDisplay(shown, display_labels=labels)
    display.plot(ax=axes, cmap="Blues", values_format=".2f" if normalised else "d", xticks_rotation=45)
    display.im_.set_clim(0, 1 if normalised else None)
    axes.set(title=title, xlabel="answer", ylabel="true emotion")
    axes.title.set_fontsize(9)
    save_figure(figure, path)


def draw_history(path: Path, history: Sequence[dict[str, Any]], title: str) -> None:
    """Draw loss and accuracy of every epoch, on the training and the validation clips."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    epochs = range(1, len(history) + 1)
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axes.plot(epochs, [entry[name] for entry in history], label="training")
        if f"val_{name}" in history[0]:
            axes.plot(epochs, [entry[f"val_{name}"] for entry in history], label="validation")
        axes.set(xlabel="epoch", ylabel=name, ylim=(0, 1) if name == "accuracy" else (0, None))
        axes.grid(alpha=0.3)
        axes.legend()
    figure.suptitle(title, fontsize=10)
    save_figure(figure, path)


def save_figure(figure: Figure, path: Path) -> None:
    """Write `path` with the suffixes .png and .pdf."""
    for suffix in (".png", ".pdf"):
        with atomic_path(path.with_suffix(suffix)) as temporary:
            figure.savefig(temporary, dpi=150)
