"""Turns, medians and ratios."""

import pytest

from sernet.benchmarks.latency import BLOCK, UNTIMED, interleaved_latency, ratio


def test_calls_take_turns_until_each_was_timed_as_often_as_asked() -> None:
    order: list[str] = []
    calls = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    samples = interleaved_latency(calls, BLOCK + 2, lambda items, name: iter(items), "turns")
    expected = []
    for timed in (BLOCK, 2):
        expected += ["a"] * (UNTIMED + timed) + ["b"] * (UNTIMED + timed)
    assert order == expected
    assert [[len(turn) for turn in turns] for turns in samples.values()] == [[BLOCK, 2]] * 2


def test_a_machine_that_slows_down_does_not_change_the_ratio() -> None:
    speed = [1.0, 7.0, 3.0]
    reference = [[2.0 * s, 2.0 * s] for s in speed]
    half = [[1.0 * s, 1.0 * s] for s in speed]
    assert ratio(half, reference) == pytest.approx(0.5)
