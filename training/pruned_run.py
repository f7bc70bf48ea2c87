"""A run that begins where another one ended: with the most important filters of a wider network, its teacher."""

import dataclasses
import shutil
from pathlib import Path

import keras
import numpy as np

from sernet.runtime.errors import SernetError
from sernet.training.channel_pruning import filter_importance, without_filters
from sernet.training.config import TrainConfig, load_preset
from sernet.training.run import Run
from sernet.training.training_data import TrainingData

WIDER = "wider"
"""Folder of the wider network's run in that of the pruned one, where a preset names it."""

_SHARED = (
    "dataset",
    "audio_type",
    "merge_excited",
    "split",
    "test_speakers",
    "test_fraction",
    "validation_fraction",
    "cache",
    "precision",
    "seed",
)
"""Settings that a preset's wider network takes from the run that is pruned from it."""


_COMPUTED_ALIKE = ("dataset", "cache", "precision")
"""Settings of where clips lie and how the same numbers are computed."""


def wider_run(run: Run) -> Run | None:
    """The run of the network that this one is pruned from, on the same clips; None where it begins anew.

    It may still have to be trained.

    Raises:
        SernetError: it was trained on other clips, or with another front end, or one of its convolutions is narrower.
    """
    config = run.config
    if not config.pruned_from:
        return None
    folder = Path(config.pruned_from)
    if (folder / "run.json").is_file():
        wider = Run.open(folder)
        sides = {name: [clip.path for clip in side] for name, side in run.split.sides.items()}
        if sides != {name: [clip.path for clip in side] for name, side in wider.split.sides.items()}:
            raise SernetError(f"{folder} was trained on other clips: a network is pruned on the very same ones")
    else:
        shared = {name: getattr(config, name) for name in _SHARED}
        preset = dataclasses.replace(load_preset(config.pruned_from), **shared)
        if preset.pruned_from:
            raise SernetError(
                f"the preset {config.pruned_from} is of a pruned network itself: name {preset.pruned_from}"
            )
        wider = Run(run.folder / WIDER, preset, run.labels, run.corpus, run.split)
    if wider.labels != run.labels or wider.config.front_end != config.front_end:
        raise SernetError(f"{config.pruned_from} has other labels or another front end than the network pruned from it")
    if any(own > other for own, other in zip(config.widths, wider.config.widths, strict=True)):
        raise SernetError(f"{config.pruned_from} has fewer filters than the network that is pruned from it")
    return wider


def adopt_wider(run: Run, folder: Path) -> None:
    """Take the finished run in `folder` for the network that `run`'s preset is pruned from, instead of training it.

    Raises:
        SernetError: the preset is pruned from none, or the run was trained with other settings, or on other clips.
    """
    wanted, found = wider_run(run), Run.open(folder)
    if wanted is None or wanted.folder != run.folder / WIDER:
        raise SernetError("a wider network is for presets that are pruned from one: leave out --wider")
    if differing := [name for name in wanted.differences(found) if name not in _COMPUTED_ALIKE]:
        raise SernetError(
            f"{folder} was trained with another {', '.join(differing)} than {run.config.pruned_from} asks for: leave "
            "out --wider to train one"
        )
    found.model  # noqa: B018 - an unfinished training is told of now
    shutil.copytree(folder, wanted.folder, dirs_exist_ok=True, ignore=lambda *names: {"checkpoints", "export", WIDER})


def pruned_network(config: TrainConfig, wider: keras.Model, data: TrainingData) -> keras.Model:
    """The wider network with its most important filters only, as an epoch of the training clips tells them."""
    batches = data.batches(1)
    importance = filter_importance(wider, (batches[index] for index in range(len(batches))))
    return without_filters(wider, config.widths, importance)


class Taught:
    """Training data whose targets are blended with what a teacher answers to the very same examples."""

    def __init__(self, data: TrainingData, teacher: keras.Model, share: float) -> None:
        """`share` of the target is the teacher's."""
        self.front_end = data.front_end
        self._data, self._teacher, self._share = data, teacher, share

    def batches(self, epoch: int) -> keras.utils.PyDataset:
        """See `TrainingData`."""
        return _TaughtBatches(self._data.batches(epoch), self._teacher, self._share)


class _TaughtBatches(keras.utils.PyDataset):
    def __init__(self, batches: keras.utils.PyDataset, teacher: keras.Model, share: float) -> None:
        super().__init__()
        self._batches, self._teacher, self._share = batches, teacher, share

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        features, targets = self._batches[index]
        answers = np.asarray(self._teacher(features, training=False))
        return features, (1 - self._share) * targets + self._share * answers
