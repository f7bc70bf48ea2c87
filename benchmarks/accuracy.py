"""How well a variant answers the held-out clips, and how far that is from the Keras model it was made of."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sernet.benchmarks.variant import Variant
from sernet.training.clip import Clip
from sernet.training.evaluation import accuracy_values
from sernet.training.metrics import bootstrap_interval, confusion, unweighted_accuracy
from sernet.training.run import Run


def variant_probabilities(variant: Variant, clips: Sequence[Clip]) -> np.ndarray:
    """The variant's answers as a device gives them: (clips, classes), float32."""
    network = variant.network()
    return np.stack([network.probabilities(variant.network_input(clip)) for clip in clips])


def answer_values(run: Run, probabilities: np.ndarray, baseline: np.ndarray | None = None) -> list[dict[str, Any]]:
    """Accuracy on the run's test clips and, with a baseline, the difference to it.

    The interval of the difference resamples clips (speakers) together with both answers, so that what is hard for both
    does not widen it.

    Args:
        run: whose test clips were answered.
        probabilities: (clips, classes).
        baseline: (clips, classes), Keras's.
    """
    clips = run.split.test
    values = accuracy_values(run, clips, probabilities)
    if baseline is None:
        return values
    targets = np.array(run.targets(clips))
    answers = np.stack([probabilities.argmax(axis=1), baseline.argmax(axis=1)], axis=1)
    speakers = [clip.speaker for clip in clips]
    difference = bootstrap_interval(_gain, targets, answers, speakers, seed=run.config.seed)
    return [
        *values,
        {
            "metric": "UA difference",
            "value": difference.value,
            "low": difference.low,
            "high": difference.high,
            "resampled": difference.unit,
        },
        {"metric": "agreement with Keras", "value": float(np.mean(answers[:, 0] == answers[:, 1]))},
        {"metric": "worst probability difference", "value": float(np.abs(probabilities - baseline).max())},
    ]


def confusion_counts(run: Run, probabilities: np.ndarray) -> list[list[int]]:
    """Test clips by true class (rows) and answer (columns)."""
    targets = np.array(run.targets(run.split.test))
    return confusion(targets, probabilities.argmax(axis=1), len(run.labels)).tolist()


def _gain(targets: np.ndarray, answers: np.ndarray) -> float:
    return unweighted_accuracy(targets, answers[:, 0]) - unweighted_accuracy(targets, answers[:, 1])
