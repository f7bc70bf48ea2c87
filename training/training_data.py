"""What a run trains on: batches of each epoch, and the front end that their features were made with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import keras
import numpy as np

from sernet.runtime.front_end import FrontEnd
from sernet.training.clip import Clip
from sernet.training.config import TrainConfig
from sernet.training.examples import ExampleBatches
from sernet.training.features import Batches, Features, features_of
from sernet.training.voice_bank import VoiceBank, voice_bank

Progress = Callable[[int, int], None]


class TrainingData(Protocol):
    """Batches of features (batch, frames, feature_count, 1) and targets (batch, classes)."""

    @property
    def front_end(self) -> FrontEnd:
        """Fitted to the training clips where it normalises."""
        ...

    def batches(self, epoch: int) -> keras.utils.PyDataset:
        """Of an epoch, counted from 1; they depend on the configuration's seed and the epoch alone."""
        ...


@dataclass(frozen=True)
class WholeClips:
    """Clips as they are, cut or padded to the same length, each once an epoch."""

    config: TrainConfig
    front_end: FrontEnd
    features: Features
    targets: np.ndarray

    def batches(self, epoch: int) -> keras.utils.PyDataset:
        """See `TrainingData`."""
        config = self.config
        return Batches(self.features, self.targets, config.batch_size, seed=config.seed, epoch=epoch)


@dataclass(frozen=True)
class Voices:
    """Crops of many voices, drawn anew each epoch."""

    config: TrainConfig
    front_end: FrontEnd
    bank: VoiceBank
    targets: np.ndarray

    def batches(self, epoch: int) -> keras.utils.PyDataset:
        """See `TrainingData`."""
        config = self.config
        assert config.examples is not None
        return ExampleBatches(
            self.bank, self.targets, config.examples, config.batch_size, seed=config.seed, epoch=epoch
        )


def training_data(
    clips: Sequence[Clip], targets: np.ndarray, config: TrainConfig, progress: Progress | None = None
) -> TrainingData:
    """The data that the configuration asks for; `targets` are (clips, classes). Raises SernetError for a bad clip."""
    if config.examples is None:
        front_end = config.front_end
        features = features_of(clips, front_end, config.input_duration, config.cache, progress)
        return WholeClips(config, front_end, features, targets)
    bank = voice_bank(clips, config.front_end, config.examples.augmentation, config.examples.voices, progress)
    bank = bank.fitted()
    return Voices(config, bank.front_end, bank, targets)
