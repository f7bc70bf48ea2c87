"""Light-SERNet (Aftab et al., ICASSP 2022, arXiv 2110.03435), in Keras 3."""

from collections.abc import Sequence
from typing import Any

import keras

from sernet.training.config import WIDTHS

L2 = 1e-6
"""Weight decay of every convolution but the three first."""


def light_sernet(
    frames: int | None,
    features: int,
    classes: int,
    *,
    widths: Sequence[int] = WIDTHS,
    dropout: float = 0.3,
    normalisation: Any = keras.layers.BatchNormalization,
    precision: str = "float32",
    library: Any = keras,
) -> keras.Model:
    """Build the network.

    Three parallel convolutions look along time (11 x 1), along frequency (1 x 9) and at both (3 x 3); their outputs are
    concatenated and refined by five more. It is fully convolutional: the weights fit any number of frames.

    Args:
        frames: frames of the input; None leaves the length open.
        features: features per frame.
        classes: emotions.
        widths: filters of the eight convolutions, in the order of `WIDTHS`.
        dropout: share of the pooled features dropped in training.
        normalisation: the batch normalisation; training takes a faster one with the same weights.
        precision: Keras's name of the arithmetic before the logits: ``float32`` or ``mixed_bfloat16``.
        library: Keras, or its legacy version, which has the same layers.

    Returns:
        A model from (batch, frames, features, 1) to probabilities (batch, classes).
    """
    layers = library.layers

    def block(x, filters: int, kernel: tuple[int, int], pool: tuple[int, int] | None, name: str, front: bool = False):
        """Convolution, batch normalisation, ReLU, and average pooling where `pool` is given."""
        regularizer = None if front else library.regularizers.L2(L2)
        x = layers.Conv2D(
            filters,
            kernel,
            padding="same",
            use_bias=front,
            kernel_regularizer=regularizer,
            dtype=precision,
            name=f"{name}_convolution",
        )(x)
        x = normalisation(dtype=precision, name=f"{name}_normalisation")(x)
        x = layers.ReLU(dtype=precision, name=f"{name}_relu")(x)
        if pool is None:
            return x
        return layers.AveragePooling2D(pool, padding="same", dtype=precision, name=f"{name}_pool")(x)

    inputs = library.Input((frames, features, 1), name="features")
    branches = [
        block(inputs, width, kernel, (2, 2), name, front=True)
        for width, name, kernel in zip(
            widths[:3], ("time", "frequency", "both"), ((11, 1), (1, 9), (3, 3)), strict=True
        )
    ]
    x = layers.Concatenate(dtype=precision, name="concatenate")(branches)
    for number, (width, kernel, pool) in enumerate(
        zip(
            widths[3:],
            ((3, 3), (3, 3), (3, 3), (3, 3), (1, 1)),
            ((2, 2), (2, 2), (2, 1), (2, 1), None),
            strict=True,
        ),
        start=1,
    ):
        x = block(x, width, kernel, pool, f"body{number}")
    x = layers.GlobalAveragePooling2D(dtype="float32", name="average")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, name="logits")(x)
    return library.Model(inputs, layers.Softmax(name="probabilities")(x), name="light_sernet")


def multiply_accumulates(model: keras.Model) -> int:
    """Multiply-accumulate operations of one inference, in convolutions and dense layers.

    A convolution counts its kernel once per output value; padding is not left out.
    """
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            _, height, width, filters = layer.output.shape
            total += height * width * filters * layer.kernel.shape[0] * layer.kernel.shape[1] * layer.kernel.shape[2]
        elif isinstance(layer, keras.layers.Dense):
            total += layer.kernel.shape[0] * layer.kernel.shape[1]
    return total
