"""Calibration: probabilities that mean what they say, and when to answer "uncertain".

All functions are pure. What they choose (a calibration, a threshold) must be chosen on speakers that are neither
trained on nor measured.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from sernet.runtime.calibration import Calibration
from sernet.runtime.errors import SernetError

TEMPERATURES = (0.02, 50.0)
"""Between these the temperature is looked for."""

BIAS_SPREAD = 0.3
"""How large a class's bias is expected to be (nats, a standard deviation): from few clips little is believed."""

SMALLEST = 1e-4
"""Probabilities below this count as this: rounded records hold zeros, whose logarithm is infinite."""


@dataclass(frozen=True)
class Selection:
    """How well the answers are that remain when the least confident are rejected."""

    thresholds: np.ndarray
    """(points,), falling: answers of at least this confidence are given."""
    coverage: np.ndarray
    """(points,), share of clips that are answered, rising to 1."""
    accuracy: np.ndarray
    """(points,), share of the given answers that are right."""


def logits_of(probabilities: np.ndarray, smallest: float = SMALLEST) -> np.ndarray:
    """Logits whose softmax the probabilities (clips, classes) are; those below `smallest` count as `smallest`.

    The floor makes very sure answers look less sure, and so the temperature lower: take it as low as the probabilities
    are exact (int8 outputs: 1/512).
    """
    return np.log(np.maximum(np.asarray(probabilities, np.float64), smallest))


def negative_log_likelihood(logits: np.ndarray, targets: np.ndarray) -> float:
    """Mean of ``-ln p(target)``, in nats."""
    scores = log_softmax(np.asarray(logits, np.float64), axis=1)
    return float(-scores[np.arange(len(targets)), targets].mean())


def calibration_of(logits: np.ndarray, targets: np.ndarray) -> Calibration:
    """The calibration for somebody whose emotions are equally frequent, which is how UA counts them.

    Temperature and biases are those of bias-corrected temperature scaling (Alexandari et al., ICML 2020): of highest
    likelihood, the biases with a normal prior of `BIAS_SPREAD`. How frequent the classes are among the clips is then
    divided out (one clip more of each class is counted, for one may be missing).

    Args:
        logits: (clips, classes); of probabilities, `logits_of` them.
        targets: (clips,), class indices.

    Raises:
        SernetError: there are no clips.
    """
    if not len(targets):
        raise SernetError("a calibration needs clips to be chosen on, and there are none")
    logits, classes = np.asarray(logits, np.float64), logits.shape[1]
    truth = np.eye(classes)[targets]

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        """Negative log posterior and gradient; convex in 1 / temperature and biases: the minimum is the only one."""
        inverse, bias = parameters[0], parameters[1:]
        scores = log_softmax(inverse * logits + bias, axis=1)
        excess = np.exp(scores) - truth
        value = -np.sum(scores * truth) + np.sum((bias / BIAS_SPREAD) ** 2) / 2
        return value, np.append(np.sum(excess * logits), excess.sum(axis=0) + bias / BIAS_SPREAD**2)

    bounds = [tuple(1 / t for t in reversed(TEMPERATURES)), *[(None, None)] * classes]
    found = minimize(loss, np.append(1.0, np.zeros(classes)), jac=True, bounds=bounds, method="L-BFGS-B").x
    frequencies = truth.sum(axis=0) + 1
    bias = found[1:] - np.log(frequencies / frequencies.sum())
    return Calibration(float(1 / found[0]), tuple((bias - bias.mean()).tolist()))


def selection_curve(confidence: np.ndarray, correct: np.ndarray) -> Selection:
    """Accuracy against coverage, one point for each confidence that occurs: equal ones stand or fall together.

    Args:
        confidence: (clips,), the probability of the answer.
        correct: (clips,), bool, whether the answer is right.
    """
    order = np.argsort(-confidence, kind="stable")
    confidence, correct = confidence[order], correct[order]
    last = np.flatnonzero(np.append(confidence[:-1] != confidence[1:], True))
    return Selection(confidence[last], (last + 1) / len(confidence), np.cumsum(correct)[last] / (last + 1))


def threshold_for_accuracy(confidence: np.ndarray, correct: np.ndarray, accuracy: float) -> float:
    """The confidence below which to reject, so that the given answers have at least this accuracy, at most coverage.

    Raises SernetError when no threshold reaches it.
    """
    curve = selection_curve(confidence, correct)
    reached = np.flatnonzero(curve.accuracy >= accuracy)
    if not len(reached):
        raise SernetError(
            f"no threshold gives an accuracy of {accuracy:.1%}: the best is {curve.accuracy.max():.1%}; ask for less"
        )
    return float(curve.thresholds[reached[-1]])


def threshold_for_coverage(confidence: np.ndarray, coverage: float) -> float:
    """The highest confidence below which to reject, so that at least this share of clips is answered."""
    curve = selection_curve(confidence, np.ones(len(confidence), bool))
    return float(curve.thresholds[np.flatnonzero(curve.coverage >= coverage - 1e-12)[0]])


def area_under_risk_coverage(confidence: np.ndarray, correct: np.ndarray) -> float:
    """AURC: the error rate of the k most confident answers, averaged over k (Geifman et al., ICLR 2019); 0 is perfect.

    Answers of equal confidence share their mean error, so that their order does not matter.
    """
    order = np.argsort(-confidence, kind="stable")
    falls = np.diff(confidence[order], prepend=np.inf) != 0
    group, wrong = np.cumsum(falls) - 1, 1.0 - correct[order]
    shared = (np.bincount(group, wrong) / np.bincount(group))[group]
    return float(np.mean(np.cumsum(shared) / np.arange(1, len(wrong) + 1)))
