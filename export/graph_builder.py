"""Building .tflite graphs by hand, with LiteRT's own schema: what no converter writes for us."""

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from sernet.export.flatbuffer import operator_name

ALIGNMENT = 16
"""Bytes: where a constant's data may begin; microcontrollers read it in place."""

_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "int32": schema.TensorType.INT32,
    "int8": schema.TensorType.INT8,
}


class ModelBuilder:
    """A model under construction: graphs that share their constants' data."""

    def __init__(self, description: str) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = description
        self.model.buffers = [schema.BufferT()]  # buffer 0 is the empty one
        self.model.operatorCodes, self.model.subgraphs, self.model.signatureDefs = [], [], []
        self._buffers: dict[bytes, int] = {}
        self._codes: dict[tuple[str, int], int] = {}

    @classmethod
    def of(cls, model: schema.ModelT) -> "ModelBuilder":
        """Another model, to be changed: its constants' data are aligned anew."""
        builder = cls("")
        builder.model = model
        model.buffers = [_aligned(buffer) for buffer in model.buffers]
        return builder

    def buffer(self, data: bytes) -> int:
        """Index of the buffer that holds these bytes."""
        if data not in self._buffers:
            one = _AlignedBuffer()
            one.data = np.frombuffer(data, np.uint8)
            self._buffers[data] = len(self.model.buffers)
            self.model.buffers.append(one)
        return self._buffers[data]

    def operator_code(self, name: str, version: int) -> int:
        """Index of the entry for an operator, by its name in the schema."""
        if (name, version) not in self._codes:
            code = schema.OperatorCodeT()
            code.builtinCode = getattr(schema.BuiltinOperator, name)
            code.deprecatedBuiltinCode = min(code.builtinCode, schema.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES)
            code.version = version
            self._codes[name, version] = len(self.model.operatorCodes)
            self.model.operatorCodes.append(code)
        return self._codes[name, version]

    def to_bytes(self) -> bytes:
        """The flatbuffer."""
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


class GraphBuilder:
    """One graph of a model: tensors and operators in the order of execution, and a signature that names its ends."""

    def __init__(self, parent: ModelBuilder, name: str) -> None:
        self._parent = parent
        self._graph = schema.SubGraphT()
        self._graph.name = name
        self._graph.tensors, self._graph.operators = [], []
        self._signature = schema.SignatureDefT()
        self._signature.signatureKey = name
        self._signature.subgraphIndex = len(parent.model.subgraphs)
        self._signature.inputs, self._signature.outputs = [], []
        parent.model.subgraphs.append(self._graph)
        parent.model.signatureDefs.append(self._signature)
        self._constants: dict[tuple[Any, ...], int] = {}

    def input(self, name: str, tensor: int) -> int:
        """Make a tensor an input, called `name` in the signature."""
        self._signature.inputs.append(_named(name, tensor))
        self._graph.inputs = [entry.tensorIndex for entry in self._signature.inputs]
        return tensor

    def output(self, name: str, tensor: int) -> int:
        """Make a tensor an output, called `name` in the signature."""
        self._signature.outputs.append(_named(name, tensor))
        self._graph.outputs = [entry.tensorIndex for entry in self._signature.outputs]
        return tensor

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Of a tensor of this graph."""
        return tuple(int(size) for size in self._graph.tensors[tensor].shape)

    def tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        like: Any,
        open_axis: int | None = None,
    ) -> int:
        """A new tensor, with type and quantisation of another one, or of a numpy type without quantisation.

        `open_axis` is one whose size the interpreter may change.
        """
        one = schema.TensorT()
        one.name, one.shape, one.buffer = name, list(shape), 0
        if open_axis is not None:
            one.shapeSignature = [-1 if axis == open_axis else size for axis, size in enumerate(shape)]
        one.type, one.quantization = self._kind(like)
        return self._append(one)

    def constant(self, name: str, values: np.ndarray) -> int:
        """A tensor of fixed values, not quantised; the one that is there already, where they are the same."""
        key = values.dtype.name, values.shape, values.tobytes()
        if key not in self._constants:
            one = schema.TensorT()
            one.name, one.shape, one.type = name, list(values.shape), _TYPES[values.dtype.name]
            one.buffer = self._parent.buffer(values.tobytes())
            self._constants[key] = self._append(one)
        return self._constants[key]

    def carried(self, tensor: schema.TensorT, data: bytes) -> int:
        """A constant of another model."""
        one = schema.TensorT()
        one.name, one.shape, one.type = tensor.name, tensor.shape, tensor.type
        one.quantization, one.buffer = tensor.quantization, self._parent.buffer(data)
        return self._append(one)

    def add(
        self,
        operator: str,
        inputs: list[int],
        output: int,
        options: Any = None,
        version: int = 1,
    ) -> int:
        """Append an operator with one output, which is returned; `options` is the schema's object for it."""
        one = schema.OperatorT()
        one.opcodeIndex = self._parent.operator_code(operator, version)
        one.inputs, one.outputs = inputs, [output]
        if options is not None:
            one.builtinOptions = options
            one.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self._graph.operators.append(one)
        return output

    def scale(self, tensor: int) -> float:
        """Of a quantised tensor, one for all of it."""
        (scale,) = self._graph.tensors[tensor].quantization.scale
        return float(scale)

    def is_integer(self, tensor: int) -> bool:
        """Whether a tensor holds int8."""
        return self._graph.tensors[tensor].type == schema.TensorType.INT8

    def _kind(self, like: Any) -> tuple[int, Any]:
        """Type and quantisation; see `tensor`."""
        if isinstance(like, str):
            return _TYPES[like], None
        tensor = self._graph.tensors[like] if isinstance(like, int) else like
        return tensor.type, tensor.quantization

    def _append(self, tensor: schema.TensorT) -> int:
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1


class ChangedGraph(GraphBuilder):
    """A graph of a model whose operators are put back one by one, changed or with others before them."""

    def __init__(self, parent: ModelBuilder, number: int) -> None:
        self._parent = parent
        self._graph = parent.model.subgraphs[number]
        self._constants = {}

    def take_operators(self) -> list[schema.OperatorT]:
        """All operators, in order; the graph has none until they are put back."""
        operators, self._graph.operators = self._graph.operators, []
        return operators

    def put(self, operator: schema.OperatorT) -> None:
        """Append an operator that was taken."""
        self._graph.operators.append(operator)

    def put_used(self, operators: Sequence[schema.OperatorT]) -> None:
        """Append those operators that the graph's outputs depend on."""
        wanted, kept = set(self._graph.outputs), []
        for operator in reversed(operators):
            if wanted.intersection(operator.outputs):
                wanted.update(operator.inputs)
                kept.append(operator)
        self._graph.operators.extend(reversed(kept))

    def kind(self, operator: schema.OperatorT) -> str:
        """For example ``CONV_2D``."""
        return operator_name(self._parent.model, operator)

    def values(self, tensor: int) -> np.ndarray:
        """Of a constant in int32."""
        data = self._parent.model.buffers[self._graph.tensors[tensor].buffer].data
        return np.asarray(data, np.uint8).view(np.int32)

    def reshape(self, tensor: int, shape: tuple[int, ...]) -> None:
        """Give a constant another shape, its values in the same order."""
        self._graph.tensors[tensor].shape = list(shape)


class CarryingGraph(GraphBuilder):
    """A graph that takes over operators and constants of another model's, which has one graph."""

    def __init__(self, parent: ModelBuilder, name: str, source: schema.ModelT) -> None:
        super().__init__(parent, name)
        self.carry_from(source)

    def carry_from(self, source: schema.ModelT) -> None:
        """From now on, take over operators of this model."""
        self._source = source
        (self._before,) = source.subgraphs
        self._known: dict[int, int] = {}

    @property
    def has_float_ends(self) -> bool:
        """Whether the other model takes and gives float32."""
        return self._before.tensors[self._before.inputs[0]].type == schema.TensorType.FLOAT32

    def stand_for(self, before: int, tensor: int) -> None:
        """From now on, take a tensor of this graph for one of the other's."""
        self._known[before] = tensor

    def standing_for(self, before: int) -> int:
        """The tensor of this graph that stands for one of the other's."""
        return self._known[before]

    def copy(self, operator: schema.OperatorT, inputs: dict[int, int], shape: Sequence[int]) -> int:
        """The same operator with other inputs where `inputs` says so; its output has another shape."""
        tensors = [inputs[index] if index in inputs else self._known_tensor(index) for index in operator.inputs]
        before = self._before.tensors[operator.outputs[0]]
        output = self.tensor(before.name.decode(), tuple(int(size) for size in shape), before)
        code = self._source.operatorCodes[operator.opcodeIndex]
        name = operator_name(self._source, operator)
        self._known[operator.outputs[0]] = self.add(name, tensors, output, operator.builtinOptions, code.version)
        return output

    def copy_all(self, operators: Sequence[schema.OperatorT], tensor: int) -> int:
        """Operators in order, the first one with `tensor` as its first input; the last one's output."""
        self.stand_for(operators[0].inputs[0], tensor)
        for operator in operators:
            tensor = self.copy(operator, {}, self._before.tensors[operator.outputs[0]].shape)
        return tensor

    def carry_all(self, tensor: int) -> int:
        """All of the other graph, with `tensor` as its input; its output."""
        self.stand_for(self._before.inputs[0], tensor)
        for operator in self._before.operators:
            self.copy(operator, {}, self._before.tensors[operator.outputs[0]].shape)
        return self.standing_for(self._before.outputs[0])

    def _known_tensor(self, index: int) -> int:
        """The tensor of this graph that stands for one of the other; what is made of constants alone is taken along."""
        if index < 0:  # an input that is left out
            return index
        if index not in self._known:
            before = self._before.tensors[index]
            data = self._source.buffers[before.buffer].data
            if data is None:  # for example a weight in float16, which an operator makes float32 of
                (maker,) = (one for one in self._before.operators if index in one.outputs)
                return self.copy(maker, {}, before.shape)
            self._known[index] = self.carried(before, np.asarray(data, np.uint8).tobytes())
        return self._known[index]


class _AlignedBuffer(schema.BufferT):
    """A buffer whose data begins at a multiple of `ALIGNMENT` bytes, which the generated code does not see to."""

    def Pack(self, builder: flatbuffers.Builder) -> int:
        assert self.data is not None
        builder.StartVector(1, len(self.data), ALIGNMENT)
        head = builder.Head() - len(self.data)
        builder.head = head
        builder.Bytes[head : head + len(self.data)] = self.data.tobytes()
        data = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)


def _aligned(buffer: schema.BufferT) -> schema.BufferT:
    if buffer.data is None or len(buffer.data) == 0:
        return buffer
    one = _AlignedBuffer()
    one.data = np.asarray(buffer.data, np.uint8)
    return one


def _named(name: str, tensor: int) -> schema.TensorMapT:
    one = schema.TensorMapT()
    one.name, one.tensorIndex = name, tensor
    return one
