"""An int8 network as streams of rows: what the C engine computes when a clip's frames arrive one by one.

A stage takes rows of a feature map and gives rows of the next: convolutions side by side, each pooled, their channels
one behind the other. The last rows are averaged over the clip, and one fully connected layer with a softmax answers.
Any clip length, width, feature count and number of classes fits. `row_streams` makes one of a flatbuffer.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Convolution:
    """One convolution with 'same' padding, and what makes int8 of its sums."""

    weights: np.ndarray
    """(outputs, rows, columns, channels), int8."""
    bias: np.ndarray
    """(outputs,), int32; the input's zero point is folded in, so that inputs are taken as they are stored."""
    multipliers: np.ndarray
    """(outputs,), int32; see `quantised_multiplier`."""
    shifts: np.ndarray
    """(outputs,), int8."""
    zero_point: int
    """Of the output."""
    least: int
    """Smallest output: the zero point behind a ReLU."""
    most: int

    @property
    def outputs(self) -> int:
        """Channels that it gives."""
        return self.weights.shape[0]


@dataclass(frozen=True)
class Stage:
    """Rows in, pooled rows out."""

    columns: int
    channels: int
    zero_point: int
    """Of the rows that come in: what stands beyond the edges."""
    branches: tuple[Convolution, ...]
    pool: tuple[int, int]
    """Rows and columns that are averaged to one; (1, 1) without a pool."""
    keeps_odd: bool
    """Whether a last row or column that is alone gives an output ('same' padding of the pool), or none ('valid')."""

    @property
    def outputs(self) -> int:
        """Channels of all branches."""
        return sum(branch.outputs for branch in self.branches)

    @property
    def output_columns(self) -> int:
        """Columns of a pooled row."""
        return (self.columns + (self.pool[1] - 1) * self.keeps_odd) // self.pool[1]

    @property
    def ahead(self) -> int:
        """Rows that must have arrived beyond those that are pooled."""
        return max(branch.weights.shape[1] // 2 for branch in self.branches)

    @property
    def kept_rows(self) -> int:
        """Rows that are in use at a time."""
        return 2 * self.ahead + self.pool[0]

    @property
    def depth(self) -> int:
        """Products in the longest sum, rounded up to a multiple of four as weights are stored."""
        return max(-(-branch.weights[0].size // 4) * 4 for branch in self.branches)


@dataclass(frozen=True)
class Head:
    """From the last rows to probabilities."""

    mean_multiplier: tuple[int, int]
    """Of a sum; the engine divides it by the number of values."""
    mean_zero_points: tuple[int, int]
    """Of the last rows and of their means."""
    weights: np.ndarray
    """(classes, channels), int8."""
    bias: np.ndarray
    """(classes,), int32, with the means' zero point folded in."""
    multipliers: np.ndarray
    shifts: np.ndarray
    zero_point: int
    """Of the logits."""
    softmax_multiplier: int
    softmax_shift: int
    softmax_least: int
    """Difference from the largest logit below which a probability is zero."""


@dataclass(frozen=True)
class RowStreams:
    """A whole network."""

    stages: tuple[Stage, ...]
    head: Head
    input_scale: float
    input_zero_point: int

    @property
    def classes(self) -> int:
        """Probabilities that it gives."""
        return len(self.head.bias)
