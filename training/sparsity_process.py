"""The process in which tensorflow-model-optimization trains: it knows only the legacy Keras, so it is kept apart.

`sparse_training` starts it, tells it in JSON lines what to do, and is answered in JSON lines. First line: the network
and how sparse it becomes. Each further line: one epoch. Arrays are passed as files.

Schedule: Zhu and Gupta, To prune, or not to prune, 2017.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras

from sernet.training.carried_weights import carry_weights, weights_by_name
from sernet.training.config import TrainConfig
from sernet.training.network import light_sernet
from sernet.training.objective import loss_of, optimizer_of

MASKS_EVERY = 5
"""Steps after which the smallest weights are looked for again."""

CARRIED_WITHIN = 1e-4
"""Largest difference of a probability between the two libraries' networks of the same weights."""


def sparse_model(model: Any, config: TrainConfig, begin: dict[str, Any]) -> Any:
    """The network whose kernels named in `begin` lose their smallest weights while it trains."""
    sparsity = tfmot.sparsity.keras
    kernels = set(begin["kernels"])
    if config.sparsity_pattern == "2:4":
        options: dict[str, Any] = {
            "pruning_schedule": sparsity.ConstantSparsity(0.5, begin_step=0, frequency=MASKS_EVERY),
            "sparsity_m_by_n": (2, 4),
        }
    else:
        every = min(MASKS_EVERY, begin["sparse_at"])
        last = begin["sparse_at"] // every * every  # a step at which masks are made
        schedule = sparsity.PolynomialDecay(0.0, begin["sparsity"], 0, last, frequency=every)
        options = {"pruning_schedule": schedule}

    def wrapped(layer: Any) -> Any:
        return sparsity.prune_low_magnitude(layer, **options) if layer.name in kernels else layer

    return tf_keras.models.clone_model(model, clone_function=wrapped)


def main(lines: Iterator[str], answer: Any) -> None:
    """Serve until the lines end."""
    begin = json.loads(next(lines))
    config = TrainConfig.from_json(begin["config"])
    tf_keras.utils.set_random_seed(config.seed)
    tf.config.experimental.enable_op_determinism()
    dense = light_sernet(
        None,
        config.front_end.feature_count,
        begin["classes"],
        widths=config.widths,
        dropout=0.0,
        normalisation=tf_keras.layers.BatchNormalization,
        library=tf_keras,
    )
    with np.load(begin["weights"]) as arrays:
        probe, expected = arrays["probe"], arrays["answer"]
        carry_weights({name: arrays[name] for name in arrays.files if "/" in name}, dense)
    difference = float(np.abs(dense(probe, training=False).numpy() - expected).max())
    if not difference <= CARRIED_WITHIN:
        raise ValueError(f"the same weights answer otherwise in the other library, by {difference:.2g}")
    model = sparse_model(dense, config, begin)
    model.compile(optimizer_of(config, tf_keras), loss_of(config, tf_keras), metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    if begin["state"]:
        with np.load(begin["state"]) as arrays:
            model.set_weights([arrays[f"weight{index}"] for index in range(len(model.get_weights()))])
            for index, variable in enumerate(model.optimizer.variables):
                variable.assign(arrays[f"optimizer{index}"])
    answer({"carried_within": difference})
    for line in lines:
        epoch = json.loads(line)
        with np.load(epoch["data"]) as arrays:
            batches = (
                tf.data.Dataset.from_tensor_slices((arrays["features"], arrays["targets"]))
                .batch(config.batch_size)
                .prefetch(1)
            )
        model.optimizer.learning_rate.assign(epoch["learning_rate"])
        step = tfmot.sparsity.keras.UpdatePruningStep()
        figures = model.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[step]).history
        weights = {f"weight{index}": values for index, values in enumerate(model.get_weights())}
        state = {f"optimizer{index}": value.numpy() for index, value in enumerate(model.optimizer.variables)}
        np.savez(epoch["state"], allow_pickle=False, **weights, **state)
        layers = [getattr(layer, "layer", layer) for layer in model.layers]  # without what pruning wraps around them
        np.savez(epoch["weights"], allow_pickle=False, **weights_by_name(layers))
        answer({name: float(values[0]) for name, values in figures.items()})


if __name__ == "__main__":
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the libraries print must not get between the answers

    def send(values: dict[str, float]) -> None:
        print(json.dumps(values), file=channel, flush=True)

    main(iter(sys.stdin), send)
