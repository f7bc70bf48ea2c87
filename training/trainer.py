"""Training: epochs over the training clips, the best one chosen on validation speakers, everything resumable."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from sernet.training.atomic import atomic_path, write_text
from sernet.training.backend import trained_precision
from sernet.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from sernet.training.clip import Clip
from sernet.training.config import TrainConfig
from sernet.training.features import Batches, features_of
from sernet.training.fused_normalisation import FusedBatchNormalization
from sernet.training.network import light_sernet
from sernet.training.network_inputs import middle, network_inputs
from sernet.training.objective import loss_of, optimizer_of
from sernet.training.pruned_run import Taught, pruned_network, wider_run
from sernet.training.run import FRONT_END, Run
from sernet.training.sparse_training import sparse_training
from sernet.training.training_data import TrainingData, training_data

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
    data = training_data(run.split.train, _one_hot(run, run.split.train), config, on_features)
    if data.front_end.normalisation is not None:
        write_text(run.folder / FRONT_END, json.dumps(data.front_end.to_json()) + "\n")
    validation = _validation(run)

    checkpoints = run.folder / "checkpoints"
    state, wider = load_checkpoint(checkpoints), wider_run(run)
    if wider is not None:
        if not (wider.folder / "model.keras").is_file():
            train(wider, on_features=on_features)
        teacher = wider.any_length_model
        begin = teacher if config.sparsity else pruned_network(config, teacher, data)
        state = state or _fresh(run, begin)
        data = Taught(data, teacher, config.distillation) if config.distillation else data
    state = state or _fresh(run)
    with _epochs(run, state, data, validation) as one_epoch:
        for epoch in range(len(state.history), config.epochs):
            entry = one_epoch(epoch)
            entry["learning_rate"] = config.learning_rate_at(epoch)
            _keep(state, config, entry)
            state.history.append(entry)
            save_checkpoint(checkpoints, state)
            if on_epoch:
                on_epoch(epoch + 1, entry)
    if config.keep == "best":
        _publish(run, state.model.get_weights(), run.folder / "last.keras")
    _publish(run, state.best, run.folder / "model.keras")
    return state.history


@contextlib.contextmanager
def _epochs(
    run: Run, state: Checkpoint, data: TrainingData, validation: Batches | None
) -> Iterator[Callable[[int], dict[str, Any]]]:
    """What trains one epoch, counted from 0, and gives its figures: here, or where a network is made sparse."""
    config, model, done = run.config, state.model, len(state.history)

    def here(epoch: int) -> dict[str, Any]:
        model.optimizer.learning_rate = config.learning_rate_at(epoch)
        _seed_dropout(model, config.seed, epoch)
        # shuffle=False: Keras would draw an order of batches of its own, from a state that no checkpoint holds
        figures = model.fit(data.batches(epoch + 1), validation_data=validation, epochs=1, shuffle=False, verbose=0)
        return {name: float(values[0]) for name, values in figures.history.items()}

    if not config.sparsity or done == config.epochs:
        yield here
        return
    steps = len(data.batches(1))
    with sparse_training(model, config, run.folder / "sparse", steps, done) as training:

        def there(epoch: int) -> dict[str, Any]:
            figures = training.epoch(epoch, data.batches(epoch + 1))
            if validation is not None:
                measured = model.evaluate(validation, verbose=0, return_dict=True)
                figures |= {f"val_{name}": float(value) for name, value in measured.items()}
            return figures

        yield there


def _one_hot(run: Run, clips: Sequence[Clip]) -> np.ndarray:
    return keras.utils.to_categorical(run.targets(clips), len(run.labels))


def _validation(run: Run) -> Batches | None:
    """The validation clips, cut or padded to the window, nothing known of their speakers."""
    clips, config = run.split.validation, run.config
    if not clips:
        return None
    front_end, seconds = run.front_end, config.input_duration
    if front_end.normalisation is None:
        features = features_of(clips, front_end, seconds, config.cache)
    else:
        frames = front_end.frame_count(front_end.sample_count(seconds))
        features = np.stack([middle(one, frames) for one in network_inputs(clips, front_end, seconds)])
    return Batches(features, _one_hot(run, clips), config.batch_size)


def _keep(state: Checkpoint, config: TrainConfig, entry: dict[str, Any]) -> None:
    """Update the weights that will be published: of the best epoch, the last one, or the mean of the last ones."""
    weights = state.model.get_weights()
    if config.keep == "best":
        if entry["val_accuracy"] > max((item["val_accuracy"] for item in state.history), default=-1.0):
            state.best = weights
        return
    averaged = len(state.history) - max(0, config.epochs - config.average_epochs)  # epochs in the mean so far
    if averaged <= 0:
        state.best = weights
    else:
        state.best = [old + (new - old) / (averaged + 1) for old, new in zip(state.best, weights, strict=True)]


def _fresh(run: Run, beginning: keras.Model | None = None) -> Checkpoint:
    """Before the first epoch, with the weights of `beginning` if there is one."""
    config = run.config
    precision = "mixed_bfloat16" if trained_precision(config.precision) == "bfloat16" else "float32"
    model = _network(run, None, normalisation=FusedBatchNormalization, precision=precision)
    if beginning is not None:
        model.set_weights(beginning.get_weights())
    # TensorFlow: XLA is slower than oneDNN's convolutions on a CPU, and much slower when it must be deterministic
    model.compile(
        optimizer_of(config),
        loss_of(config),
        metrics=["accuracy"],
        jit_compile=keras.backend.backend() == "jax",
    )
    model.optimizer.build(model.trainable_variables)  # a checkpoint holds it even where another process trains
    return Checkpoint(model, [], model.get_weights())


def _network(run: Run, frames: int | None, **options: Any) -> keras.Model:
    config = run.config
    return light_sernet(
        frames,
        config.front_end.feature_count,
        len(run.labels),
        widths=config.widths,
        dropout=config.dropout,
        **options,
    )


def _publish(run: Run, weights: list[Any], path: Path) -> None:
    """Write a network with these weights as everyone can read it: float32, of Keras's own layers, for its window."""
    front_end = run.config.front_end
    model = _network(run, front_end.frame_count(front_end.sample_count(run.config.input_duration)))
    model.set_weights(weights)
    with atomic_path(path) as temporary:
        model.save(temporary, include_optimizer=False)


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
