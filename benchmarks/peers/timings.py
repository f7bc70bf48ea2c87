"""Times that were taken in turns, as values of a section."""

from typing import Any

import numpy as np

from sernet.benchmarks.latency import Samples, median, percentile_90


def timing_values(samples: Samples, reference: str, metric: str) -> dict[str, list[dict[str, Any]]]:
    """Median, 90th percentile and the ratio to a reference, for each name that was timed.

    Args:
        samples: of `interleaved_latency`.
        reference: the name that ratios are to; it has none itself.
        metric: how the metrics' names begin, for example ``latency``.
    """
    values = {}
    for name, turns in samples.items():
        shared = {"n": sum(map(len, turns))}
        time = shared | {"unit": "ms", "kind": "machine"}
        values[name] = [
            time | {"metric": f"{metric} median", "value": median(turns)},
            time | {"metric": f"{metric} p90", "value": percentile_90(turns)},
        ]
        if name != reference:
            relative = shared | {"metric": f"{metric} ratio", "kind": "ratio"}
            values[name].append(relative | _ratio(turns, samples[reference]))
    return values


def _ratio(turns: list[list[float]], reference: list[list[float]]) -> dict[str, float]:
    """How many times the reference's time a call took: median, 5th and 95th percentile over the turns."""
    ratios = [np.median(own) / np.median(other) for own, other in zip(turns, reference, strict=True)]
    low, value, high = np.percentile(ratios, [5, 50, 95])
    return {"value": float(value), "low": float(low), "high": float(high)}
