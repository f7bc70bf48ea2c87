"""A network's weights by the names of its layers: how they go from one library to another."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def weights_by_name(layers: Iterable[Any]) -> dict[str, np.ndarray]:
    """Each layer's weights as ``<layer>/<number>``, numbered in the layer's own order."""
    return {f"{layer.name}/{index}": one for layer in layers for index, one in enumerate(layer.get_weights())}


def carry_weights(arrays: Mapping[str, np.ndarray], model: Any) -> None:
    """Set a network's weights from `weights_by_name` of another one.

    Raises:
        ValueError: names or shapes differ.
    """
    if differing := weights_by_name(model.layers).keys() ^ arrays.keys():
        raise ValueError(f"the two networks differ in {', '.join(sorted(differing))}")
    for layer in model.layers:
        layer.set_weights([arrays[f"{layer.name}/{index}"] for index in range(len(layer.get_weights()))])
