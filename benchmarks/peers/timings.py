"""Times that were taken in turns, as values of a section."""

from typing import Any

from sernet.benchmarks.latency import Samples, median, percentile_90, ratio_value


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
            values[name].append(shared | ratio_value(f"{metric} ratio", turns, samples[reference]))
    return values
