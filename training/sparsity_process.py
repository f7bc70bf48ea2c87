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

from sernet.training.network import light_sernet

MASKS_EVERY = 5
"""Steps after which the smallest weights are looked for again."""

CARRIED_WITHIN = 1e-4
"""Largest difference of a probability between the two libraries' networks of the same weights."""


def sparse_model(model: Any, begin: dict[str, Any]) -> Any:
    """The network whose kernels named in `begin` lose their smallest weights while it trains."""
    sparsity = tfmot.sparsity.keras
    kernels = set(begin["kernels"])
    if begin["pattern"] == "2:4":
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


def optimizer_of(begin: dict[str, Any]) -> Any:
    """As `trainer` makes it."""
    if begin["weight_decay"] == 0:
        return tf_keras.optimizers.Adam(begin["learning_rate"])
    optimizer = tf_keras.optimizers.AdamW(begin["learning_rate"], weight_decay=begin["weight_decay"])
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def loss_of(begin: dict[str, Any]) -> Any:
    """As `trainer` makes it."""
    smoothing = begin["label_smoothing"]
    if begin["loss"] == "focal":
        return tf_keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=begin["focal_gamma"], label_smoothing=smoothing
        )
    return tf_keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)


def carry(model: Any, arrays: dict[str, np.ndarray]) -> None:
    """Set each layer's weights from ``<layer>/<number>``. Raises ValueError where names or shapes differ."""
    expected = {f"{layer.name}/{number}" for layer in model.layers for number in range(len(layer.get_weights()))}
    if expected != arrays.keys():
        raise ValueError(f"the two networks differ in {', '.join(sorted(expected ^ arrays.keys()))}")
    for layer in model.layers:
        layer.set_weights([arrays[f"{layer.name}/{number}"] for number in range(len(layer.get_weights()))])


def by_name(model: Any) -> dict[str, np.ndarray]:
    """Weights as `carry` takes them, without what pruning added."""
    layers = [getattr(layer, "layer", layer) for layer in model.layers]
    return {f"{layer.name}/{index}": values for layer in layers for index, values in enumerate(layer.get_weights())}


def main(lines: Iterator[str], answer: Any) -> None:
    """Serve until the lines end."""
    begin = json.loads(next(lines))
    tf_keras.utils.set_random_seed(begin["seed"])
    tf.config.experimental.enable_op_determinism()
    dense = light_sernet(
        None,
        begin["features"],
        begin["classes"],
        widths=begin["widths"],
        dropout=0.0,
        normalisation=tf_keras.layers.BatchNormalization,
        library=tf_keras,
    )
    with np.load(begin["weights"]) as arrays:
        probe, expected = arrays["probe"], arrays["answer"]
        carry(dense, {name: arrays[name] for name in arrays.files if "/" in name})
    difference = float(np.abs(dense(probe, training=False).numpy() - expected).max())
    if not difference <= CARRIED_WITHIN:
        raise ValueError(f"the same weights answer otherwise in the other library, by {difference:.2g}")
    model = sparse_model(dense, begin)
    model.compile(optimizer_of(begin), loss_of(begin), metrics=["accuracy"])
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
                .batch(begin["batch_size"])
                .prefetch(1)
            )
        model.optimizer.learning_rate.assign(epoch["learning_rate"])
        step = tfmot.sparsity.keras.UpdatePruningStep()
        figures = model.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[step]).history
        weights = {f"weight{index}": values for index, values in enumerate(model.get_weights())}
        state = {f"optimizer{index}": value.numpy() for index, value in enumerate(model.optimizer.variables)}
        np.savez(epoch["state"], allow_pickle=False, **weights, **state)
        np.savez(epoch["weights"], allow_pickle=False, **by_name(model))
        answer({name: float(values[0]) for name, values in figures.items()})


if __name__ == "__main__":
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the libraries print must not get between the answers

    def send(values: dict[str, float]) -> None:
        print(json.dumps(values), file=channel, flush=True)

    main(iter(sys.stdin), send)
