"""What a calibration leaves behind: its Result, its plot, and the tables it prints."""

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sernet.benchmarks.evaluation.calibrate import INNER, OUTER, Calibrated, Choice, calibrate
from sernet.benchmarks.evaluation.calibration_plot import draw_calibration
from sernet.benchmarks.evaluation.figures import ANSWER_METRICS, coverage_curve, pooled_value
from sernet.benchmarks.evaluation.pooling import load_records
from sernet.benchmarks.tables import Table, percent
from sernet.training.calibration import logits_of, negative_log_likelihood
from sernet.training.comparison import paired_difference
from sernet.training.metrics import class_recall, expected_calibration_error, unweighted_accuracy
from sernet.training.protocols import CALIBRATED, CALIBRATION_SUMMARY
from sernet.training.result import Result

CURVE_POINTS = 100
"""Points of accuracy against coverage that are kept."""

_REJECTED = -1


def write_calibration(
    folder: Path, reading: str, target_accuracy: float, seeds: Sequence[int] = (), folds: Sequence[str] = ()
) -> dict[str, Any]:
    """Calibrate the records below `folder`; write ``loso-calibrated-READING.json`` and, below ``figures``, its plot.

    Readings that know their speaker go to ``loso-enrolled-calibrated-READING.json``.

    Args:
        folder: of results, with records of `loso` and `loso-inner`.
        reading: float or int8.
        target_accuracy: that answers must reach to be given.
        seeds, folds: only these; all when empty. Where the folds are not all, they are part of the name.

    Returns:
        The Result document, with its own ``path``.

    Raises:
        SernetError: as `calibrate` does.
    """
    outer, inner = (load_records(folder, protocol.family, seeds, folds) for protocol in (OUTER, INNER))
    calibrated = calibrate(outer, inner, reading, target_accuracy)
    name = f"{CALIBRATED[calibrated.before.protocol.name]}-{reading}"
    if not calibrated.complete:
        name += f"-folds-{'-'.join(calibrated.before.folds)}"
    result, path = calibration_result(calibrated), folder / f"{name}.json"
    result.save(path)
    content = result.to_json()
    draw_calibration(folder / "figures" / name, calibrated, content)
    return content | {"path": str(path)}


def calibration_result(calibrated: Calibrated) -> Result:
    """Every figure of a calibration, each with its 95 % interval over speakers, as means over the seeds."""
    before, after, smallest = calibrated.before, calibrated.probabilities, calibrated.smallest
    given = np.where(calibrated.answered, calibrated.answers, _REJECTED)

    def likelihood(targets: np.ndarray, probabilities: np.ndarray) -> float:
        return negative_log_likelihood(logits_of(probabilities, smallest), targets)

    values = [pooled_value(name, metric, before, calibrated.answers) for name, metric in ANSWER_METRICS.items()]
    values += [
        _ua_gained(calibrated),
        pooled_value("ECE before", expected_calibration_error, before, before.probabilities),
        pooled_value("ECE after", expected_calibration_error, before, after),
        pooled_value("NLL before", likelihood, before, before.probabilities),
        pooled_value("NLL after", likelihood, before, after),
        pooled_value("coverage", lambda _, answers: float(np.mean(answers != _REJECTED)), before, given),
    ]
    if calibrated.answered.any():
        values.append(pooled_value("WA of the answered", _answered_accuracy, before, given))
    for index, label in enumerate(before.labels):
        recall = partial(class_recall, label=index)
        if index in before.targets:
            values.append({"label": label} | pooled_value("recall", recall, before, calibrated.answers))
    return Result(
        what="calibration",
        subject=before.subject,
        protocol=CALIBRATED[before.protocol.name],
        corpus=before.corpus,
        n=len(before.clips),
        seed=before.seeds[0],
        values=values,
        details={
            "protocol": f"{before.protocol.summary}; {CALIBRATION_SUMMARY}",
            "reading": before.reading,
            "note": before.note,
            "epochs": before.epochs,
            "folds": list(before.folds),
            "all_folds": calibrated.complete,
            "seeds": list(before.seeds),
            "labels": list(before.labels),
            "target_accuracy": calibrated.target_accuracy,
            "notes": list(calibrated.notes),
            "speakers": _speakers(calibrated, given),
            "curve": coverage_curve(calibrated.after, CURVE_POINTS),
            "release": _plain(calibrated.release) | {"chosen_on": "all answers of loso"},
        },
    )


def calibration_tables(result: dict[str, Any]) -> tuple[Table, ...]:
    """Figures, what was chosen for each speaker, and what a model trained on all speakers gets; from the Result."""
    values, details = result["values"], result["details"]
    release, target = details["release"], f"{details['target_accuracy']:.0%}"
    figures = tuple((_named(item), _shown(item)) for item in values)
    rows = tuple(
        (
            entry["speaker"],
            ", ".join(entry["chosen_on"]),
            *(", ".join(f"{choice[name]:.2f}" for choice in entry["choices"]) for name in ("temperature", "threshold")),
            percent({"value": entry["coverage"]}),
            "-" if entry["WA of the answered"] is None else percent({"value": entry["WA of the answered"]}),
        )
        for entry in details["speakers"]
    )
    columns = ("speaker", "chosen on", "temperature", "uncertain below", "coverage, %", "WA of the answered, %")
    unit = f"% (gained: points, NLL: nats) [95 % interval over {values[0]['resampled']}]"
    reached = (
        f"answers of {target} accuracy" if release["reached"] else f"half of the answers: {target} was not reached"
    )
    chosen = (release["chosen_on"], f"{release['temperature']:.3f}", f"{release['threshold']:.3f}", reached)
    biases = tuple((label, f"{bias:+.2f}") for label, bias in zip(details["labels"], release["bias"], strict=True))
    return (
        Table("Figures", ("figure", unit), figures),
        Table("Speakers", columns, rows),
        Table("A release, trained on all speakers", (*columns[1:4], "gives"), (chosen,)),
        Table("Its biases", ("class", "bias, nats"), biases),
    )


def _ua_gained(calibrated: Calibrated) -> dict[str, Any]:
    """UA after minus UA before, in pairs."""
    before = calibrated.before
    gained = paired_difference(unweighted_accuracy, before.targets, before.answers, calibrated.answers, before.speakers)
    return gained.figure("UA gained")


def _answered_accuracy(targets: np.ndarray, given: np.ndarray) -> float:
    answered = given != _REJECTED
    return float(np.mean(given[answered] == targets[answered])) if answered.any() else float("nan")


def _speakers(calibrated: Calibrated, given: np.ndarray) -> list[dict[str, Any]]:
    """For each test speaker, what was chosen and what it does; seeds are counted together."""
    before, entries = calibrated.before, []
    for fold in calibrated.folds:
        clips = np.array([speaker == fold.speaker for speaker in before.speakers])
        targets = np.repeat(before.targets[clips], len(before.seeds))
        answered = calibrated.answered[clips]
        entries.append(
            {
                "speaker": fold.speaker,
                "chosen_on": list(fold.chosen_on),
                "n": int(clips.sum()),
                "choices": [_plain(choice) for choice in fold.choices],
                "coverage": float(answered.mean()),
                "WA of the answered": _answered_accuracy(targets, given[clips].ravel()) if answered.any() else None,
            }
        )
    return entries


def _plain(choice: Choice) -> dict[str, Any]:
    """A choice in one level: temperature, bias, threshold, reached."""
    values = dataclasses.asdict(choice)
    return values.pop("calibration") | values


def _named(item: dict[str, Any]) -> str:
    return f"{item['metric']} of {item['label']}" if "label" in item else item["metric"]


def _shown(item: dict[str, Any]) -> str:
    if "NLL" in item["metric"]:
        return f"{item['value']:.3f} [{item['low']:.3f}, {item['high']:.3f}]"
    return percent(item, signed=item["metric"] == "UA gained")
