"""Two Results of the same thing, value by value: what changed, and what is noise.

What counts as a change is said by the value's kind (`sernet.benchmarks.suite.sections`). Values without a kind but with
an interval, as `sernet evaluate` writes them, are accuracies.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sernet.benchmarks.trust.document import Content, Name, label, name_of
from sernet.runtime.errors import SernetError


class Verdict(StrEnum):
    """Of a value in both Results."""

    SAME = "same"
    CHANGED = "changed"
    NOISE = "within the noise"
    OVERLAP = "intervals overlap"
    SHOWN = "of this machine alone"
    UNJUDGED = "not judged: no kind in common"
    OTHERS = "not judged: another n"


FAR = 0.1
"""By how much of its value a ratio must leave its noise to be a regression."""

COUNTED = 5e-4
"""By what share two counts of instructions are the same number: QEMU's clock, which counts them, ticks unevenly."""


@dataclass(frozen=True)
class Pair:
    """A value in two Results."""

    name: Name
    kind: str | None
    first: Content
    second: Content
    verdict: Verdict

    @property
    def difference(self) -> float:
        """Second minus first."""
        return self.second["value"] - self.first["value"]

    @property
    def failure(self) -> str | None:
        """Why a gate must stay shut, in words."""
        if self.verdict is not Verdict.CHANGED:
            return None
        before, after = self.first["value"], self.second["value"]
        if self.kind == "exact":
            return f"{label(self.name)} was {before:,}, is {after:,}"
        if self.kind == "ratio" and max(self.first["low"] - after, after - self.first["high"]) > FAR * before:
            noise = f"[{self.first['low']:.3g}, {self.first['high']:.3g}]"
            return f"{label(self.name)} was {before:.3g} {noise}, is {after:.3g}"
        return None


@dataclass(frozen=True)
class Comparison:
    """Two Results."""

    title: str
    first: Content
    second: Content
    pairs: list[Pair]
    only_first: list[Name]
    only_second: list[Name]

    @property
    def same_machine(self) -> bool:
        """Whether times and memory may be looked at side by side."""
        return self.first["machine"] == self.second["machine"]

    @property
    def failures(self) -> Iterator[str]:
        """Why a gate must stay shut: exact values that differ or are gone, ratios far from their noise."""
        yield from (failure for pair in self.pairs if (failure := pair.failure))
        exact = {name_of(value) for value in self.first["values"] if value.get("kind") == "exact"}
        yield from (f"{label(name)} is gone" for name in self.only_first if name in exact)


def compare(title: str, first: Content, second: Content) -> Comparison:
    """Compare the documents of two Results, which were checked.

    Args:
        title: what the comparison is called.
        first, second: before and after.

    Raises:
        SernetError: they are of different things.
    """
    if first["what"] != second["what"]:
        raise SernetError(f"{title}: one is of {first['what']}, the other of {second['what']}: nothing to compare")
    before, after = ({name_of(value): value for value in content["values"]} for content in (first, second))
    pairs = [_pair(name, value, after[name]) for name, value in before.items() if name in after]
    only_first = [name for name in before if name not in after]
    return Comparison(title, first, second, pairs, only_first, [name for name in after if name not in before])


def _pair(name: Name, first: Content, second: Content) -> Pair:
    kinds = {_kind(first), _kind(second)}
    kind = kinds.pop() if len(kinds) == 1 else None
    return Pair(name, kind, first, second, _verdict(kind, first, second))


def _kind(value: Content) -> str | None:
    return value.get("kind", "accuracy" if "low" in value else None)


def _verdict(kind: str | None, first: Content, second: Content) -> Verdict:
    if kind == "exact":
        room = COUNTED * first["value"] if "instructions" in (f"{first['metric']} {first.get('unit')}") else 0
        if abs(second["value"] - first["value"]) <= room:
            return Verdict.SAME
        return Verdict.CHANGED if first.get("n") == second.get("n") else Verdict.OTHERS
    if kind == "machine":
        return Verdict.SHOWN
    if kind is None:
        return Verdict.UNJUDGED
    if first["low"] > second["high"] or second["low"] > first["high"]:
        return Verdict.CHANGED
    if kind == "ratio":
        return Verdict.NOISE
    same = all(first[key] == second[key] for key in ("value", "low", "high"))
    return Verdict.SAME if same else Verdict.OVERLAP


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Everything about a comparison; a machine's values only where it is the same machine."""
    pairs = [pair for pair in comparison.pairs if pair.kind != "machine" or comparison.same_machine]
    return {
        "title": comparison.title,
        "what": comparison.first["what"],
        "same_machine": comparison.same_machine,
        "values": [
            {
                **dict(pair.name),
                "kind": pair.kind,
                "verdict": str(pair.verdict),
                "difference": pair.difference,
                **{
                    side: {key: value[key] for key in ("value", "low", "high") if key in value}
                    for side, value in (("first", pair.first), ("second", pair.second))
                },
            }
            for pair in pairs
        ],
        "only_first": list(map(dict, comparison.only_first)),
        "only_second": list(map(dict, comparison.only_second)),
        "failures": list(comparison.failures),
    }
