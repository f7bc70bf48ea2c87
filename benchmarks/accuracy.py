"""How a variant answers, and how far that is from the Keras model it was made of."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sernet.benchmarks.variant import Variant
from sernet.training.clip import Clip
from sernet.training.metrics import bootstrap_interval, confusion, unweighted_accuracy
from sernet.training.run import Run


def uncalibrated_probabilities(variant: Variant, clips: Sequence[Clip]) -> np.ndarray:
    """The answers of the variant's network, before the bundle's calibration: (clips, classes), float32."""
    network = variant.network()
    return np.stack([network.uncalibrated(variant.network_input(clip)) for clip in clips])


def likeness(probabilities: np.ndarray, baseline: np.ndarray) -> list[dict[str, Any]]:
    """How like Keras a variant answers the same clips: what the export checks, for which no label is needed.

    Args:
        probabilities: (clips, classes), uncalibrated, as Keras's are.
        baseline: (clips, classes), Keras's.
    """
    own = probabilities / probabilities.sum(axis=1, keepdims=True)
    return [
        {"metric": "agreement with Keras", "value": float(np.mean(own.argmax(axis=1) == baseline.argmax(axis=1)))},
        {"metric": "worst probability difference", "value": float(np.abs(own - baseline).max())},
    ]


def accuracy_gain(run: Run, probabilities: np.ndarray, baseline: np.ndarray) -> dict[str, Any]:
    """How much higher the UA on the run's test clips is than Keras's.

    The interval resamples clips (speakers) together with both answers, so that what is hard for both does not widen it.

    Args:
        run: whose test clips were answered.
        probabilities: (clips, classes), as a device gives them.
        baseline: (clips, classes), Keras's.
    """
    clips = run.split.test
    targets = np.array(run.targets(clips))
    answers = np.stack([probabilities.argmax(axis=1), baseline.argmax(axis=1)], axis=1)
    speakers = [clip.speaker for clip in clips]
    difference = bootstrap_interval(_gain, targets, answers, speakers, seed=run.config.seed)
    return difference.figure("UA difference")


def confusion_counts(run: Run, probabilities: np.ndarray) -> list[list[int]]:
    """Test clips by true class (rows) and answer (columns)."""
    targets = np.array(run.targets(run.split.test))
    return confusion(targets, probabilities.argmax(axis=1), len(run.labels)).tolist()


def _gain(targets: np.ndarray, answers: np.ndarray) -> float:
    return unweighted_accuracy(targets, answers[:, 0]) - unweighted_accuracy(targets, answers[:, 1])
