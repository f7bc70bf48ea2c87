"""Structured pruning: whole filters leave the network, through the concatenation and all that follows.

Only this makes a network faster and smaller in memory, not zeros in its kernels.
"""

from collections.abc import Iterable, Sequence

import keras
import numpy as np

from sernet.runtime.errors import SernetError
from sernet.training.network import light_sernet

BLOCKS = ("time", "frequency", "both", "body1", "body2", "body3", "body4", "body5")
"""Of the eight convolutions, in the order of `WIDTHS`."""

Importance = dict[str, np.ndarray]
"""By block, how much each filter matters: (filters,)."""


def filter_importance(model: keras.Model, batches: Iterable[tuple[np.ndarray, np.ndarray]]) -> Importance:
    """How much the loss would change without each filter, to first order.

    The square of the loss's derivative by a gate behind the batch normalisation (its scale and shift together), added
    over batches: Molchanov et al., Importance estimation for neural network pruning, CVPR 2019, eq. 8.

    Args:
        model: a trained network.
        batches: features (batch, frames, features, 1) and targets (batch, classes).
    """
    import tensorflow as tf

    layers = [model.get_layer(f"{block}_normalisation") for block in BLOCKS]
    total: Importance = {block: np.zeros(layer.gamma.shape[0]) for block, layer in zip(BLOCKS, layers, strict=True)}
    loss = keras.losses.CategoricalCrossentropy()
    for features, targets in batches:
        with tf.GradientTape() as tape:
            value = loss(targets, model(features, training=False))
        gates = [weight for layer in layers for weight in (layer.gamma, layer.beta)]
        gradients = tape.gradient(value, [weight.value for weight in gates])
        products = [np.asarray(weight) * np.asarray(slope) for weight, slope in zip(gates, gradients, strict=True)]
        for block, scale, shift in zip(BLOCKS, products[::2], products[1::2], strict=True):
            total[block] += (scale + shift) ** 2
    return total


def without_filters(model: keras.Model, widths: Sequence[int], importance: Importance) -> keras.Model:
    """A narrower network of the most important filters, with their weights, in their order.

    Args:
        model: a network of `light_sernet`.
        widths: filters that are kept, in the order of `BLOCKS`.
        importance: as `filter_importance` gives it.

    Raises:
        SernetError: a convolution has fewer filters than are to be kept.
    """
    kept = {}
    for block, width in zip(BLOCKS, widths, strict=True):
        if not 0 < width <= len(importance[block]):
            raise SernetError(f"{block} has {len(importance[block])} filters, of which {width} cannot be kept")
        kept[block] = np.sort(np.argsort(-importance[block], kind="stable")[:width])
    _, frames, features, _ = model.input_shape
    narrow = light_sernet(frames, features, model.output_shape[-1], widths=widths)
    before = np.array([0])  # channels that a block's convolution still sees
    front, offset = [], 0
    for block in BLOCKS:
        _take_filters(model, narrow, block, before, kept[block])
        if block in BLOCKS[:3]:
            front.append(offset + kept[block])
            offset += len(importance[block])
            before = np.concatenate(front) if block == BLOCKS[2] else before
        else:
            before = kept[block]
    kernel, bias = model.get_layer("logits").get_weights()
    narrow.get_layer("logits").set_weights([kernel[before], bias])
    return narrow


def _take_filters(model: keras.Model, narrow: keras.Model, block: str, inputs: np.ndarray, filters: np.ndarray) -> None:
    """Convolution and batch normalisation of one block, of some filters that see some of the channels before."""
    kernel, *bias = model.get_layer(f"{block}_convolution").get_weights()
    taken = [kernel[:, :, inputs][..., filters], *(one[filters] for one in bias)]
    narrow.get_layer(f"{block}_convolution").set_weights(taken)
    statistics = model.get_layer(f"{block}_normalisation").get_weights()
    narrow.get_layer(f"{block}_normalisation").set_weights([one[filters] for one in statistics])
