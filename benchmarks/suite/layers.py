"""The layers of an exported network that multiply: how often, and what their weights take."""

import math
from dataclasses import dataclass
from typing import Any

from sernet.export.flatbuffer import operator_name, read_model


@dataclass(frozen=True)
class Layer:
    """A convolution or the dense layer, batch normalisation folded into it."""

    name: str
    """As Keras has it: ``time``, ``frequency``, ``both``, ``body1`` to ``body5``, ``logits``."""
    multiplications: int
    """Of one window; a convolution's kernel counts once per output value, padding is not left out."""
    parameters: int
    """Weights and biases."""
    bytes: int
    """Of these, as the file stores them."""


def layers(flatbuffer: bytes) -> list[Layer]:
    """All of them, in the file's order.

    Args:
        flatbuffer: a network in a format that leaves its convolutions as they were trained, for example ``int8``:
            in ``int8-float-io`` averages are convolutions, too.
    """
    model = read_model(flatbuffer)
    (graph,) = model.subgraphs

    def stored(tensor: int) -> tuple[int, int]:
        """Values and bytes of a constant."""
        table = graph.tensors[tensor]
        return math.prod(map(int, table.shape)), len(model.buffers[table.buffer].data)

    def layer(operator: Any) -> Layer:
        constants = [stored(tensor) for tensor in operator.inputs[1:] if tensor >= 0]
        target = graph.tensors[operator.outputs[0]]
        # outputs come first in the weights' shape and last in the result's: each result takes the rest of the weights
        taps = graph.tensors[operator.inputs[1]].shape[1:]
        return Layer(
            name=target.name.decode().split("_")[0],
            multiplications=math.prod(map(int, target.shape)) * math.prod(map(int, taps)),
            parameters=sum(values for values, _ in constants),
            bytes=sum(size for _, size in constants),
        )

    return [
        layer(operator)
        for operator in graph.operators
        if operator_name(model, operator) in ("CONV_2D", "FULLY_CONNECTED")
    ]
