"""From a full-integer flatbuffer to the rows that the C engine streams; what does not fit is refused, with why."""

import math
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from sernet.export.c_engine.fixed_point import quantised_multiplier
from sernet.export.c_engine.row_streams import Convolution, Head, RowStreams, Stage
from sernet.export.flatbuffer import operator_name, read_model
from sernet.runtime.errors import SernetError

MOST_POSITIONS = 4
"""Of a pool: the engine computes so many convolution outputs side by side."""

_INT32 = 2**31
_MOST_SIDE = 127  # of a kernel, and
_MOST_SIZE = 2**16 - 4  # of everything that the engine counts in 16 bits


class RowStreamError(SernetError):
    """A model that the C engine cannot compute."""


def row_streams(flatbuffer: bytes) -> RowStreams:
    """The plan of an int8 model from features (1, frames, columns, channels) to probabilities (1, classes).

    Raises:
        RowStreamError: the file is no TensorFlow Lite model, its tables point outside of it, or the engine cannot
            compute one of its operators.
    """
    try:
        return _Reader(flatbuffer).plan()
    except RowStreamError:
        raise
    except Exception as error:  # of a damaged file every access may fail, each in its own way
        raise RowStreamError(f"the file is damaged: {type(error).__name__}: {error}") from None


@dataclass(frozen=True)
class _Rows:
    """A feature map while the graph is read: rows of the last stage that is finished, and what was begun on them."""

    stage: int
    """Number of the stage that these rows go into."""
    branches: tuple[Convolution, ...] = ()
    pool: tuple[int, int] | None = None
    keeps_odd: bool = True


class _Reader:
    def __init__(self, flatbuffer: bytes) -> None:
        if flatbuffer[4:8] != b"TFL3":
            raise RowStreamError("not a TensorFlow Lite model")
        self._model = read_model(flatbuffer)
        if len(self._model.subgraphs) != 1:
            raise RowStreamError(f"the model has {len(self._model.subgraphs)} graphs, and only one can be streamed")
        (self._graph,) = self._model.subgraphs
        self._stages: list[Stage] = []
        self._rows: dict[int, _Rows] = {}
        self._head: dict[str, Any] = {}
        self._last = -1  # tensor that the head has reached

    def plan(self) -> RowStreams:
        graph = self._graph
        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            raise RowStreamError("the model must have one input and one output")
        (source,) = graph.inputs
        self._where = "the input"
        self._int8(source)
        shape = self._shape(source)
        if len(shape) != 4 or not all(0 < size <= _MOST_SIZE for size in shape):
            self._refuse(source, "is not (1, frames, columns, channels)")
        self._rows[source] = _Rows(0)
        takes = {
            "CONV_2D": self._convolution,
            "AVERAGE_POOL_2D": self._pool,
            "CONCATENATION": self._concatenation,
            "MEAN": self._mean,
            "FULLY_CONNECTED": self._fully_connected,
            "SOFTMAX": self._softmax,
        }
        for number, operator in enumerate(graph.operators):
            name = operator_name(self._model, operator)
            self._where = f"operator {number} ({name})"
            if name not in takes:
                self._refuse(operator.outputs[0], f"only {', '.join(takes)} can be streamed")
            takes[name](operator)
        if "softmax_multiplier" not in self._head or self._last != graph.outputs[0]:
            raise RowStreamError("the model does not end with a softmax")
        scale, zero_point = self._quantisation(source)
        return RowStreams(tuple(self._stages), Head(**self._head), float(scale), zero_point)

    # --- operators

    def _convolution(self, operator: Any) -> None:
        source, target = operator.inputs[0], operator.outputs[0]
        options = operator.builtinOptions
        if options.strideH != 1 or options.strideW != 1:
            self._refuse(target, "has strides other than 1")
        if options.dilationHFactor != 1 or options.dilationWFactor != 1:
            self._refuse(target, "is dilated")
        weights = self._constant(operator.inputs[1], np.int8)
        outputs, rows, columns, channels = weights.shape
        if options.padding != schema.Padding.SAME and (rows, columns) != (1, 1):
            self._refuse(target, "is not padded to the 'same' size")
        if max(rows, columns) > _MOST_SIDE or weights[0].size > _MOST_SIZE or outputs > _MOST_SIZE:
            self._refuse(target, f"has a kernel of {rows} x {columns} x {channels} for {outputs} channels: too large")
        if rows % 2 == 0 or columns % 2 == 0:
            self._refuse(target, f"has an even kernel of {rows} x {columns}")
        stage = self._finished(source)
        if channels != self._shape(source)[3]:
            self._refuse(target, f"takes {channels} of {self._shape(source)[3]} channels")
        least, most = self._limits(target, options.fusedActivationFunction)
        bias, multipliers, shifts = self._sums(operator, weights.reshape(outputs, -1), per_channel=True)
        if (shifts > 0).any():
            self._refuse(target, "has sums that are scaled up, and the engine scales down")
        convolution = Convolution(
            weights, bias, multipliers, shifts, self._quantisation(target)[1], least=least, most=most
        )
        self._rows[target] = _Rows(stage, (convolution,))

    def _pool(self, operator: Any) -> None:
        source, target = operator.inputs[0], operator.outputs[0]
        pool = operator.builtinOptions
        before = self._rows.get(source)
        if before is None or len(before.branches) != 1 or before.pool is not None:
            self._refuse(source, "is not a convolution's output, and only those are pooled")
        size = (int(pool.filterHeight), int(pool.filterWidth))
        if size != (pool.strideH, pool.strideW):
            self._refuse(target, "is pooled with strides other than the pool's size")
        if size[0] * size[1] > MOST_POSITIONS or min(size) < 1:
            self._refuse(target, f"averages {size[0]} x {size[1]} values, and {MOST_POSITIONS} are the most")
        same = pool.padding == schema.Padding.SAME
        if same and (size[0] > 2 or (size[1] > 2 and self._shape(source)[2] % size[1])):
            self._refuse(target, "is padded at its beginning, by as much as the clip's length asks for")
        self._same_quantisation(source, target)
        if self._limits(target, pool.fusedActivationFunction) != (-128, 127):
            self._refuse(target, "has an activation, which belongs into the convolution")
        self._rows[target] = _Rows(before.stage, before.branches, size, same)

    def _concatenation(self, operator: Any) -> None:
        target = operator.outputs[0]
        options = operator.builtinOptions
        if options.axis not in (3, -1) or options.fusedActivationFunction:
            self._refuse(target, "is not a concatenation of channels alone")
        parts = []
        for source in operator.inputs:
            rows = self._rows.get(source)
            if rows is None or len(rows.branches) != 1:
                self._refuse(source, "is not a convolution's output, pooled or not, and only those are concatenated")
            self._same_quantisation(source, target)
            parts.append(rows)
        if len({(part.stage, part.pool, part.keeps_odd) for part in parts}) != 1:
            self._refuse(target, "joins rows that are not made of the same rows in the same way")
        branches = tuple(branch for part in parts for branch in part.branches)
        self._rows[target] = _Rows(parts[0].stage, branches, parts[0].pool or (1, 1), parts[0].keeps_odd)

    def _mean(self, operator: Any) -> None:
        source, target = operator.inputs[0], operator.outputs[0]
        axes = sorted(int(axis) % 4 for axis in self._constant(operator.inputs[1], np.int32).reshape(-1))
        if axes != [1, 2]:
            self._refuse(target, f"averages over the axes {axes}, not over rows and columns")
        if self._finished(source) != len(self._stages):
            self._refuse(source, "is not the last feature map")
        (scale, zero_point), (mean_scale, mean_zero_point) = self._quantisation(source), self._quantisation(target)
        self._head["mean_multiplier"] = self._multiplier(target, float(scale) / float(mean_scale))
        self._head["mean_zero_points"] = zero_point, mean_zero_point
        self._last = target

    def _fully_connected(self, operator: Any) -> None:
        source, target = operator.inputs[0], operator.outputs[0]
        if source != self._last or "mean_multiplier" not in self._head or "weights" in self._head:
            self._refuse(source, "is not the mean over the clip")
        weights = self._constant(operator.inputs[1], np.int8)
        if operator.builtinOptions.fusedActivationFunction or operator.builtinOptions.weightsFormat:
            self._refuse(target, "has an activation or shuffled weights")
        if weights.ndim != 2 or weights.shape[1] != self._stages[-1].outputs:
            self._refuse(operator.inputs[1], f"does not take {self._stages[-1].outputs} means")
        bias, multipliers, shifts = self._sums(operator, weights, per_channel=False)
        zero_point = self._quantisation(target)[1]
        self._head |= {"weights": weights, "bias": bias, "multipliers": multipliers, "shifts": shifts}
        self._head["zero_point"] = zero_point
        self._last = target

    def _softmax(self, operator: Any) -> None:
        source, target = operator.inputs[0], operator.outputs[0]
        if source != self._last or "weights" not in self._head or "softmax_multiplier" in self._head:
            self._refuse(source, "is not the fully connected layer's output")
        scale, zero_point = self._quantisation(target)
        if abs(float(scale) - 1 / 256) > 1e-6 or zero_point != -128:
            self._refuse(target, "is not in steps of 1/256 from -128 on")
        # TensorFlow Lite's PreprocessSoftmaxScaling and CalculateInputRadius, with 5 integer bits
        factor = min(operator.builtinOptions.beta * float(self._quantisation(source)[0]) * 2**26, 2.0**31 - 1)
        multiplier, shift = self._multiplier(source, factor)
        if shift < 0:
            self._refuse(source, "has a scale too small for a softmax")
        self._head |= {"softmax_multiplier": multiplier, "softmax_shift": shift}
        self._head["softmax_least"] = -int(np.floor(31.0 * 2**26 / 2**shift))
        self._last = target

    # --- tensors

    def _finished(self, tensor: int) -> int:
        """Number of the stage that takes `tensor`; what was begun on it becomes the stage before."""
        rows = self._rows.get(tensor)
        if rows is None:
            self._refuse(tensor, "is not a feature map that arrives row by row")
        if not rows.branches:
            return rows.stage
        if rows.stage == len(self._stages):
            (source, _), *_ = [(t, r) for t, r in self._rows.items() if r.stage == rows.stage and not r.branches]
            _, _, columns, channels = self._shape(source)
            pool = rows.pool or (1, 1)
            stage = Stage(columns, channels, self._quantisation(source)[1], rows.branches, pool, rows.keeps_odd)
            if (stage.output_columns, stage.outputs) != self._shape(tensor)[2:]:
                self._refuse(tensor, f"is not {stage.output_columns} columns of {stage.outputs} channels")
            self._stages.append(stage)
            self._rows[tensor] = _Rows(rows.stage + 1)
            return rows.stage + 1
        self._refuse(tensor, "is one of several that are made of the same rows, and goes its own way")

    def _sums(self, operator: Any, weights: np.ndarray, *, per_channel: bool) -> tuple[np.ndarray, ...]:
        """Bias with the zero point folded in, multipliers and shifts of a layer with weights (outputs, depth)."""
        source, target = operator.inputs[0], operator.outputs[0]
        scale, zero_point = self._quantisation(source)
        scales, zero_points = self._all_quantisation(operator.inputs[1])
        outputs = len(weights)
        if any(zero_points) or len(scales) not in (1, outputs):
            self._refuse(operator.inputs[1], "is not quantised symmetrically, per channel or as a whole")
        bias = np.zeros(outputs, np.int64)
        if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
            bias += self._constant(operator.inputs[2], np.int32)
        products = weights.astype(np.int64).sum(axis=1)
        bias -= zero_point * products
        largest = np.abs(bias) + 128 * np.abs(weights.astype(np.int64)).sum(axis=1)
        output_scale = float(self._quantisation(target)[0])
        if per_channel or len(scales) > 1:
            factors = [float(scale) * float(one) / output_scale for one in scales]
        else:  # as the reference does: the product is rounded to float32
            factors = [float(scale * scales[0]) / output_scale]
        pairs = [self._multiplier(target, factor) for factor in factors] * (outputs if len(factors) == 1 else 1)
        multipliers, shifts = np.array(pairs).T
        if (largest * 2.0 ** np.maximum(shifts, 0) >= _INT32).any():
            self._refuse(target, "has sums that overflow 32 bits")
        return bias.astype(np.int32), multipliers.astype(np.int32), shifts.astype(np.int8)

    def _multiplier(self, tensor: int, factor: float) -> tuple[int, int]:
        try:
            return quantised_multiplier(factor)
        except ValueError as error:
            self._refuse(tensor, f"has unusable scales: {error}")

    def _limits(self, tensor: int, activation: int) -> tuple[int, int]:
        """Smallest and largest int8 behind an activation."""
        scale, zero_point = self._quantisation(tensor)
        match activation:
            case schema.ActivationFunctionType.NONE:
                return -128, 127
            case schema.ActivationFunctionType.RELU:
                return max(-128, zero_point), 127
            case schema.ActivationFunctionType.RELU6:
                return max(-128, zero_point), min(127, zero_point + round(6 / float(scale)))
        self._refuse(tensor, "has an activation other than ReLU and ReLU6")

    def _shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(int(size) for size in self._tensor(tensor).shape)

    def _tensor(self, tensor: int) -> Any:
        if not 0 <= tensor < len(self._graph.tensors):
            raise RowStreamError(f"{self._where} names tensor {tensor} of {len(self._graph.tensors)}")
        return self._graph.tensors[tensor]

    def _constant(self, tensor: int, dtype: Any) -> np.ndarray:
        table = self._tensor(tensor)
        kind = {schema.TensorType.INT8: np.int8, schema.TensorType.INT32: np.int32}.get(table.type)
        if kind is not dtype:
            self._refuse(tensor, f"is not {np.dtype(dtype).name}: only full-integer models run on a microcontroller")
        data = self._model.buffers[table.buffer].data
        if data is None:
            self._refuse(tensor, "is not constant")
        values = np.asarray(data, np.uint8).tobytes()
        shape = self._shape(tensor)
        if min(shape, default=1) < 1 or len(values) != math.prod(shape) * np.dtype(dtype).itemsize:
            self._refuse(tensor, f"has {len(values)} bytes, which do not fill {shape}")
        return np.frombuffer(values, np.dtype(dtype).newbyteorder("<")).reshape(shape)

    def _int8(self, tensor: int) -> None:
        if self._tensor(tensor).type != schema.TensorType.INT8:
            self._refuse(tensor, "is not int8: only full-integer models run on a microcontroller")

    def _quantisation(self, tensor: int) -> tuple[np.float32, int]:
        self._int8(tensor)
        scales, zero_points = self._all_quantisation(tensor)
        if len(scales) != 1 or not -128 <= zero_points[0] <= 127:
            self._refuse(tensor, "has no single scale and zero point")
        return scales[0], zero_points[0]

    def _all_quantisation(self, tensor: int) -> tuple[np.ndarray, list[int]]:
        table = self._tensor(tensor).quantization
        scales = np.asarray([] if table is None or table.scale is None else table.scale, np.float32)
        zero_points = [] if table is None or table.zeroPoint is None else [int(zero) for zero in table.zeroPoint]
        if len(scales) == 0 or len(scales) != len(zero_points) or not (np.isfinite(scales) & (scales > 0)).all():
            self._refuse(tensor, "has no usable scales")
        return scales, zero_points

    def _same_quantisation(self, one: int, other: int) -> None:
        if self._quantisation(one) != self._quantisation(other):
            self._refuse(other, f"has another scale than {self._name(one)}, and equal ones are needed")

    def _name(self, tensor: int) -> str:
        return f"'{(self._tensor(tensor).name or b'?').decode(errors='replace')}'"

    def _refuse(self, tensor: int, reason: str) -> NoReturn:
        raise RowStreamError(f"{self._where}: tensor {self._name(tensor)} {reason}")
