"""A device's clock beside ours: whether as much audio comes as time passes."""

# The earliest block of so long came without delay: it shows where the device's clock is.
_LOOK_S = 10.0
# Good clocks are a few seconds a day apart. So much more, since it was last told, is worth a word.
_WORTH_TELLING_S = 0.25


class DeviceClock:
    """Blocks may come late, but never before they were recorded: the least lag of 10 s is the clock's own.

    Args:
        sample_rate: Hz, as the device says.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._heard = 0
        self._began: float | None = None
        self._look_began = 0.0
        self._least_lag = float("inf")
        self._first_lag: float | None = None
        self._told_s = 0.0

    def after(self, samples: int, arrived_at: float) -> float | None:
        """Seconds of audio that are missing since the first block, where that is worth telling; below 0 are too many.

        Args:
            samples: of the next block.
            arrived_at: when it came, in seconds of a steady clock.
        """
        self._heard += samples
        if self._began is None:
            self._began = self._look_began = arrived_at
        passed = arrived_at - self._began
        self._least_lag = min(self._least_lag, passed - self._heard / self._rate)
        if arrived_at - self._look_began < _LOOK_S:
            return None
        if self._first_lag is None:
            self._first_lag = self._least_lag
        drift_s = self._least_lag - self._first_lag
        self._look_began, self._least_lag = arrived_at, float("inf")
        if abs(drift_s - self._told_s) < _WORTH_TELLING_S:
            return None
        self._told_s = drift_s
        return drift_s
