"""Turns, medians and ratios."""

import time

import pytest

from sernet.benchmarks.latency import BLOCK, UNTIMED, interleaved_latency, noise, ratio, ratio_range, timed_turn


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


def test_the_range_of_a_ratio_leaves_out_the_extreme_turns() -> None:
    turns = [[float(number)] for number in range(1, 22)]
    assert ratio_range(turns, [[1.0]] * 21) == pytest.approx((2, 20))


def test_noise_is_how_far_two_timings_of_one_call_lie_apart() -> None:
    turns = [[2.0, 2.0, 9.0]] * 20
    assert noise(turns, turns) == 0
    assert noise(turns, [[1.8]] * 20) == pytest.approx(0.1)


def test_a_slow_call_is_made_less_often() -> None:
    calls: list[float] = []

    def slow() -> None:
        time.sleep(0.02)
        calls.append(time.perf_counter())

    assert 1 <= len(timed_turn(slow, 50, limit_s=0.03)) < 5
    assert len(calls) < 8
