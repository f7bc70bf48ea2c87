"""Statistics of librosa's MFCCs and scikit-learn's perceptron: what tutorials on the subject do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sernet.benchmarks.peers.peer import SAMPLE_RATE, Classifier, Peer

COEFFICIENTS = 40


@dataclass(frozen=True)
class LibrosaMlp(Peer):
    """Mean and standard deviation of 40 MFCCs, librosa's defaults, and one hidden layer of 300."""

    packages: ClassVar = ("librosa", "scikit-learn")
    seeds: ClassVar = (0, 1, 2)

    @property
    def name(self) -> str:
        return "librosa MFCC + MLP"

    def features(self, waveform: np.ndarray) -> np.ndarray:
        import librosa

        coefficients = librosa.feature.mfcc(y=waveform, sr=SAMPLE_RATE, n_mfcc=COEFFICIENTS)
        return np.concatenate([coefficients.mean(axis=1), coefficients.std(axis=1)])

    def fit(self, features: np.ndarray, targets: np.ndarray, speakers: Sequence[str], seed: int) -> Classifier:
        from sklearn.neural_network import MLPClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        perceptron = MLPClassifier((300,), max_iter=500, random_state=seed)
        return make_pipeline(StandardScaler(), perceptron).fit(features, targets)
