"""What training minimises, and how: in Keras, or in its legacy version, which has the same names."""

from typing import Any

import keras

from sernet.training.config import TrainConfig


def optimizer_of(config: TrainConfig, library: Any = keras) -> Any:
    """Adam, or AdamW where weights decay: kernels only."""
    if config.weight_decay == 0:
        return library.optimizers.Adam(config.learning_rate)
    optimizer = library.optimizers.AdamW(config.learning_rate, weight_decay=config.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def loss_of(config: TrainConfig, library: Any = keras) -> Any:
    """Cross entropy or focal loss, with the configuration's label smoothing."""
    smoothing = config.label_smoothing
    if config.loss == "focal":
        return library.losses.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=config.focal_gamma, label_smoothing=smoothing
        )
    return library.losses.CategoricalCrossentropy(label_smoothing=smoothing)
