"""The cost of a live answer: every block is answered, by both ways, and counted once."""

import statistics

import numpy as np
import pytest

from sernet.benchmarks.streaming import streaming_costs
from sernet.benchmarks.variant import find_variants
from sernet.runtime.streaming_network import StreamingNetwork
from sernet.training.run import Run


def test_figures_are_those_of_the_raw_samples(bench) -> None:
    samples = bench.result["details"]["samples"]["streaming_ms"]
    found = [item for item in bench.result["values"] if item["metric"] == "block latency median"]
    assert {(item["variant"], item["window_s"]) for item in found} == {
        (variant, window_s) for variant in bench.result["details"]["variants"] for window_s in (3.0, 7.0)
    }
    for item in found:
        turns = samples[f"{item['window_s']:g}"][f"{item['variant']} block"]
        calls = [call for turn in turns for call in turn]
        assert item["n"] == len(calls) == bench.result["details"]["settings"]["repetitions"]
        assert item["value"] == pytest.approx(statistics.median(calls))


def test_each_timed_answer_takes_one_block_and_rests_on_a_full_window(
    exported_run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    last_window = StreamingNetwork.last_window

    def watched(network: StreamingNetwork) -> np.ndarray:
        seen.append((network._block, network.rows >= network.window_rows))
        return last_window(network)

    monkeypatch.setattr(StreamingNetwork, "last_window", watched)
    variants = find_variants(Run.open(exported_run))[-1:]
    streaming_costs(variants, np.ones((58, 40), np.float32), 4, lambda items, name: iter(items))
    per_window = len(seen) // 2
    for answers in (seen[:per_window], seen[per_window:]):
        assert all(full for _, full in answers)
        assert np.diff([block for block, _ in answers]).tolist() == [1] * (per_window - 1)
