"""What a caller of a streaming network must know: which rows each of its tensors holds, and what it keeps."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

STREAM, ANSWER = "stream", "answer"
"""Names of the two signatures."""

BLOCK = 32
"""Frames that the network takes at a time: its pools make one row of the last feature map of them."""


_MOST = 1024  # rows of a block and of what it looks ahead to


@dataclass(frozen=True)
class Rows:
    """Rows of one feature map that a block works on: of block k those from ``k * count + offset`` on."""

    frames: int
    """Frames of the clip that a row stands for."""
    offset: int
    """Below 0 where a layer waits for what it looks ahead to."""
    count: int

    def __post_init__(self) -> None:
        """Raises ValueError for rows that no network has."""
        if not (self.frames > 0 and -_MOST <= self.offset <= _MOST and 0 < self.count <= _MOST):
            raise ValueError("rows that cannot be")

    def first(self, block: int) -> int:
        """Which of the whole clip's rows is the block's first one; below 0 before the clip."""
        return block * self.count + self.offset

    def indices(self, block: int) -> np.ndarray:
        """Of the whole clip's rows, (count,); below 0 before the clip."""
        return self.first(block) + np.arange(self.count)

    def in_clip(self, frames: int) -> int:
        """Rows of a clip of so many frames: every pool rounds up."""
        return -(-frames // self.frames)


@dataclass(frozen=True)
class StreamPlan:
    """Rows and shapes of a streaming network, in the order of its inputs; see `sernet.export.stream_graph`."""

    states: tuple[tuple[int, ...], ...]
    """Shapes of ``state_*``."""
    masks: tuple[Rows, ...]
    """Rows of ``valid_*``."""
    sources: tuple[Rows, ...]
    """Rows of ``source_*``."""
    row: Rows
    """Of the last feature map."""
    window: tuple[int, int, int]
    """Rows, columns and channels of the last feature map in a window."""

    def valid(self, rows: Rows, block: int, frames: int | None) -> np.ndarray:
        """1.0 for rows inside the clip, 0.0 for others: (1, rows, 1, 1); `frames` is None while the clip goes on."""
        indices = rows.indices(block)
        inside = (indices >= 0) & (True if frames is None else indices < rows.in_clip(frames))
        return inside.astype(np.float32)[None, :, None, None]

    def source(self, rows: Rows, block: int, frames: int | None) -> np.ndarray:
        """Which of a block's rows stands for each: (rows,), int32.

        Itself, but for the row behind an odd last one: the last one stands for both that a pool averages.
        """
        own = np.arange(rows.count, dtype=np.int32)
        if frames is None or rows.in_clip(frames) % 2 == 0:
            return own
        return own - (rows.indices(block) == rows.in_clip(frames)).astype(np.int32)

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "StreamPlan":
        """The opposite of `to_json`; raises KeyError, TypeError or ValueError where something is missing or wrong."""

        def rows_of(found: dict[str, Any]) -> Rows:
            return Rows(int(found["frames"]), int(found["offset"]), int(found["count"]))

        row = rows_of(values["row"])
        if (row.frames, row.count) != (BLOCK, 1) or not -BLOCK <= row.offset <= 0:
            raise ValueError("a block makes one row of the last feature map, its own or an earlier one")
        sources = tuple(map(rows_of, values["sources"]))
        if any(pooled.offset % 2 or pooled.count % 2 for pooled in sources):
            raise ValueError("a pool averages pairs of rows, whose first one has an even place")
        rows, columns, channels = map(int, values["window"])
        return cls(
            states=tuple(tuple(map(int, shape)) for shape in values["states"]),
            masks=tuple(map(rows_of, values["masks"])),
            sources=sources,
            row=row,
            window=(rows, columns, channels),
        )
