"""An int8 network that XNNPACK, LiteRT's delegate for CPUs, runs as a whole: it has no average and no softmax of int8.

Each average becomes a depthwise convolution with constant weights: the same sums, rounded otherwise now and then, so
that a value differs by one quantisation step at most. And where the answer is float32, so is the softmax. A
microcontroller gains nothing by it.
"""

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from sernet.export.flatbuffer import operator_name, read_model
from sernet.export.graph_builder import CarryingGraph, ModelBuilder
from sernet.runtime.interpreter import open_interpreter

_WEIGHT = 64
"""Of each value that is averaged; its scale makes it a half or a quarter."""


def single_partition(flatbuffer: bytes) -> bytes:
    """The network, for clips of any length, with what XNNPACK has in place of int8 averages and of the int8 softmax.

    An average over two columns of an odd number stays what it is, as does a softmax whose int8 is the answer.
    """
    source = read_model(flatbuffer)
    (before,) = source.subgraphs
    model = ModelBuilder("Light-SERNet, all of it for XNNPACK")
    graph = _Graph(model, "serving_default", source)
    first = before.tensors[before.inputs[0]]
    graph.stand_for(before.inputs[0], graph.input("features", graph.tensor("features", _shape(first), first)))
    takes = {
        "AVERAGE_POOL_2D": graph.take_average,
        "SOFTMAX": graph.take_softmax,
        "DEQUANTIZE": graph.take_dequantisation,
    }
    for operator in before.operators:
        take = takes.get(operator_name(source, operator))
        if not (take and take(operator)):
            graph.copy(operator, {}, _shape(before.tensors[operator.outputs[0]]))
    graph.output("probabilities", graph.standing_for(before.outputs[0]))
    return model.to_bytes()


def partitions(flatbuffer: bytes) -> int:
    """Stretches of the model that LiteRT's delegate runs here; what lies between two of them, LiteRT runs itself."""
    interpreter = open_interpreter(flatbuffer)
    return sum(details["op_name"] == "DELEGATE" for details in interpreter._get_ops_details())


class _Graph(CarryingGraph):
    def take_average(self, operator: schema.OperatorT) -> bool:
        """Add a pool as a convolution; False where that is not to be had."""
        tensor, pool = self.standing_for(operator.inputs[0]), operator.builtinOptions
        size = rows, columns = pool.filterHeight, pool.filterWidth
        strides = pool.strideH, pool.strideW
        odd = columns > 1 and self.shape(tensor)[2] % columns
        if not self.is_integer(tensor) or odd or size != strides or rows > 2 or pool.padding != schema.Padding.SAME:
            return False
        if rows == 2:
            tensor = self._with_last_row_twice(tensor)
        self.stand_for(operator.outputs[0], self._average(tensor, rows, columns))
        return True

    def take_softmax(self, operator: schema.OperatorT) -> bool:
        """Add a softmax in float32; False where its answer is to be int8."""
        logits = self.standing_for(operator.inputs[0])
        (answer,) = operator.outputs
        if not (self.is_integer(logits) and self.has_float_ends):
            return False
        real = self.tensor("real_logits", self.shape(logits), "float32")
        self.add("DEQUANTIZE", [logits], real, schema.DequantizeOptionsT(), 2)
        probabilities = self.tensor("real_probabilities", self.shape(logits), "float32")
        self.stand_for(answer, self.add("SOFTMAX", [real], probabilities, operator.builtinOptions))
        return True

    def take_dequantisation(self, operator: schema.OperatorT) -> bool:
        """Leave out one whose input has become float32 already."""
        real = self.standing_for(operator.inputs[0])
        if self.is_integer(real):
            return False
        self.stand_for(operator.outputs[0], real)
        return True

    def _with_last_row_twice(self, tensor: int) -> int:
        """For a last row without a partner; where there is none the convolution leaves the surplus one out."""
        one, rows, columns, channels = self.shape(tensor)
        begin, end, step = (
            self.constant(name, np.array(values, np.int32))
            for name, values in (("last", [0, -1, 0, 0]), ("end", [0] * 4), ("step", [1] * 4))
        )
        slicing = schema.StridedSliceOptionsT()
        slicing.beginMask, slicing.endMask = 0b1101, 0b1111  # only where rows begin is said
        slicing.ellipsisMask = slicing.newAxisMask = slicing.shrinkAxisMask = 0
        last = self.tensor(f"last_of_{tensor}", (one, 1, columns, channels), tensor)
        self.add("STRIDED_SLICE", [tensor, begin, end, step], last, slicing, 2)
        joining = schema.ConcatenationOptionsT()
        joining.axis, joining.fusedActivationFunction = 1, schema.ActivationFunctionType.NONE
        longer = self.tensor(f"longer_{tensor}", (one, rows + 1, columns, channels), tensor)
        return self.add("CONCATENATION", [tensor, last], longer, joining, 2)

    def _average(self, tensor: int, rows: int, columns: int) -> int:
        one, height, width, channels = self.shape(tensor)
        scale = 1 / (_WEIGHT * rows * columns)
        weights = self.carried(
            _constant("equal_weights", (1, rows, columns, channels), schema.TensorType.INT8, scale),
            np.full((rows, columns, channels), _WEIGHT, np.int8).tobytes(),
        )
        bias = self.carried(
            _constant("no_bias", (channels,), schema.TensorType.INT32, scale * self.scale(tensor)),
            np.zeros(channels, np.int32).tobytes(),
        )
        options = schema.DepthwiseConv2DOptionsT()
        options.padding, options.fusedActivationFunction = schema.Padding.VALID, schema.ActivationFunctionType.NONE
        options.strideH, options.strideW = rows, columns
        options.depthMultiplier = options.dilationHFactor = options.dilationWFactor = 1
        mean = self.tensor(f"mean_of_{tensor}", (one, height // rows, width // columns, channels), tensor)
        return self.add("DEPTHWISE_CONV_2D", [tensor, weights, bias], mean, options, 3)


def _constant(name: str, shape: tuple[int, ...], kind: int, scale: float) -> schema.TensorT:
    one: Any = schema.TensorT()
    one.name, one.shape, one.type = name, list(shape), kind
    one.quantization = schema.QuantizationParametersT()
    one.quantization.scale, one.quantization.zeroPoint = [scale], [0]
    return one


def _shape(tensor: schema.TensorT) -> tuple[int, ...]:
    return tuple(int(size) for size in tensor.shape)
