"""From a whole-clip .tflite to one that streams: the same kernels and numbers, a block of rows at a time.

Time is the row axis. Each layer computes a row as soon as the rows that it looks ahead to have been heard, and keeps as
state the rows that it will look back to. The same idea for other networks: Rybakov et al., Streaming keyword spotting
on mobile devices, Interspeech 2020.

A layer's rows before the clip's first and after its last one must be zero, as in the whole-clip network, where each
layer is padded with zeros of its own; what it would compute there is something else. Masks take them out. And where the
last pair of rows that are averaged lacks one, the other stands for both.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from sernet.export.flatbuffer import operator_name, operators, read_model
from sernet.export.gathered_convolution import with_gathered_convolutions, with_plain_convolutions
from sernet.export.graph_builder import CarryingGraph, ModelBuilder
from sernet.runtime.bundle import Bundle, pack_bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.stream_plan import ANSWER, BLOCK, STREAM, Rows, StreamPlan

_NO_ACTIVATION = schema.ActivationFunctionType.NONE


class StreamError(SernetError):
    """A network that cannot be made to stream."""


@dataclass(frozen=True)
class _Streamed:
    """A tensor of the new graph, and which rows of the whole clip it holds."""

    tensor: int
    rows: Rows


def streaming_model(flatbuffer: bytes, window_frames: int | None = None) -> tuple[bytes, StreamPlan]:
    """The streaming form of a network, and what a caller must know to feed it.

    Signature ``stream`` takes

    - ``features``: (1, `BLOCK`, feature_count, 1), zeros where the clip has ended;
    - ``state_*``: what it gave as ``next_*`` before; real zeros at the start (shapes: `StreamPlan.states`);
    - ``valid_*``: (1, rows, 1, 1), 1 for rows inside the clip and 0 for others;
    - ``source_*``: (rows,), int32: which row stands for each row, itself but at the end;
    - ``window``: (1, rows, columns, channels), the last rows of the last feature map so far;

    and gives ``next_*``, ``row``, the newest row of the last feature map, ``next_window``, the window with that row at
    its end, and ``probabilities`` of that window. Signature ``answer`` takes ``rows``, any number of rows of the last
    feature map, and gives their ``probabilities``.

    Between float32 input and output all these are float32 too, but for ``source_*``.

    Args:
        flatbuffer: a converted network, in any format.
        window_frames: frames of the window; None takes those of the network's input.

    Raises:
        StreamError: an operator that is not known to stream.
    """
    plain = with_plain_convolutions(flatbuffer)
    streamer = _Streamer(plain)
    plan = streamer.run(window_frames)
    streaming = streamer.model.to_bytes()
    gathered = operators(plain) != operators(flatbuffer)
    return with_gathered_convolutions(streaming) if gathered else streaming, plan


def streaming_bundle(whole: Bundle, window_frames: int | None = None) -> Bundle:
    """The streaming form of a bundle, which says the same of itself; see `streaming_model`."""
    model, plan = streaming_model(whole.model, window_frames)
    manifest = replace(whole.manifest, input_kind="stream", stream=plan)
    return Bundle(manifest, pack_bundle(model, manifest))


class _Streamer:
    """Carries a network over, operator by operator."""

    def __init__(self, flatbuffer: bytes) -> None:
        self._source = read_model(flatbuffer)
        (self._graph,) = self._source.subgraphs
        self.model = ModelBuilder("Light-SERNet, streaming")
        self._new = _StreamGraph(self.model, STREAM, self._source)
        self._streamed: dict[int, _Streamed] = {}
        self._heard: dict[int, _Streamed] = {}  # by the source's tensor, what its convolutions see
        self._states: list[tuple[int, ...]] = []
        self._masks: dict[Rows, int] = {}
        self._sources: dict[Rows, int] = {}

    def run(self, window_frames: int | None) -> StreamPlan:
        """Build both graphs."""
        new, operators = self._new, self._graph.operators
        kinds = [operator_name(self._source, operator) for operator in operators]
        if kinds.count("MEAN") != 1:
            raise StreamError("a network streams when it ends with one average over all rows; this one does not")
        features = self._tensor(self._graph.inputs[0])
        if features.type == schema.TensorType.INT16:
            raise StreamError("the network cannot stream with activations in int16: export it in int8, or with floats")
        frames, count = (int(size) for size in features.shape[1:3])
        own = new.input("features", new.tensor("features", (1, BLOCK, count, 1), features))
        self._streamed[self._graph.inputs[0]] = _Streamed(own, Rows(1, 0, BLOCK))
        head = kinds.index("MEAN")
        for operator, kind in zip(operators[:head], kinds[:head], strict=True):
            self._carry(operator, kind)
        last = self._streamed[operators[head].inputs[0]]
        if last.rows.count != 1:
            raise StreamError(f"{BLOCK} frames make {last.rows.count} rows of the last feature map instead of one")
        columns, channels = new.shape(last.tensor)[2:]
        window = last.rows.in_clip(window_frames or frames)
        self._answer_window(last.tensor, operators[head:], (1, window, columns, channels))
        self._answer_rows(operators[head:], (1, window, columns, channels))
        return StreamPlan(
            states=tuple(self._states),
            masks=tuple(self._masks),
            sources=tuple(self._sources),
            row=last.rows,
            window=(window, columns, channels),
        )

    def _tensor(self, index: int) -> schema.TensorT:
        return self._graph.tensors[index]

    def _carry(self, operator: schema.OperatorT, kind: str) -> None:
        """Add the streaming form of one operator."""
        forms: dict[str, Callable[[schema.OperatorT], _Streamed]] = {
            "CONV_2D": self._convolution,
            "AVERAGE_POOL_2D": self._pool,
            "DEPTHWISE_CONV_2D": self._pool,  # as `single_partition` writes it, with the next two
            "STRIDED_SLICE": self._last_row,
            "CONCATENATION": self._concatenation,
            "QUANTIZE": self._quantisation,
        }
        (output,) = operator.outputs
        if not any(index in self._streamed for index in operator.inputs):
            return  # made of constants: taken along where it is needed
        if kind in forms:
            self._streamed[output] = forms[kind](operator)
        else:
            raise StreamError(f"the network cannot stream: {kind} ({self._tensor(output).name.decode()})")

    def _convolution(self, operator: schema.OperatorT) -> _Streamed:
        features, weights, *_ = operator.inputs
        options, output = operator.builtinOptions, self._tensor(operator.outputs[0])
        steps = (options.strideH, options.strideW, options.dilationHFactor, options.dilationWFactor)
        if options.padding != schema.Padding.SAME or steps != (1, 1, 1, 1):
            raise StreamError("the network cannot stream: a convolution without padding 'same', or with a stride")
        height, width = (int(size) for size in self._tensor(weights).shape[1:3])
        heard, block = self._hear(features), self._streamed[features].rows
        reach = self._reach(features)
        end = (block.offset + block.count - reach.ahead) // reach.step * reach.step
        rows = Rows(block.frames, end - block.count, block.count)
        first = rows.offset - (height - 1) // 2 - heard.rows.offset
        seen = self._new.rows_of(heard.tensor, first, rows.count + height - 1)
        seen = self._new.padded(seen, (width - 1) // 2, width // 2)
        operator = _changed(operator, builtinOptions=_changed(options, padding=schema.Padding.VALID))
        return _Streamed(self._new.copy(operator, {features: seen}, (1, rows.count, *output.shape[2:])), rows)

    def _hear(self, source: int) -> _Streamed:
        """What the convolutions of a tensor see: the rows of a block, and before them those that are kept."""
        if source not in self._heard:
            own, reach = self._streamed[source], self._reach(source)
            self._heard[source] = self._kept(own, reach) if reach.ahead or reach.back or reach.step > 1 else own
        return self._heard[source]

    def _kept(self, own: _Streamed, reach: "_Reach") -> _Streamed:
        new, rows = self._new, own.rows
        first = (rows.offset + rows.count - reach.ahead) // reach.step * reach.step - rows.count - reach.back
        kept = rows.offset - first
        number, shape = len(self._states), (1, kept, *new.shape(own.tensor)[2:])
        self._states.append(shape)
        state = new.state(f"state_{number}", shape, own.tensor)
        masked = own.tensor if rows.frames == 1 else self._masked(own)  # frames after the end are zeros already
        heard = new.joined(f"heard_{number}", [state, masked])
        new.given(f"next_{number}", new.rows_of(heard, rows.count, kept))
        return _Streamed(heard, Rows(rows.frames, first, kept + rows.count))

    def _masked(self, streamed: _Streamed) -> int:
        new, rows = self._new, streamed.rows
        if rows not in self._masks:
            self._masks[rows] = new.mask(f"valid_{len(self._masks)}", (1, rows.count, 1, 1), streamed.tensor)
        options = schema.MulOptionsT()
        options.fusedActivationFunction = _NO_ACTIVATION
        output = new.tensor(f"masked_{streamed.tensor}", new.shape(streamed.tensor), streamed.tensor)
        return new.add("MUL", [streamed.tensor, self._masks[rows]], output, options, new.version(output))

    def _reach(self, source: int) -> "_Reach":
        """Of all convolutions of a tensor together, so that what they give stays side by side."""
        ahead, back, step = 0, 0, 1
        for operator in self._graph.operators:
            if source in operator.inputs and operator_name(self._source, operator) == "CONV_2D":
                height = int(self._tensor(operator.inputs[1]).shape[1])
                ahead, back = max(ahead, height // 2), max(back, (height - 1) // 2)
                step = max(step, self._averaged_rows(operator.outputs[0]))
        return _Reach(ahead, back, step)

    def _averaged_rows(self, source: int) -> int:
        """How many rows of a tensor are averaged into one."""
        for operator in self._graph.operators:
            if source in operator.inputs:
                kind = operator_name(self._source, operator)
                if kind in ("AVERAGE_POOL_2D", "DEPTHWISE_CONV_2D"):
                    return operator.builtinOptions.strideH
                if kind == "CONCATENATION" and operator.builtinOptions.axis == 1:
                    return self._averaged_rows(operator.outputs[0])
        return 1

    def _last_row(self, operator: schema.OperatorT) -> _Streamed:
        """Kept twice by the whole-clip network where it has no partner; here `_with_sources` sees to that."""
        return self._streamed[operator.inputs[0]]

    def _pool(self, operator: schema.OperatorT) -> _Streamed:
        source, options = self._streamed[operator.inputs[0]], operator.builtinOptions
        rows, step = source.rows, options.strideH
        depthwise = len(operator.inputs) > 1
        height = int(self._tensor(operator.inputs[1]).shape[1]) if depthwise else options.filterHeight
        wanted = schema.Padding.VALID if depthwise else schema.Padding.SAME
        if options.padding != wanted or height != step or step not in (1, 2):
            raise StreamError("the network cannot stream: a pool of more than two rows, or that overlaps")
        tensor = source.tensor
        if step == 2:
            tensor = self._with_sources(source)
        output = self._tensor(operator.outputs[0])
        shape = (1, rows.count // step, *output.shape[2:])
        pooled = self._new.copy(operator, {operator.inputs[0]: tensor}, shape)
        return _Streamed(pooled, Rows(rows.frames * step, rows.offset // step, rows.count // step))

    def _with_sources(self, streamed: _Streamed) -> int:
        new, rows = self._new, streamed.rows
        if rows not in self._sources:
            name = f"source_{len(self._sources)}"
            self._sources[rows] = new.input(name, new.tensor(name, (rows.count,), "int32"))
        options = schema.GatherOptionsT()
        options.axis, options.batchDims = 1, 0
        output = new.tensor(f"gathered_{streamed.tensor}", new.shape(streamed.tensor), streamed.tensor)
        return new.add("GATHER", [streamed.tensor, self._sources[rows]], output, options, new.version(output))

    def _concatenation(self, operator: schema.OperatorT) -> _Streamed:
        if operator.builtinOptions.axis == 1:
            return self._streamed[operator.inputs[0]]
        parts = {index: self._streamed[index] for index in operator.inputs}
        (rows,) = {part.rows for part in parts.values()}  # `_reach` sees to it
        output = self._tensor(operator.outputs[0])
        inputs = {index: part.tensor for index, part in parts.items()}
        return _Streamed(self._new.copy(operator, inputs, (1, rows.count, *output.shape[2:])), rows)

    def _quantisation(self, operator: schema.OperatorT) -> _Streamed:
        source = self._streamed[operator.inputs[0]]
        inputs = {operator.inputs[0]: source.tensor}
        return _Streamed(self._new.copy(operator, inputs, self._new.shape(source.tensor)), source.rows)

    def _answer_window(self, row: int, head: Sequence[schema.OperatorT], shape: tuple[int, ...]) -> None:
        """The newest row, the window up to it, and its probabilities, as outputs."""
        new = self._new
        before = new.state("window", shape, row)
        joined = new.joined("rows", [before, row])
        window = new.rows_of(joined, 1, shape[1])
        new.given("row", row)
        new.given("next_window", window)
        new.output("probabilities", new.copy_all(head, window))

    def _answer_rows(self, head: Sequence[schema.OperatorT], shape: tuple[int, ...]) -> None:
        """The second graph."""
        new = _StreamGraph(self.model, ANSWER, self._source)
        rows = new.state("rows", shape, self._tensor(head[0].inputs[0]), open_axis=1)
        new.output("probabilities", new.copy_all(head, rows))


@dataclass(frozen=True)
class _Reach:
    """Rows that are seen ahead and back, and how many are averaged afterwards."""

    ahead: int
    back: int
    step: int


class _StreamGraph(CarryingGraph):
    """A graph that takes over operators of the whole-clip one, with inputs and outputs of the same type as its."""

    def state(self, name: str, shape: tuple[int, ...], like: Any, open_axis: int | None = None) -> int:
        """A new input that holds values like those of a tensor; float32 where the network's ends are."""
        inner = self.tensor(name, shape, like, open_axis)
        if not (self.has_float_ends and self.is_integer(inner)):
            return self.input(name, inner)
        outer = self.input(name, self.tensor(f"{name}_float", shape, "float32", open_axis))
        return self.add("QUANTIZE", [outer], inner, schema.QuantizeOptionsT())

    def mask(self, name: str, shape: tuple[int, ...], like: int) -> int:
        """A new input of ones and zeros that `like` can be multiplied with."""
        if not self.is_integer(like):
            return self.input(name, self.tensor(name, shape, "float32"))
        ones = schema.TensorT()
        ones.type, ones.quantization = schema.TensorType.INT8, schema.QuantizationParametersT()
        ones.quantization.scale, ones.quantization.zeroPoint = [1.0], [0]
        return self.state(name, shape, ones)

    def given(self, name: str, tensor: int) -> int:
        """Make a tensor an output; as float32 where the network's ends are."""
        if not (self.has_float_ends and self.is_integer(tensor)):
            return self.output(name, tensor)
        outer = self.tensor(f"{name}_float", self.shape(tensor), "float32")
        return self.output(name, self.add("DEQUANTIZE", [tensor], outer, schema.DequantizeOptionsT(), 2))

    def joined(self, name: str, tensors: list[int]) -> int:
        """The rows of tensors of the same quantisation, one behind the other."""
        shape = self.shape(tensors[0])
        rows = sum(self.shape(tensor)[1] for tensor in tensors)
        options = schema.ConcatenationOptionsT()
        options.axis, options.fusedActivationFunction = 1, _NO_ACTIVATION
        output = self.tensor(name, (1, rows, *shape[2:]), tensors[-1])
        return self.add("CONCATENATION", tensors, output, options, self.version(output))

    def rows_of(self, tensor: int, first: int, count: int) -> int:
        """Some rows of a tensor."""
        shape = self.shape(tensor)
        if (first, count) == (0, shape[1]):
            return tensor
        begin = self.constant(f"from_{first}", np.array([0, first, 0, 0], np.int32))
        size = self.constant(f"rows_{count}", np.array([1, count, *shape[2:]], np.int32))
        output = self.tensor(f"rows_{first}_{count}_of_{tensor}", (1, count, *shape[2:]), tensor)
        return self.add("SLICE", [tensor, begin, size], output, schema.SliceOptionsT(), self.version(output))

    def padded(self, tensor: int, left: int, right: int) -> int:
        """A tensor with real zeros beside its columns."""
        if left == right == 0:
            return tensor
        one, rows, columns, channels = self.shape(tensor)
        widths = self.constant("padding", np.array([[0, 0], [0, 0], [left, right], [0, 0]], np.int32))
        output = self.tensor(f"padded_{tensor}", (one, rows, left + columns + right, channels), tensor)
        return self.add("PAD", [tensor, widths], output, schema.PadOptionsT(), self.version(output))

    def version(self, tensor: int) -> int:
        """Of an operator that knew float32 first and int8 later."""
        return 2 if self.is_integer(tensor) else 1


def _changed(one: Any, **values: Any) -> Any:
    """A copy with other values."""
    changed = copy.copy(one)
    for name, value in values.items():
        setattr(changed, name, value)
    return changed
