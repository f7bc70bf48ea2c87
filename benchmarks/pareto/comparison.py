"""A Result of `measure_candidates`, as tables, plots and advice ask it for figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SAVED = ("gzip", "multiplications", "latency median")
"""Metrics of which less is better, and in which a variant on the front is beaten by none that is as accurate."""


@dataclass(frozen=True)
class Compared:
    """One variant and its figures."""

    name: str
    run: str
    format: str
    method: str
    items: dict[str, dict[str, Any]]
    """By metric, with all that is said of each."""

    def figure(self, metric: str) -> float:
        """A value; raises KeyError where it was not measured."""
        return self.items[metric]["value"]


def compared(content: dict[str, Any]) -> list[Compared]:
    """All variants of the Result's JSON, in its order."""
    return [
        Compared(**one, items={item["metric"]: item for item in content["values"] if item["variant"] == one["name"]})
        for one in content["details"]["candidates"]
    ]


ALIKE = 1.05
"""Times that differ by less are the same: machines are noisy."""


def front(variants: Sequence[Compared]) -> list[str]:
    """Names of the variants that no other one beats: as accurate, no dearer in anything of `SAVED`, better in one."""

    def gain(one: Compared, other: Compared, metric: str) -> float:
        mine, theirs = one.figure(metric), other.figure(metric)
        alike = metric == "latency median" and max(mine, theirs) < ALIKE * min(mine, theirs)
        return 0.0 if alike else theirs - mine

    def beats(one: Compared, other: Compared) -> bool:
        gains = [one.figure("UA") - other.figure("UA"), *(gain(one, other, metric) for metric in SAVED)]
        return min(gains) >= 0 and max(gains) > 0

    return [variant.name for variant in variants if not any(beats(other, variant) for other in variants)]
