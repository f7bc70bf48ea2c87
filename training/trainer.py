"""Training: epochs over the training clips, the best one chosen on validation speakers, everything resumable."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from sernet.training.atomic import atomic_path
from sernet.training.backend import has_bfloat16
from sernet.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from sernet.training.clip import Clip
from sernet.training.config import TrainConfig
from sernet.training.features import Batches, Features, features_of
from sernet.training.fused_normalisation import FusedBatchNormalization
from sernet.training.network import light_sernet
from sernet.training.run import Run

EpochProgress = Callable[[int, dict[str, Any]], None]
"""Called after each epoch with the number of epochs done and the epoch's figures."""
FeatureProgress = Callable[[int, int], None]


def train(
    run: Run, *, on_features: FeatureProgress | None = None, on_epoch: EpochProgress | None = None
) -> list[dict[str, Any]]:
    """Train to the end, from the last checkpoint if there is one, and write ``model.keras`` into the run folder.

    Where the best epoch is kept, ``last.keras`` holds the last one's weights. Without validation clips the last epoch
    must be kept.

    Returns the figures of every epoch: loss, accuracy, learning_rate, and with validation clips val_loss, val_accuracy.

    The same settings and seed give the same weights on the same machine, interrupted or not.
    """
    config = run.config
    _make_deterministic(config.seed)
    features, targets = _inputs(run, run.split.train, on_features)
    validation = None
    if run.split.validation:
        validation = Batches(*_inputs(run, run.split.validation, on_features), config.batch_size)

    checkpoints = run.folder / "checkpoints"
    state = load_checkpoint(checkpoints) or _fresh(run)
    for epoch in range(len(state.history), config.epochs):
        state.model.optimizer.learning_rate = config.learning_rate_at(epoch)
        _seed_dropout(state.model, config.seed, epoch)
        batches = Batches(features, targets, config.batch_size, seed=config.seed, epoch=epoch + 1)
        # shuffle=False: Keras would draw an order of batches of its own, from a state that no checkpoint holds
        figures = state.model.fit(batches, validation_data=validation, epochs=1, shuffle=False, verbose=0).history
        entry = {name: float(values[0]) for name, values in figures.items()}
        entry["learning_rate"] = config.learning_rate_at(epoch)
        if config.keep == "last" or entry["val_accuracy"] > max(_validation_accuracies(state), default=-1.0):
            state.best = state.model.get_weights()
        state.history.append(entry)
        save_checkpoint(checkpoints, state)
        if on_epoch:
            on_epoch(epoch + 1, entry)
    if config.keep == "best":
        _publish(run, state.model.get_weights(), run.folder / "last.keras")
    _publish(run, state.best, run.folder / "model.keras")
    return state.history


def _inputs(run: Run, clips: Sequence[Clip], progress: FeatureProgress | None) -> tuple[Features, np.ndarray]:
    config = run.config
    features = features_of(clips, config.front_end, config.input_duration, config.cache, progress)
    return features, keras.utils.to_categorical(run.targets(clips), len(run.labels))


def _fresh(run: Run) -> Checkpoint:
    config = run.config
    bfloat16 = config.precision == "bfloat16" or (config.precision == "auto" and has_bfloat16())
    model = _network(run, normalisation=FusedBatchNormalization, precision="mixed_bfloat16" if bfloat16 else "float32")
    # XLA is slower than oneDNN's convolutions on a CPU, and much slower when it must be deterministic
    model.compile(
        keras.optimizers.Adam(config.learning_rate),
        _loss(config),
        metrics=["accuracy"],
        jit_compile=False,
    )
    return Checkpoint(model, [], model.get_weights())


def _network(run: Run, **options: Any) -> keras.Model:
    config = run.config
    frames = config.front_end.frame_count(config.front_end.sample_count(config.input_duration))
    return light_sernet(frames, config.front_end.feature_count, len(run.labels), dropout=config.dropout, **options)


def _publish(run: Run, weights: list[Any], path: Path) -> None:
    """Write a network with these weights as everyone can read it: float32, of Keras's own layers."""
    model = _network(run)
    model.set_weights(weights)
    with atomic_path(path) as temporary:
        model.save(temporary, include_optimizer=False)


def _validation_accuracies(state: Checkpoint) -> list[float]:
    return [entry["val_accuracy"] for entry in state.history]


def _loss(config: TrainConfig) -> keras.losses.Loss:
    if config.loss == "focal":
        return keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=config.focal_gamma)
    return keras.losses.CategoricalCrossentropy()


def _seed_dropout(model: keras.Model, seed: int, epoch: int) -> None:
    """Dropout's random state is not in a checkpoint: set it from seed and epoch, so that a resumed run repeats it."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign(np.array([seed, epoch], "uint32"))


def _make_deterministic(seed: int) -> None:
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with contextlib.suppress(RuntimeError):  # already set by an earlier run in this process
            tf.config.experimental.enable_op_determinism()
