"""Warm latency: all variants take turns in one process, so that a busy machine slows them alike."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sernet.benchmarks.tracking import Tracker

BLOCK = 10
"""Timed calls in a turn. One alone would measure what the other variants left of the processor's caches: it makes the
small models look up to 1.5 times as slow as they are."""

UNTIMED = 3
"""Calls at the start of a turn that fill the caches again."""

Samples = dict[str, list[list[float]]]
"""Milliseconds of every timed call: name, turn, call."""


def interleaved_latency(
    calls: Mapping[str, Callable[[], object]], repetitions: int, track: Tracker, name: str
) -> Samples:
    """Time calls in turns until each has been timed `repetitions` times."""
    samples: Samples = {call: [] for call in calls}
    turns = [min(BLOCK, repetitions - done) for done in range(0, repetitions, BLOCK)]
    for timed in track(turns, name):
        for call, function in calls.items():
            for _ in range(UNTIMED):
                function()
            samples[call].append([_milliseconds(function) for _ in range(timed)])
    return samples


def median(turns: Sequence[Sequence[float]]) -> float:
    """Median of all calls."""
    return float(np.median(np.concatenate(turns)))


def percentile_90(turns: Sequence[Sequence[float]]) -> float:
    """The time that nine calls of ten stay below."""
    return float(np.percentile(np.concatenate(turns), 90))


def ratio(turns: Sequence[Sequence[float]], reference: Sequence[Sequence[float]]) -> float:
    """Median over the turns of how many times the reference's time a call took in the same turn."""
    pairs = zip(turns, reference, strict=True)
    return float(np.median([np.median(own) / np.median(other) for own, other in pairs]))


def _milliseconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return (time.perf_counter() - started) * 1e3
