"""Examples of one epoch, made from a bank of voices: crops, tempo, masks, mixtures, known and unknown speakers."""

import keras
import numpy as np

from sernet.runtime.normalisation import Heard
from sernet.training.example_config import ExampleConfig
from sernet.training.voice_bank import VoiceBank


class ExampleBatches(keras.utils.PyDataset):
    """One epoch's batches of examples and soft labels.

    Everything drawn depends on `seed` and `epoch` (counted from 1) alone, so that a run can resume.
    """

    def __init__(
        self,
        bank: VoiceBank,
        targets: np.ndarray,
        config: ExampleConfig,
        batch_size: int,
        *,
        seed: int,
        epoch: int,
    ) -> None:
        """`bank`'s front end is fitted; `targets` are (clips, classes)."""
        super().__init__()
        self._bank, self._targets, self._config, self._batch_size = bank, targets, config, batch_size
        self._seed = (seed, epoch)
        self._order = balanced_order(targets, config.class_balance, np.random.default_rng(self._seed))
        self._frames = bank.front_end.frame_count(bank.front_end.sample_count(config.crop_s))

    def __len__(self) -> int:
        return max(1, len(self._targets) // self._batch_size)  # a small last batch would upset batch normalisation

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        generator = np.random.default_rng((*self._seed, 1 + index))
        examples = np.stack([self._example(clip, generator) for clip in chosen])
        targets = self._targets[chosen]
        if self._config.mixup:
            examples, targets = mixed(examples, targets, self._config.mixup, generator)
        return examples[..., None], targets

    def _example(self, index: int, generator: np.random.Generator) -> np.ndarray:
        config, bank = self._config, self._bank
        own = bank.voices == 1 or generator.random() < config.own_voice
        voice = 0 if own else int(generator.integers(1, bank.voices))
        features = bank.features[index][voice].astype(np.float32)
        features = bank.front_end.network_input(features, self._profile(index, voice, generator))
        features = stretched(features, generator.uniform(1 - config.tempo, 1 + config.tempo))
        example = placed(features, self._frames, generator)
        step_s = bank.front_end.frame_step / bank.front_end.sample_rate
        longest = int(config.time_mask_s / step_s)
        for masks, widest, axis in (
            (config.time_masks, longest, 0),
            (config.frequency_masks, config.frequency_mask_bands, 1),
        ):
            for _ in range(masks):
                mask(example, widest, axis, generator)
        return example

    def _profile(self, index: int, voice: int, generator: np.random.Generator) -> Heard | None:
        """What was heard of the speaker before, in the same voice: a few other clips, or nothing."""
        others = self._bank.others(index)
        if generator.random() < self._config.unknown_speaker or len(others) == 0:
            return None
        chosen = generator.choice(others, int(generator.integers(1, 1 + min(self._config.most_heard, len(others)))))
        heard = [self._bank.heard[clip][voice] for clip in chosen]
        return sum(heard[1:], start=heard[0])


def balanced_order(targets: np.ndarray, balance: float, generator: np.random.Generator) -> np.ndarray:
    """As many clips as there are, in random order: (clips,), each as often as its class has it, give or take one.

    Args:
        targets: (clips, classes), one-hot.
        balance: `ExampleConfig.class_balance`; at 0 it is a permutation.
        generator: of the order and of the rounding (systematic resampling).
    """
    wanted = (targets @ targets.sum(axis=0)) ** -balance
    wanted *= len(targets) / wanted.sum()
    clips = generator.permutation(len(targets))
    ends = np.cumsum(wanted[clips])
    taken = np.searchsorted(ends, np.arange(len(targets)) + generator.uniform(0, 1), side="right")
    return generator.permutation(clips[np.minimum(taken, len(clips) - 1)])


def stretched(features: np.ndarray, factor: float) -> np.ndarray:
    """Frames (frames, feature_count) at another tempo, by linear interpolation: about `factor` times as many."""
    positions = np.linspace(0, len(features) - 1, max(1, round(factor * len(features))))
    before = positions.astype(int)
    after = np.minimum(before + 1, len(features) - 1)
    share = (positions - before)[:, None].astype(np.float32)
    return features[before] * (1 - share) + features[after] * share


def placed(features: np.ndarray, frames: int, generator: np.random.Generator) -> np.ndarray:
    """A stretch of (any, feature_count) that is so many frames long, from anywhere; or all of it, anywhere in zeros."""
    surplus = len(features) - frames
    start = int(generator.integers(0, abs(surplus) + 1))
    if surplus >= 0:
        return features[start : start + frames].copy()
    return np.pad(features, ((start, -surplus - start), (0, 0)))


def mask(example: np.ndarray, widest: int, axis: int, generator: np.random.Generator) -> None:
    """Set a stretch of frames (axis 0) or bands (axis 1) to zero, the mean; up to `widest` of them (SpecAugment)."""
    width = int(generator.integers(0, min(widest, example.shape[axis]) + 1))
    start = int(generator.integers(0, example.shape[axis] - width + 1))
    np.moveaxis(example, axis, 0)[start : start + width] = 0


def mixed(
    examples: np.ndarray, targets: np.ndarray, alpha: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Each example (batch, ...) blended with another of the batch, and their labels (batch, classes) likewise."""
    partner = generator.permutation(len(examples))
    share = generator.beta(alpha, alpha)
    share = np.float32(max(share, 1 - share))
    return share * examples + (1 - share) * examples[partner], share * targets + (1 - share) * targets[partner]
