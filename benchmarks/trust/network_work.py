"""What the network in a .tflite file holds and does, counted in its graph."""

import math
from dataclasses import dataclass

from sernet.export.flatbuffer import operator_name, read_model


@dataclass(frozen=True)
class Work:
    """Of one window."""

    multiplications: int
    """Of convolutions and dense layers, each with its addition."""
    parameters: int
    """Weights and biases of these."""
    weight_bytes: int
    """That they take."""


def network_work(flatbuffer: bytes) -> Work:
    """Count; padding is multiplied, as everybody counts it. A pool that was made a convolution counts as one."""
    model = read_model(flatbuffer)
    multiplications = parameters = weight_bytes = 0
    for graph in model.subgraphs:
        shapes = [[int(size) for size in tensor.shape] if tensor.shape is not None else [] for tensor in graph.tensors]
        for operator in graph.operators:
            kind = operator_name(model, operator)
            if kind not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
                continue
            weights, output = shapes[operator.inputs[1]], shapes[operator.outputs[0]]
            # of an output value: the kernel's values of one filter; filters are the last axis of a depthwise kernel
            filters = weights[-1] if kind == "DEPTHWISE_CONV_2D" else weights[0]
            multiplications += math.prod(output) * math.prod(weights) // filters
            held = [index for index in operator.inputs[1:] if index >= 0]
            parameters += sum(math.prod(shapes[index]) for index in held)
            weight_bytes += sum(len(model.buffers[graph.tensors[index].buffer].data) for index in held)
    return Work(multiplications, parameters, weight_bytes)
