"""Warm latency: all variants take turns in one process, so that a busy machine slows them alike."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from sernet.benchmarks.tracking import Tracker

BLOCK = 10
"""Timed calls in a turn. One alone would measure what the other variants left of the processor's caches: it makes the
small models look up to 1.5 times as slow as they are."""

UNTIMED = 3
"""Calls at the start of a turn that fill the caches again."""

Samples = dict[str, list[list[float]]]
"""Milliseconds of every timed call: name, turn, call."""

Turn = Callable[[int], list[float]]
"""Takes a turn of at most so many timed calls, and gives their milliseconds."""


def interleaved_latency(
    calls: Mapping[str, Callable[[], object]], repetitions: int, track: Tracker, name: str
) -> Samples:
    """Time calls in turns until each has been timed `repetitions` times."""
    sizes = [min(BLOCK, repetitions - done) for done in range(0, repetitions, BLOCK)]
    return interleaved_turns(
        {call: partial(timed_turn, function) for call, function in calls.items()}, sizes, track, name
    )


def interleaved_turns(turns: Mapping[str, Turn], sizes: Sequence[int], track: Tracker, name: str) -> Samples:
    """Take turns of these sizes, one after the other; a turn may as well be another process's."""
    samples: Samples = {one: [] for one in turns}
    for size in track(sizes, name):
        for one, turn in turns.items():
            samples[one].append(turn(size))
    return samples


def timed_turn(
    function: Callable[[], object], size: int, *, untimed: int = UNTIMED, limit_s: float = math.inf
) -> list[float]:
    """One turn of a call, in ms: untimed calls, then timed ones.

    Args:
        function: what is called.
        size: timed calls.
        untimed: calls before these.
        limit_s: a slow call is made less often, timed once at least: the turn ends soon after so long.
    """
    started = time.perf_counter()
    for _ in range(untimed):
        function()
        if time.perf_counter() - started > limit_s / 2:
            break
    samples = [_milliseconds(function)]
    while len(samples) < size and time.perf_counter() - started < limit_s:
        samples.append(_milliseconds(function))
    return samples


def median(turns: Sequence[Sequence[float]]) -> float:
    """Median of all calls."""
    return float(np.median(np.concatenate(turns)))


def percentile_90(turns: Sequence[Sequence[float]]) -> float:
    """The time that nine calls of ten stay below."""
    return float(np.percentile(np.concatenate(turns), 90))


def ratio(turns: Sequence[Sequence[float]], reference: Sequence[Sequence[float]]) -> float:
    """Median over the turns of how many times the reference's time a call took in the same turn."""
    return float(np.median(_ratios(turns, reference)))


def ratio_range(turns: Sequence[Sequence[float]], reference: Sequence[Sequence[float]]) -> tuple[float, float]:
    """5th and 95th percentile over the turns of what `ratio` is the median of: the noise to expect."""
    low, high = np.percentile(_ratios(turns, reference), (5, 95))
    return float(low), float(high)


def ratio_value(metric: str, turns: Sequence[Sequence[float]], reference: Sequence[Sequence[float]]) -> dict[str, Any]:
    """The ratio as a section's value: the median over the turns, and the range that nine turns of ten lie in."""
    low, high = ratio_range(turns, reference)
    return {"metric": metric, "value": ratio(turns, reference), "low": low, "high": high, "kind": "ratio"}


def noise(turns: Sequence[Sequence[float]], again: Sequence[Sequence[float]]) -> float:
    """By how much two timings of the same call differ: the share that 19 turns of 20 stay below."""
    return float(np.percentile(np.abs(_ratios(again, turns) - 1), 95))


def _ratios(turns: Sequence[Sequence[float]], reference: Sequence[Sequence[float]]) -> np.ndarray:
    pairs = zip(turns, reference, strict=True)
    return np.array([np.median(own) / np.median(other) for own, other in pairs])


def _milliseconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return (time.perf_counter() - started) * 1e3
