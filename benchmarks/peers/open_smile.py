"""openSMILE's functionals and a linear SVM: the baseline of the field's challenges (Eyben et al., 2010; 2016)."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from sernet.benchmarks.peers.linear_svm import fit_linear_svm
from sernet.benchmarks.peers.peer import SAMPLE_RATE, Classifier, Peer
from sernet.runtime.errors import SernetError

LICENCE = "audEERING Research License Agreement"
"""Name of openSMILE's licence, as the package has it: not one for products."""


@dataclass(frozen=True)
class OpenSmile(Peer):
    """One of openSMILE's feature sets, by its functionals over the whole clip."""

    feature_set: str
    """``eGeMAPSv02`` (88 features) or ``ComParE_2016`` (6373)."""

    packages: ClassVar = ("opensmile", "scikit-learn")

    @property
    def name(self) -> str:
        return f"openSMILE {self.feature_set} + SVM"

    def features(self, waveform: np.ndarray) -> np.ndarray:
        if "tensorflow" in sys.modules:  # whose symbols openSMILE's library gets hold of: a crash, not an exception
            raise SernetError("openSMILE crashes in a process that has TensorFlow: use `apart`")
        # Called, not process_signal(): no table of pandas is built around the features.
        return _extractor(self.feature_set)(waveform, SAMPLE_RATE)[0, :, 0]

    def fit(self, features: np.ndarray, targets: np.ndarray, speakers: Sequence[str], seed: int) -> Classifier:
        return fit_linear_svm(features, targets, speakers)


@cache
def _extractor(feature_set: str) -> Any:
    import opensmile

    return opensmile.Smile(opensmile.FeatureSet[feature_set], opensmile.FeatureLevel.Functionals)
