"""A label that does not flicker: probabilities are averaged over a second, and a new label must be clearly ahead."""

import math

from sernet.runtime.recognizer import UNCERTAIN

# Overlapping windows change little by themselves; a second more takes away what single ones add.
_TIME_CONSTANT_S = 1.0
# By so much another label's average must lead, and by half as much the threshold of "uncertain" must be passed.
_LEAD = 0.1


class SteadyLabel:
    """Exponential averages of probabilities, and the label that they hold.

    Args:
        hop_s: seconds from one answer to the next.
        uncertain_below: the bundle's threshold.
    """

    def __init__(self, hop_s: float, uncertain_below: float) -> None:
        self._share = 1 - math.exp(-hop_s / _TIME_CONSTANT_S)
        self._uncertain_below = uncertain_below
        self.reset()

    def reset(self) -> None:
        """Forget everything: what comes next has nothing to do with what was heard."""
        self._averages: dict[str, float] = {}
        self._best = UNCERTAIN
        self._certain = False

    def after(self, probabilities: dict[str, float]) -> str:
        """The label to show after one more answer."""
        averages = self._averages or probabilities
        self._averages = {
            label: averages[label] + self._share * (value - averages[label]) for label, value in probabilities.items()
        }
        best = max(self._averages, key=self._averages.__getitem__)
        if self._best not in self._averages or self._averages[best] >= self._averages[self._best] + _LEAD:
            self._best = best
        threshold = self._uncertain_below + (-_LEAD / 2 if self._certain else _LEAD / 2) * bool(self._uncertain_below)
        self._certain = self._averages[self._best] >= threshold
        return self._best if self._certain else UNCERTAIN
