"""What a peer is: features of a clip by its own package, and a classifier that is fitted to them."""

import importlib.metadata
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np

from sernet.runtime.errors import SernetError

EXTRA = 'pip install "sernet[peers]"'

SAMPLE_RATE = 16000
"""Hz, of the samples that every peer is given."""


class Classifier(Protocol):
    """A fitted classifier, as scikit-learn has it."""

    def predict(self, features: np.ndarray, /) -> np.ndarray:
        """Class indices (clips,) of features (clips, features)."""
        ...


class Peer(ABC):
    """Samples to label, without Sernet. Another process can be given one: it holds its settings alone."""

    packages: ClassVar[tuple[str, ...]]
    """What a user installs for it, by the names that pip knows."""
    seeds: ClassVar[tuple[int, ...]] = (0,)
    """Several where the fitted classifier depends on chance."""

    @property
    @abstractmethod
    def name(self) -> str:
        """In tables."""

    @abstractmethod
    def features(self, waveform: np.ndarray) -> np.ndarray:
        """Features (features,) of a clip's samples, (samples,), float32 in [-1, 1], at `SAMPLE_RATE`."""

    @abstractmethod
    def fit(self, features: np.ndarray, targets: np.ndarray, speakers: Sequence[str], seed: int) -> Classifier:
        """A classifier of training clips.

        Args:
            features: (clips, features).
            targets: (clips,), class indices.
            speakers: (clips,), who speaks: what is chosen, is chosen between them.
            seed: of everything random.
        """

    def versions(self) -> dict[str, str]:
        """Version of each of its packages; raises SernetError with the line that installs them when one is missing."""
        try:
            return {package: importlib.metadata.version(package) for package in self.packages}
        except importlib.metadata.PackageNotFoundError as error:
            raise SernetError(f"{error.name} is not installed: {EXTRA}") from None
