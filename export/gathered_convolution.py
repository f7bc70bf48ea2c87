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
        """Let the convolution see its taps as channels."""
        features, weights = int(operator.inputs[0]), int(operator.inputs[1])
        filters, rows, columns, _ = self.shape(weights)
        if operator.builtinOptions.padding == schema.Padding.SAME:
            features = self._padded(features, rows - 1, columns - 1)
        taps = [
            self._shifted(features, (row, column), (rows - 1 - row, columns - 1 - column))
            for row in range(rows)
            for column in range(columns)
        ]
        while len(taps) > 1:
            taps = [self._stacked(taps[first : first + _MOST_JOINED]) for first in range(0, len(taps), _MOST_JOINED)]
        operator.inputs = [self._with_channels_last(taps[0]), *operator.inputs[1:]]
        operator.builtinOptions.padding = schema.Padding.VALID
        self.reshape(weights, (filters, 1, 1, rows * columns))  # the same weights in the same order

    def _padded(self, tensor: int, rows: int, columns: int) -> int:
        """With real zeros around."""
        widths = [(0, 0), (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2), (0, 0)]
        shape = tuple(size + sum(width) for size, width in zip(self.shape(tensor), widths, strict=True))
        output = self.tensor(f"padded_{tensor}", shape, tensor)
        return self.add(
            "PAD", [tensor, self.constant("widths", np.array(widths, np.int32))], output, schema.PadOptionsT(), 2
        )

    def _shifted(self, tensor: int, before: tuple[int, int], behind: tuple[int, int]) -> int:
        """Without some rows and columns at both ends."""
        one, rows, columns, channels = self.shape(tensor)
        options = schema.StridedSliceOptionsT()
        options.beginMask = 0b1001
        options.endMask = 0b1001 | sum(1 << axis for axis, left_out in enumerate(behind, start=1) if not left_out)
        options.ellipsisMask = options.newAxisMask = options.shrinkAxisMask = 0
        limits = [
            self.constant(name, np.array(values, np.int32))
            for name, values in (
                ("begin", (0, *before, 0)),
                ("end", (0, *(-left_out for left_out in behind), 0)),
                ("step", (1, 1, 1, 1)),
            )
        ]
        shape = (one, rows - before[0] - behind[0], columns - before[1] - behind[1], channels)
        output = self.tensor(f"tap_{before[0]}_{before[1]}_of_{tensor}", shape, tensor)
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
        makers = {operator.outputs[0]: operator for operator in operators}
        for operator in operators:
            maker = makers.get(operator.inputs[0])
            if self.kind(operator) == "CONV_2D" and maker is not None and self.kind(maker) == "TRANSPOSE":
                self._undo(operator, maker, makers)
        self.put_used(operators)

    def _undo(self, operator: schema.OperatorT, maker: schema.OperatorT, makers: dict[int, schema.OperatorT]) -> None:
        """Let the convolution see what its taps were gathered from."""
        filters, *_, taps = self.shape(operator.inputs[1])
        while self.kind(maker) != "STRIDED_SLICE":
            maker = makers[maker.inputs[-1] if self.kind(maker) == "CONCATENATION" else maker.inputs[0]]
        begin = self.values(maker.inputs[1])  # of the last tap
        rows, columns = int(begin[1]) + 1, int(begin[2]) + 1
        features = maker.inputs[0]
        if (padding := makers.get(features)) is not None and self.kind(padding) == "PAD":
            features = padding.inputs[0]
            operator.builtinOptions.padding = schema.Padding.SAME
        assert rows * columns == taps, "taps were gathered by `_Gathering`"
        operator.inputs = [features, *operator.inputs[1:]]
        self.reshape(operator.inputs[1], (filters, rows, columns, 1))
