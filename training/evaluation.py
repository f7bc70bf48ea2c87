"""The measurement that ends a run: the test clips, answered once, and every figure that is made of the answers."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import classification_report

from sernet.runtime.normalisation import Heard
from sernet.training import metrics, plots
from sernet.training.atomic import write_text
from sernet.training.clip import Clip
from sernet.training.network_inputs import network_inputs
from sernet.training.result import Result
from sernet.training.run import Run

BATCH = 32
"""Most clips that are answered at once."""


def predict(
    run: Run,
    clips: Sequence[Clip],
    *,
    condition: str | None = None,
    profiles: Sequence[Heard | None] | None = None,
) -> np.ndarray:
    """Probabilities of the trained Keras model: (clips, classes), float32.

    Args:
        run: a trained run.
        clips, condition, profiles: as of `network_inputs`.
    """
    seconds = run.config.input_duration
    return answers_to(run, network_inputs(clips, run.front_end, seconds, condition=condition, profiles=profiles))


def answers_to(run: Run, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Probabilities of the trained Keras model for inputs (frames, feature_count) of any lengths: (clips, classes)."""
    by_length = defaultdict(list)
    for index, one in enumerate(inputs):
        by_length[len(one)].append(index)
    probabilities = np.empty((len(inputs), len(run.labels)), np.float32)
    for indices in by_length.values():
        for start in range(0, len(indices), BATCH):
            chosen = indices[start : start + BATCH]
            batch = np.stack([inputs[index] for index in chosen])[..., None]
            # not predict(): it would set up a data pipeline, twenty times as long as the answer takes
            probabilities[chosen] = run.any_length_model.predict_on_batch(batch)
    return probabilities


def accuracy_values(run: Run, clips: Sequence[Clip], probabilities: np.ndarray) -> list[dict[str, Any]]:
    """UA, WA and weighted F1 with 95 % intervals, and the calibration error, of (clips, classes) probabilities."""
    targets, predictions = np.array(run.targets(clips)), probabilities.argmax(axis=1)
    speakers = [clip.speaker for clip in clips]
    values = []
    for name, metric in (
        ("UA", metrics.unweighted_accuracy),
        ("WA", metrics.weighted_accuracy),
        ("weighted F1", metrics.weighted_f1),
    ):
        interval = metrics.bootstrap_interval(metric, targets, predictions, speakers, seed=run.config.seed)
        values.append(interval.figure(name))
    return [*values, {"metric": "ECE", "value": metrics.expected_calibration_error(targets, probabilities)}]


def protocol(run: Run) -> str:
    """How test and training were kept apart, in a few words."""
    if run.config.split == "random":
        return "random hold-out (speakers leak)"
    if run.config.split == "all":
        return "nothing held out"
    speakers = sorted({str(clip.speaker) for clip in run.split.test})
    return f"speaker hold-out ({', '.join(speakers)})"


def evaluate_run(run: Run, history: list[dict[str, Any]]) -> Result:
    """Measure the test clips once; write report, confusion matrices and learning curves, and last ``result.json``.

    Where nothing was held out, there is nothing to measure: the result says so, and holds no values.
    """
    write_text(run.folder / "history.json", json.dumps(history, indent=1) + "\n")
    plots.draw_history(run.folder / "history", history, run.corpus["title"])
    result = Result(
        what="training",
        subject=run.folder.name,
        protocol=protocol(run),
        corpus=run.corpus["title"],
        n=len(run.split.test),
        seed=run.config.seed,
        values=[],
        details={
            "labels": list(run.labels),
            "epochs": len(history),
            "kept_epoch": kept_epoch(run, history),
            "config": run.config.to_json(),
            "corpus": run.corpus,
            "clips": {name: len(side) for name, side in run.split.sides.items()},
            "shared_speakers": list(run.split.shared_speakers),
        },
    )
    if run.split.test:
        _measure(run, result)
    result.save(run.folder / "result.json")
    return result


def _measure(run: Run, result: Result) -> None:
    """Answer the test clips, put the figures into the result, and write report and confusion matrices."""
    clips = run.split.test
    probabilities = predict(run, clips)
    targets, predictions = np.array(run.targets(clips)), probabilities.argmax(axis=1)
    matrix = metrics.confusion(targets, predictions, len(run.labels))
    result.values.extend(accuracy_values(run, clips, probabilities))
    result.details["confusion"] = matrix.tolist()
    title = f"{run.corpus['title']}: {protocol(run)}, n = {len(clips)}"
    if run.corpus["note"]:
        title = f"{title} [{run.corpus['note']}]"
    report = classification_report(
        targets, predictions, labels=range(len(run.labels)), target_names=list(run.labels), digits=4, zero_division=0
    )
    write_text(run.folder / "classification_report.txt", f"{title}\n\n{report}")
    plots.draw_confusion(run.folder / "confusion_matrix", matrix, run.labels, title)
    plots.draw_confusion(run.folder / "confusion_matrix_normalised", matrix, run.labels, title, normalised=True)


def kept_epoch(run: Run, history: list[dict[str, Any]]) -> int:
    """Which epoch's weights the model holds, counted from 1."""
    if run.config.keep == "last":
        return len(history)
    return 1 + int(np.argmax([entry["val_accuracy"] for entry in history]))
