"""What a network of given widths costs, and the widest one that a budget allows."""

import dataclasses
from dataclasses import dataclass

from sernet.runtime.errors import SernetError
from sernet.training.config import WIDTHS

_STEP = 4
"""Filters come in fours: what a microcontroller's and a processor's multiply-accumulate instructions take at a time."""

_KERNELS = (11 * 1, 1 * 9, 3 * 3, 3 * 3, 3 * 3, 3 * 3, 3 * 3, 1 * 1)
"""Rows times columns of the eight convolutions' kernels."""


@dataclass(frozen=True)
class Cost:
    """What one inference of the network takes, exactly, before anything is trained."""

    macs: int
    """Multiply-accumulate operations of convolutions and dense layer; as `multiply_accumulates` counts them."""
    weight_bytes: int
    """Of int8 kernels and int32 biases, batch normalisation folded into them."""
    state_bytes: int
    """Of int8 rows and int32 sums that a microcontroller keeps, which computes a row at a time."""


@dataclass(frozen=True)
class Budget:
    """Upper limits; None sets none."""

    macs: float | None = None
    """Of one window."""
    weight_bytes: float | None = None
    state_bytes: float | None = None

    def allows(self, cost: Cost) -> bool:
        """Whether a cost keeps within all limits."""
        limits = dataclasses.asdict(self)
        return all(limit is None or getattr(cost, name) <= limit for name, limit in limits.items())


def cost(widths: tuple[int, ...], frames: int, features: int, classes: int) -> Cost:
    """Cost of Light-SERNet with these filters.

    Args:
        widths: in the order of `WIDTHS`.
        frames, features: of the input.
        classes: emotions.
    """
    front = widths[:3]
    inputs = (1, 1, 1, sum(front), *widths[3:7])
    kernels = [kernel * before * after for kernel, before, after in zip(_KERNELS, inputs, widths, strict=True)]
    rows, columns = [frames], [features]
    for pool_rows, pool_columns in ((2, 2), (2, 2), (2, 2), (2, 1), (2, 1)):
        rows.append(-(-rows[-1] // pool_rows))
        columns.append(-(-columns[-1] // pool_columns))
    level = (0, 0, 0, 1, 2, 3, 4, 5)
    macs = sum(rows[at] * columns[at] * kernel for at, kernel in zip(level, kernels, strict=True))
    # twelve rows of the input, four of each map that a kernel of three rows reads, one before the 1 x 1 convolution
    maps = zip((4, 4, 4, 4, 1), columns[1:], (sum(front), *widths[3:7]), strict=True)
    return Cost(
        macs=macs + widths[7] * classes,
        weight_bytes=sum(kernels) + widths[7] * classes + 4 * (sum(widths) + classes),
        state_bytes=12 * features + sum(count * wide * channels for count, wide, channels in maps) + 4 * widths[7],
    )


def widest(budget: Budget, frames: int, features: int, classes: int) -> tuple[int, ...]:
    """The widest network that keeps within a budget: all of the paper's widths by the same factor, in fours.

    Raises:
        SernetError: not even the narrowest one does.
    """
    narrowest = (_STEP,) * len(WIDTHS)
    least = cost(narrowest, frames, features, classes)
    if not budget.allows(least):
        raise SernetError(
            f"no network is so small: {_STEP} filters a convolution take {least.macs:,} multiplications, "
            f"{least.weight_bytes:,} bytes of weights and {least.state_bytes:,} bytes of state"
        )
    for share in range(100, 0, -1):
        widths = tuple(max(_STEP, int(width * share / 100) // _STEP * _STEP) for width in WIDTHS)
        if budget.allows(cost(widths, frames, features, classes)):
            return widths
    return narrowest
