"""Probabilities that mean what they say: a temperature, and a bias for each class."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Calibration:
    """What turns a network's probabilities into calibrated ones: softmax(ln p / temperature + bias).

    A temperature alone is Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017); with biases it is
    bias-corrected temperature scaling (Alexandari et al., ICML 2020). Without either it changes nothing.
    """

    temperature: float = 1.0
    """Above 0; below 1 it makes answers surer."""
    bias: tuple[float, ...] = ()
    """(classes,), nats; empty: none."""

    def applied(self, probabilities: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, (..., classes), summing to 1; what is 0 stays 0."""
        # Relative to the largest ones, which changes nothing but that they cannot vanish all together.
        largest = probabilities.max(axis=-1, keepdims=True)
        bias = np.array(self.bias or 0.0)
        likelihoods = (probabilities / largest) ** (1.0 / self.temperature) * np.exp(bias - bias.max())
        return likelihoods / likelihoods.sum(axis=-1, keepdims=True)


NONE = Calibration()
"""What changes nothing."""
