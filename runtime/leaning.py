"""How a network's answers lean for one voice: learned from speech in many moods, without labels, and taken back."""

from dataclasses import dataclass

import numpy as np

PRIOR_ANSWERS = 4.0
"""Answers that a voice without any leaning is worth; chosen on RAVDESS."""

SMALLEST = 1e-6
"""Probabilities below this count as this. What an int8 network calls impossible is 0; calibrated, half of its smallest
step is about so much."""


@dataclass(frozen=True)
class Leaning:
    """Sums over answers to one speaker's speech, in which every emotion was to be heard about equally often.

    Then whatever the answers have in common is the voice's doing, and not the emotions': as speaker normalisation does
    to features, their mean is subtracted. It is weighed against none at all, as if `PRIOR_ANSWERS` answers without a
    leaning had been heard before (a posterior mean, as of `Normalisation`). From speech in one mood it would learn to
    overlook that mood.
    """

    answers: float
    """How many."""
    total: np.ndarray
    """(classes,), float64: their log probabilities, each minus its mean over the classes, added."""

    @classmethod
    def of(cls, probabilities: np.ndarray) -> "Leaning":
        """That of answers (answers, classes)."""
        return cls(float(len(probabilities)), _centred_logarithms(probabilities).sum(axis=0))

    def taken_from(self, probabilities: np.ndarray) -> np.ndarray:
        """An answer (classes,) without the leaning: float32, summing to 1."""
        scores = _centred_logarithms(probabilities) - self.total / (self.answers + PRIOR_ANSWERS)
        likelihoods = np.exp(scores - scores.max())
        return (likelihoods / likelihoods.sum()).astype(np.float32)


def _centred_logarithms(probabilities: np.ndarray) -> np.ndarray:
    """(..., classes), float64, of mean 0 over the classes."""
    logarithms = np.log(np.maximum(np.asarray(probabilities, np.float64), SMALLEST))
    return logarithms - logarithms.mean(axis=-1, keepdims=True)
