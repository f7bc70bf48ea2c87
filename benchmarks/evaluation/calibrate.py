"""Temperature and rejection threshold for every test speaker, chosen on another speaker; and those of a release.

For a test speaker they are chosen on the answers of `loso-inner`: a speaker answered by a model that heard neither of
the two. For a model that is released, trained on all speakers, they are chosen on all answers of `loso`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sernet.benchmarks.evaluation.pooling import Pooled, pool
from sernet.benchmarks.evaluation.record import Record, settings
from sernet.runtime.errors import SernetError
from sernet.training.calibration import (
    SMALLEST,
    logits_of,
    temperature_of,
    threshold_for_accuracy,
    threshold_for_coverage,
)
from sernet.training.protocols import PROTOCOLS

OUTER, INNER = PROTOCOLS["loso"], PROTOCOLS["loso-inner"]

SMALLEST_PROBABILITY = {"float": SMALLEST, "int8": 1 / 512}
"""Readings that can be calibrated, and what a probability of 0 stands for in their records: int8 outputs are multiples
of 1/256, and half of that is what is rounded to 0."""

FALLBACK_COVERAGE = 0.5
"""Share of clips to answer where no threshold reaches the accuracy that is asked for."""


@dataclass(frozen=True)
class Choice:
    """A temperature and a threshold."""

    temperature: float
    threshold: float
    """A calibrated answer of lower confidence is uncertain."""
    reached: bool
    """Whether the answers that it was chosen on reach the accuracy asked for; else they reach `FALLBACK_COVERAGE`."""


@dataclass(frozen=True)
class FoldChoice:
    """What was chosen for one test speaker."""

    speaker: str
    chosen_on: str
    """The speaker whose answers it was chosen on."""
    choices: tuple[Choice, ...]
    """One for each seed."""


@dataclass(frozen=True)
class Calibrated:
    """The answers of `loso` before and after calibration, and how it was chosen."""

    before: Pooled
    probabilities: np.ndarray
    """(clips, seeds, classes), after."""
    answered: np.ndarray
    """(clips, seeds), bool: whether the answer is sure enough to be given."""
    folds: tuple[FoldChoice, ...]
    release: Choice
    target_accuracy: float
    complete: bool
    """Whether every speaker was a test speaker and chosen on once."""
    notes: tuple[str, ...]
    """What a reader must know: seeds that lack, folds that do not reach the accuracy."""

    @property
    def smallest(self) -> float:
        """What a probability of 0 stands for."""
        return SMALLEST_PROBABILITY[self.before.reading]


def calibrate(outer: Sequence[Record], inner: Sequence[Record], reading: str, target_accuracy: float) -> Calibrated:
    """Choose on the records of `loso-inner`, apply to those of `loso`.

    Where `loso-inner` has all seeds of `loso`, each chooses for itself; else all of its seeds choose together.

    Raises:
        SernetError: the reading cannot be calibrated, records are missing, or they are of different studies.
    """
    if reading not in SMALLEST_PROBABILITY:
        raise SernetError(f"the reading {reading} is not calibrated: use {' or '.join(SMALLEST_PROBABILITY)}")
    if not 0 < target_accuracy < 1:
        raise SernetError(f"the target accuracy must lie between 0 and 1, not {target_accuracy:g}")
    before, within = pool(outer, OUTER, reading), pool(inner, INNER, reading)
    _require_one_study(outer[0], inner[0])
    chosen_on = {record["fold"]: record["clips"]["speaker"][0] for record in inner}
    if missing := sorted(set(before.folds) - set(chosen_on)):
        raise SernetError(
            f"nothing is there to choose on for {', '.join(missing)}: `sernet evaluate --protocol loso-inner` into the "
            "same --out makes it"
        )
    folds = tuple(
        FoldChoice(speaker, chosen_on[speaker], _choices(within, chosen_on[speaker], before.seeds, target_accuracy))
        for speaker in before.folds
    )
    choices = {fold.speaker: fold.choices for fold in folds}
    of_clip = [choices[str(speaker)] for speaker in before.speakers]
    temperatures = np.array([[choice.temperature for choice in row] for row in of_clip])
    thresholds = np.array([[choice.threshold for choice in row] for row in of_clip])
    probabilities = with_device_temperature(before.probabilities, temperatures[:, :, None])
    return Calibrated(
        before,
        probabilities,
        probabilities.max(axis=2) >= thresholds,
        folds,
        choose(*_flat(before.probabilities, before.targets), SMALLEST_PROBABILITY[reading], target_accuracy),
        target_accuracy,
        {chosen_on[speaker] for speaker in before.folds} == set(before.folds),  # the circle of speakers is closed
        tuple(_notes(before, within, folds, target_accuracy)),
    )


def choose(probabilities: np.ndarray, targets: np.ndarray, smallest: float, target_accuracy: float) -> Choice:
    """The temperature of least negative log-likelihood, and the threshold that then gives most answers.

    Args:
        probabilities: (clips, classes).
        targets: (clips,), class indices.
        smallest: what a probability of 0 stands for.
        target_accuracy: that the given answers must reach; if none do, half of the clips are answered.
    """
    temperature = temperature_of(logits_of(probabilities, smallest), targets)
    calibrated = with_device_temperature(probabilities, temperature)
    confidence, correct = calibrated.max(axis=1), calibrated.argmax(axis=1) == targets
    reached = True
    try:
        least = threshold_for_accuracy(confidence, correct, target_accuracy)
    except SernetError:
        reached, least = False, threshold_for_coverage(confidence, FALLBACK_COVERAGE)
    # halfway to the next answer: records are rounded, and a device must not reject what was accepted here
    below = confidence[confidence < least].max(initial=1 / probabilities.shape[1])
    return Choice(temperature, float(least + below) / 2, reached)


def with_device_temperature(probabilities: np.ndarray, temperature: float | np.ndarray) -> np.ndarray:
    """Probabilities (..., classes) with a temperature as a device applies it: to probabilities, and 0 stays 0."""
    raised = probabilities ** (1 / np.asarray(temperature))
    return raised / raised.sum(axis=-1, keepdims=True)


def _choices(within: Pooled, speaker: str, seeds: Sequence[int], target_accuracy: float) -> tuple[Choice, ...]:
    """What the speaker's answers make for each of the seeds."""
    clips = np.array([each == speaker for each in within.speakers])
    smallest, targets = SMALLEST_PROBABILITY[within.reading], within.targets[clips]
    if not set(seeds) <= set(within.seeds):
        return (choose(*_flat(within.probabilities[clips], targets), smallest, target_accuracy),) * len(seeds)
    columns = [within.probabilities[clips, within.seeds.index(seed)] for seed in seeds]
    return tuple(choose(column, targets, smallest, target_accuracy) for column in columns)


def _flat(probabilities: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Answers of all seeds as if they were clips: (clips * seeds, classes) and (clips * seeds,)."""
    return probabilities.reshape(-1, probabilities.shape[2]), np.repeat(targets, probabilities.shape[1])


def _require_one_study(outer: Record, inner: Record) -> None:
    for name in ("subject", "corpus", "labels"):
        if outer[name] != inner[name]:
            raise SernetError(f"loso and loso-inner are of different studies (another {name}): evaluate both again")
    if differing := [name for name, value in _shared(outer).items() if value != _shared(inner)[name]]:
        raise SernetError(f"loso and loso-inner were trained with another {', '.join(differing)}: evaluate both again")


def _shared(record: Record) -> dict[str, Any]:
    return settings(record["config"]) | {"seed": None, "keep": None}


def _notes(before: Pooled, within: Pooled, folds: Sequence[FoldChoice], target_accuracy: float) -> list[str]:
    notes = []
    if not set(before.seeds) <= set(within.seeds):
        notes.append(
            f"loso-inner has the seeds {_listed(within.seeds)}, loso {_listed(before.seeds)}: those of loso-inner "
            "choose together, for every seed"
        )
    if short := [fold.speaker for fold in folds if not all(choice.reached for choice in fold.choices)]:
        notes.append(
            f"the answers that the thresholds of {', '.join(short)} are chosen on do not reach an accuracy of "
            f"{target_accuracy:.0%}: there, {FALLBACK_COVERAGE:.0%} of them are answered"
        )
    return notes


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))
