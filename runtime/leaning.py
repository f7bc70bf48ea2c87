"""How a network's answers lean for one voice: learned from speech in many moods, without labels, and taken back."""

from dataclasses import dataclass

import numpy as np

PRIOR_ANSWERS = 4.0
"""Answers without any leaning that are taken as heard before; chosen on RAVDESS."""

PRIOR_SPREAD = 20.0
"""The same for answers that spread as widely for every emotion; chosen on RAVDESS."""

SMALLEST = 1 / 512
"""Probabilities below this count as this: int8 outputs are multiples of 1/256."""


@dataclass(frozen=True)
class Leaning:
    """Sums over answers to one speaker's speech, in which every emotion was to be heard about equally often.

    Then what the answers have in common, and how much wider they spread for one emotion than for another, is the
    voice's doing and not the emotions'. As speaker normalisation does to features, mean and relative spread are taken
    out. Both are weighed against none at all by the answers they rest on, as the mean of a `Normalisation` is. From
    speech in one mood it would learn to overlook that mood.
    """

    answers: float
    """How many."""
    total: np.ndarray
    """(classes,), float64: their log probabilities, each minus its mean over the classes, added."""
    squares: np.ndarray
    """(classes,), float64: the squares of the same, added."""

    @classmethod
    def of(cls, probabilities: np.ndarray) -> "Leaning":
        """That of answers (answers, classes)."""
        scores = _scores(probabilities)
        return cls(float(len(scores)), scores.sum(axis=0), np.square(scores).sum(axis=0))

    def taken_from(self, probabilities: np.ndarray) -> np.ndarray:
        """An answer (classes,) without the leaning: float32, summing to 1."""
        scores = (_scores(probabilities) - self.total / (self.answers + PRIOR_ANSWERS)) / self._relative_spread
        likelihoods = np.exp(scores - scores.max())
        return (likelihoods / likelihoods.sum()).astype(np.float32)

    @property
    def _relative_spread(self) -> np.ndarray:
        """(classes,): standard deviation of each emotion's score, beside that of all of them."""
        deviations = np.maximum(self.squares - np.square(self.total) / max(self.answers, 1.0), 0.0)  # squared, added
        usual = deviations.mean() / max(self.answers, 1.0)
        if usual == 0:
            return np.ones(len(self.total))
        return np.sqrt((deviations / usual + PRIOR_SPREAD) / (self.answers + PRIOR_SPREAD))


def _scores(probabilities: np.ndarray) -> np.ndarray:
    """Log probabilities (..., classes), float64, of mean 0 over the classes."""
    logarithms = np.log(np.maximum(np.asarray(probabilities, np.float64), SMALLEST))
    return logarithms - logarithms.mean(axis=-1, keepdims=True)
