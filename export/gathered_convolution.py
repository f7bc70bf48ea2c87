"""Convolutions of one channel as matrix products: the same sums, for a fraction of the time.

XNNPACK pads the channels of each tap of an int8 convolution to four or eight, so that a convolution of one channel, as
the network's first three are, spends most of its time on padding. Here its taps become its channels: the input is
shifted once for each tap, the shifted copies are stacked, their channels put last, and a convolution of 1 x 1 has the
same weights.
"""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from sernet.export.flatbuffer import read_model
from sernet.export.graph_builder import ChangedGraph, ModelBuilder

_MOST_JOINED = 5
"""Inputs of a concatenation that XNNPACK takes."""

_GATHERING = ("PAD", "RESHAPE", "STRIDED_SLICE", "CONCATENATION", "TRANSPOSE")
"""Operators that `_Gathering` adds."""


def with_gathered_convolutions(flatbuffer: bytes) -> bytes:
    """The model with the taps of its int8 convolutions of one channel as channels: for clips of any length, too."""
    model = ModelBuilder.of(read_model(flatbuffer))
    for number in range(len(model.model.subgraphs)):
        _Gathering(model, number).run()
    return model.to_bytes()


def with_plain_convolutions(flatbuffer: bytes) -> bytes:
    """The opposite of `with_gathered_convolutions`."""
    model = ModelBuilder.of(read_model(flatbuffer))
    for number in range(len(model.model.subgraphs)):
        _Undoing(model, number).run()
    return model.to_bytes()


class _Gathering(ChangedGraph):
    def run(self) -> None:
        for operator in self.take_operators():
            if self.kind(operator) == "CONV_2D" and self._is_of_one_channel(operator):
                self._gather(operator)
            self.put(operator)

    def _is_of_one_channel(self, operator: schema.OperatorT) -> bool:
        features, weights, *_ = operator.inputs
        options = operator.builtinOptions
        steps = (options.strideH, options.strideW, options.dilationHFactor, options.dilationWFactor)
        return self.is_integer(features) and self.shape(weights)[3] == 1 and steps == (1, 1, 1, 1)

    def _gather(self, operator: schema.OperatorT) -> None:
        """Let the convolution see its taps as channels.

        Rows lie behind each other, each with room for the columns beyond its ends: so a tap is one stretch of memory.
        """
        features, weights = int(operator.inputs[0]), int(operator.inputs[1])
        filters, rows, columns, _ = self.shape(weights)
        around = (rows - 1, columns - 1) if operator.builtinOptions.padding == schema.Padding.SAME else (0, 0)
        padded = self._padded(features, *around, surplus=int(columns > 1))
        one, height, pitch, channels = self.shape(padded)
        height -= rows - 1 + int(columns > 1)
        flat = self._reshaped(padded, (one, -1, 1, channels))
        beyond = self.shape(flat)[1] - height * pitch
        starts = [row * pitch + column for row in range(rows) for column in range(columns)]
        taps = [self._cut(flat, 1, start, beyond - start) for start in starts]
        while len(taps) > 1:
            taps = [self._stacked(taps[first : first + _MOST_JOINED]) for first in range(0, len(taps), _MOST_JOINED)]
        gathered = self._reshaped(self._with_channels_last(taps[0]), (one, -1, pitch, rows * columns))
        operator.inputs = [self._cut(gathered, 2, 0, columns - 1), *operator.inputs[1:]]
        operator.builtinOptions.padding = schema.Padding.VALID
        self.reshape(weights, (filters, 1, 1, rows * columns))  # the same weights in the same order

    def _padded(self, tensor: int, rows: int, columns: int, surplus: int) -> int:
        """With real zeros around, and `surplus` rows more below."""
        widths = [(rows // 2, rows - rows // 2 + surplus), (columns // 2, columns - columns // 2)]
        if widths == [(0, 0), (0, 0)]:
            return tensor
        widths = [(0, 0), *widths, (0, 0)]
        shape = tuple(size + sum(width) for size, width in zip(self.shape(tensor), widths, strict=True))
        amounts = self.constant("widths", np.array(widths, np.int32))
        output = self.tensor(f"padded_{tensor}", shape, tensor)
        return self.add("PAD", [tensor, amounts], output, schema.PadOptionsT(), 2)

    def _reshaped(self, tensor: int, shape: tuple[int, ...]) -> int:
        """The same values in the same order; one size may be left open, as -1."""
        options = schema.ReshapeOptionsT()
        options.newShape = list(shape)
        known = -int(np.prod(shape))
        whole = tuple(int(np.prod(self.shape(tensor))) // known if size < 0 else size for size in shape)
        sizes = self.constant("shape", np.array(shape, np.int32))
        return self.add("RESHAPE", [tensor, sizes], self.tensor(f"reshaped_{tensor}", whole, tensor), options)

    def _cut(self, tensor: int, axis: int, before: int, behind: int) -> int:
        """Without so many values at both ends of an axis."""
        if before == behind == 0:
            return tensor
        shape = self.shape(tensor)
        options = schema.StridedSliceOptionsT()
        options.beginMask = 0b1111 & ~(1 << axis)
        options.endMask = options.beginMask | (1 << axis if behind == 0 else 0)
        options.ellipsisMask = options.newAxisMask = options.shrinkAxisMask = 0
        ends = [[amount if each == axis else 0 for each in range(4)] for amount in (before, -behind)]
        limits = [self.constant("limit", np.array(values, np.int32)) for values in (*ends, [1] * 4)]
        left = tuple(size - before - behind if each == axis else size for each, size in enumerate(shape))
        output = self.tensor(f"from_{before}_of_{tensor}", left, tensor)
        return self.add("STRIDED_SLICE", [tensor, *limits], output, options, 2)

    def _stacked(self, tensors: list[int]) -> int:
        """Along the first axis."""
        if len(tensors) == 1:
            return tensors[0]
        options = schema.ConcatenationOptionsT()
        options.axis, options.fusedActivationFunction = 0, schema.ActivationFunctionType.NONE
        shape = (sum(self.shape(tensor)[0] for tensor in tensors), *self.shape(tensors[0])[1:])
        output = self.tensor(f"stack_of_{tensors[0]}", shape, tensors[0])
        return self.add("CONCATENATION", tensors, output, options, 2)

    def _with_channels_last(self, stack: int) -> int:
        taps, rows, columns, one = self.shape(stack)
        output = self.tensor(f"gathered_{stack}", (one, rows, columns, taps), stack)
        order = self.constant("order", np.array([3, 1, 2, 0], np.int32))
        return self.add("TRANSPOSE", [stack, order], output, schema.TransposeOptionsT(), 2)


class _Undoing(ChangedGraph):
    def run(self) -> None:
        operators = self.take_operators()
        makers = {int(operator.outputs[0]): operator for operator in operators}
        for operator in operators:
            if self.kind(operator) == "CONV_2D":
                chain = self._chain(operator, makers)
                if "TRANSPOSE" in map(self.kind, chain):
                    self._undo(operator, chain)
        self.put_used(operators)

    def _chain(self, operator: schema.OperatorT, makers: dict[int, schema.OperatorT]) -> list[schema.OperatorT]:
        """What gathers the last tap of a convolution's input, the last operator first; empty where nothing does."""
        chain = []
        index = int(operator.inputs[0])
        while (maker := makers.get(index)) is not None and self._gathers(maker):
            chain.append(maker)
            index = int(maker.inputs[-1 if self.kind(maker) == "CONCATENATION" else 0])
        return chain

    def _gathers(self, operator: schema.OperatorT) -> bool:
        kind = self.kind(operator)
        return kind in _GATHERING and (kind != "CONCATENATION" or operator.builtinOptions.axis == 0)

    def _undo(self, operator: schema.OperatorT, chain: list[schema.OperatorT]) -> None:
        """Let the convolution see what its taps were gathered from."""
        filters, *_, taps = self.shape(operator.inputs[1])
        kinds, first = [self.kind(one) for one in chain], chain[-1]
        cuts = [one for one in chain[kinds.index("TRANSPOSE") :] if self.kind(one) == "STRIDED_SLICE"]
        start = int(self.values(cuts[0].inputs[1])[1]) if cuts else 0  # of the last tap
        pitch = self.shape(first.outputs[0] if kinds[-1] == "PAD" else first.inputs[0])[2]
        rows, columns = start // pitch + 1, start % pitch + 1
        assert rows * columns == taps, "taps were gathered by `_Gathering`"
        around = self.values(first.inputs[1]).reshape(4, 2)[1:3].sum() - int(columns > 1) if kinds[-1] == "PAD" else 0
        operator.builtinOptions.padding = schema.Padding.SAME if around else schema.Padding.VALID
        operator.inputs = [first.inputs[0], *operator.inputs[1:]]
        self.reshape(operator.inputs[1], (filters, rows, columns, 1))
