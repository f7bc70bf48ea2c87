"""Light-SERNet (Aftab et al., ICASSP 2022, arXiv 2110.03435), in Keras 3."""

import keras
from keras import layers

L2 = 1e-6
"""Weight decay of every convolution but the three first."""


def light_sernet(frames: int | None, features: int, classes: int, *, dropout: float = 0.3) -> keras.Model:
    """Build the network.

    Three parallel convolutions look along time (11 x 1), along frequency (1 x 9) and at both (3 x 3); their outputs are
    concatenated and refined by five more. It is fully convolutional: the weights fit any number of frames.

    Args:
        frames: frames of the input; None leaves the length open.
        features: features per frame.
        classes: emotions.
        dropout: share of the pooled features dropped in training.

    Returns:
        A model from (batch, frames, features, 1) to probabilities (batch, classes).
    """
    inputs = keras.Input((frames, features, 1), name="features")
    branches = [
        _block(inputs, 32, kernel, pool=(2, 2), name=name, front=True)
        for name, kernel in (("time", (11, 1)), ("frequency", (1, 9)), ("both", (3, 3)))
    ]
    x = layers.Concatenate(name="concatenate")(branches)
    x = _block(x, 64, (3, 3), pool=(2, 2), name="body1")
    x = _block(x, 96, (3, 3), pool=(2, 2), name="body2")
    x = _block(x, 128, (3, 3), pool=(2, 1), name="body3")
    x = _block(x, 160, (3, 3), pool=(2, 1), name="body4")
    x = _block(x, 320, (1, 1), pool=None, name="body5")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, name="logits")(x)
    return keras.Model(inputs, layers.Softmax(name="probabilities")(x), name="light_sernet")


def _block(x, filters: int, kernel: tuple[int, int], *, pool: tuple[int, int] | None, name: str, front: bool = False):
    """Convolution, batch normalisation, ReLU, and average pooling where `pool` is given."""
    x = layers.Conv2D(
        filters,
        kernel,
        padding="same",
        use_bias=front,
        kernel_regularizer=None if front else keras.regularizers.L2(L2),
        name=f"{name}_convolution",
    )(x)
    x = layers.BatchNormalization(name=f"{name}_normalisation")(x)
    x = layers.ReLU(name=f"{name}_relu")(x)
    return x if pool is None else layers.AveragePooling2D(pool, padding="same", name=f"{name}_pool")(x)


def multiply_accumulates(model: keras.Model) -> int:
    """Multiply-accumulate operations of one inference, in convolutions and dense layers.

    A convolution counts its kernel once per output value; padding is not left out.
    """
    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            _, height, width, filters = layer.output.shape
            total += height * width * filters * layer.kernel.shape[0] * layer.kernel.shape[1] * layer.kernel.shape[2]
        elif isinstance(layer, layers.Dense):
            total += layer.kernel.shape[0] * layer.kernel.shape[1]
    return total
