"""What a live answer costs: a block of the streaming network, beside the window that sliding windows compute anew."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sernet.benchmarks.latency import Samples, interleaved_latency, median, ratio
from sernet.benchmarks.tracking import Tracker
from sernet.benchmarks.variant import Variant
from sernet.export.formats import FORMATS
from sernet.export.stream_graph import streaming_bundle
from sernet.runtime.network import Network
from sernet.runtime.stream_plan import BLOCK
from sernet.runtime.streaming_network import StreamingNetwork

WINDOWS_S = (3.0, 7.0)
"""Seconds: the windows of the paper."""


def streaming_costs(
    variants: Sequence[Variant], features: np.ndarray, repetitions: int, track: Tracker
) -> tuple[list[dict[str, Any]], dict[str, Samples]]:
    """Latencies of one thread for each variant that can stream, both ways, and their ratio.

    Both ways answer as often, once a block of 32 frames. One computes the whole window, the other the block.

    Args:
        variants: of one run.
        features: (frames, feature_count), a clip that is repeated until it fills a window.
        repetitions: timed answers of each way.
        track: shows how far it is.

    Returns:
        Values, each with variant, metric and window_s; and the samples in ms, by window.
    """
    values, samples = [], {}
    fitting = [v for v in variants if not v.fused and FORMATS[v.bundle.manifest.quantisation].streams]
    for window_s in WINDOWS_S if fitting else ():
        front_end = fitting[0].bundle.manifest.front_end
        frames = front_end.frame_count(front_end.sample_count(window_s))
        window = np.resize(features, (frames, features.shape[1]))
        calls: dict[str, Callable[[], object]] = {}
        for variant in fitting:
            calls[f"{variant.name} window"] = _whole_window(variant, window)
            calls[f"{variant.name} block"] = _block(variant, window)
        turns = samples[f"{window_s:g}"] = interleaved_latency(calls, repetitions, track, f"streaming, {window_s:g} s")
        for variant in fitting:
            one, other = turns[f"{variant.name} block"], turns[f"{variant.name} window"]
            shared = {"variant": variant.name, "window_s": window_s, "n": sum(map(len, one))}
            values += [
                shared | {"metric": "block latency median", "unit": "ms", "value": median(one)},
                shared | {"metric": "window latency median", "unit": "ms", "value": median(other)},
                shared | {"metric": "block to window ratio", "value": ratio(one, other)},
            ]
    return values, samples


def _whole_window(variant: Variant, window: np.ndarray) -> Callable[[], object]:
    network = Network(variant.bundle)
    return lambda: network.probabilities(window)


def _block(variant: Variant, window: np.ndarray) -> Callable[[], object]:
    """Answers of a stream that has filled its window."""
    network = StreamingNetwork(streaming_bundle(variant.bundle, len(window)))
    while network.rows < network.window_rows:
        network.accept(window[:BLOCK])

    def answer() -> np.ndarray:
        network.accept(window[:BLOCK])
        return network.last_window()

    return answer
