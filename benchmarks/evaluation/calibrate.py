"""Calibration and rejection threshold for every test speaker, chosen on other speakers; and those of a release.

For a test speaker they are chosen on the answers of `loso-inner`: other speakers, answered by the models that heard
neither them nor the test speaker. For a model that is released, trained on all speakers, they are chosen on all answers
of `loso`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sernet.benchmarks.evaluation.pooling import Pooled, pool
from sernet.benchmarks.evaluation.readings import READINGS
from sernet.benchmarks.evaluation.record import Record, settings
from sernet.export.measured import enrolment
from sernet.runtime.calibration import Calibration
from sernet.runtime.errors import SernetError
from sernet.training.calibration import (
    SMALLEST,
    calibration_of,
    logits_of,
    threshold_for_accuracy,
    threshold_for_coverage,
)
from sernet.training.protocols import PROTOCOLS

OUTER, INNER = PROTOCOLS["loso"], PROTOCOLS["loso-inner"]

CHOSEN_ON = {"int8": "int8"} | {
    name: "float"
    for name, reading in READINGS.items()
    if name != "int8" and not (reading.pruned or reading.live) and enrolment(name)[0] != "varied"
}
"""Readings that can be calibrated, and of which reading the choice is made: it is one for all places and speakers. What
all answers to a speaker have in common, as a bias, the readings `varied` have taken out."""

SMALLEST_PROBABILITY = {"float": SMALLEST, "int8": 1 / 512}
"""What a probability of 0 stands for in the records of a reading: int8 outputs are multiples of 1/256, and half of that
is what is rounded to 0."""

FALLBACK_COVERAGE = 0.5
"""Share of clips to answer where no threshold reaches the accuracy that is asked for."""


@dataclass(frozen=True)
class Choice:
    """A calibration and a threshold."""

    calibration: Calibration
    threshold: float
    """A calibrated answer of lower confidence is uncertain."""
    reached: bool
    """Whether the answers that it was chosen on reach the accuracy asked for; else they reach `FALLBACK_COVERAGE`."""


@dataclass(frozen=True)
class FoldChoice:
    """What was chosen for one test speaker."""

    speaker: str
    chosen_on: tuple[str, ...]
    """The speakers whose answers it was chosen on."""
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
    """Whether every speaker was a test speaker, and chosen on."""
    notes: tuple[str, ...]
    """What a reader must know: seeds that lack, folds that do not reach the accuracy."""

    @property
    def answers(self) -> np.ndarray:
        """(clips, seeds), class indices, after: a bias can change them."""
        return self.probabilities.argmax(axis=2)

    @property
    def after(self) -> Pooled:
        """The answers after calibration, as `before` has them."""
        return replace(self.before, probabilities=self.probabilities)

    @property
    def smallest(self) -> float:
        """What a probability of 0 stands for."""
        return SMALLEST_PROBABILITY[CHOSEN_ON[self.before.reading]]


def calibrate(outer: Sequence[Record], inner: Sequence[Record], reading: str, target_accuracy: float) -> Calibrated:
    """Choose on the records of `loso-inner`, apply to those of `loso`.

    Where `loso-inner` has all seeds of `loso`, each chooses for itself; else all of its seeds choose together.

    Raises:
        SernetError: the reading cannot be calibrated, records are missing, or they are of different studies.
    """
    if reading not in CHOSEN_ON:
        raise SernetError(f"the reading {reading} is not calibrated: use {', '.join(CHOSEN_ON)}")
    if not 0 < target_accuracy < 1:
        raise SernetError(f"the target accuracy must lie between 0 and 1, not {target_accuracy:g}")
    chosen_on, protocol = CHOSEN_ON[reading], PROTOCOLS["loso-enrolled" if READINGS[reading].enrolled else "loso"]
    before, clean, within = pool(outer, protocol, reading), pool(outer, OUTER, chosen_on), pool(inner, INNER, chosen_on)
    _require_one_study(outer[0], inner[0])
    if missing := sorted(set(before.folds) - set(within.folds)):
        raise SernetError(
            f"nothing is there to choose on for {', '.join(missing)}: `sernet evaluate --protocol loso-inner` into the "
            "same --out makes it"
        )
    folds = tuple(
        _fold_choice(speaker, _unheard(within, speaker), before.seeds, target_accuracy) for speaker in before.folds
    )
    choices = {fold.speaker: fold.choices for fold in folds}
    rows = [choices[str(speaker)] for speaker in before.speakers]
    probabilities = np.stack(
        [
            np.stack([choice.calibration.applied(one) for choice, one in zip(row, answer, strict=True)])
            for row, answer in zip(rows, before.probabilities, strict=True)
        ]
    )
    return Calibrated(
        before,
        probabilities,
        probabilities.max(axis=2) >= np.array([[choice.threshold for choice in row] for row in rows]),
        folds,
        choose(*_flat(clean.probabilities, clean.targets), SMALLEST_PROBABILITY[chosen_on], target_accuracy),
        target_accuracy,
        {speaker for fold in folds for speaker in fold.chosen_on} == set(before.folds),  # the circle is closed
        tuple(_notes(before, within, folds, target_accuracy)),
    )


def choose(probabilities: np.ndarray, targets: np.ndarray, smallest: float, target_accuracy: float) -> Choice:
    """The calibration (`calibration_of`), and the threshold that then gives most answers.

    Args:
        probabilities: (clips, classes).
        targets: (clips,), class indices.
        smallest: what a probability of 0 stands for.
        target_accuracy: that the given answers must reach; if none do, half of the clips are answered.
    """
    calibration = calibration_of(logits_of(probabilities, smallest), targets)
    calibrated = calibration.applied(probabilities)
    confidence, correct = calibrated.max(axis=1), calibrated.argmax(axis=1) == targets
    reached = True
    try:
        least = threshold_for_accuracy(confidence, correct, target_accuracy)
    except SernetError:
        reached, least = False, threshold_for_coverage(confidence, FALLBACK_COVERAGE)
    # halfway to the next answer: records are rounded, and a device must not reject what was accepted here
    below = confidence[confidence < least].max(initial=1 / probabilities.shape[1])
    return Choice(calibration, float(least + below) / 2, reached)


def _unheard(within: Pooled, speaker: str) -> Pooled:
    """The answers to other speakers by those models of `loso-inner` that did not hear this one.

    They are those of the fold that is named after the speaker, and of those that answer the speaker.
    """
    models = [name.partition(": ")[0] for name in within.clips]
    unheard = {model for model, answered in zip(models, within.speakers, strict=True) if speaker in (model, answered)}
    kept = [
        place
        for place, (model, answered) in enumerate(zip(models, within.speakers, strict=True))
        if model in unheard and answered != speaker
    ]
    return replace(
        within,
        clips=tuple(within.clips[place] for place in kept),
        speakers=tuple(within.speakers[place] for place in kept),
        targets=within.targets[kept],
        probabilities=within.probabilities[kept],
    )


def _fold_choice(speaker: str, within: Pooled, seeds: Sequence[int], target_accuracy: float) -> FoldChoice:
    """What the answers of `loso-inner` make for each of the seeds."""
    smallest, chosen_on = SMALLEST_PROBABILITY[within.reading], tuple(sorted(set(map(str, within.speakers))))
    if set(seeds) <= set(within.seeds):
        columns = [within.probabilities[:, within.seeds.index(seed)] for seed in seeds]
        choices = tuple(choose(column, within.targets, smallest, target_accuracy) for column in columns)
    else:
        choices = (choose(*_flat(within.probabilities, within.targets), smallest, target_accuracy),) * len(seeds)
    return FoldChoice(speaker, chosen_on, choices)


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
