"""The regression gate: deterministic figures, measured anew, against a committed baseline.

What another compiler of the same family or another zlib may change has a tolerance; what we alone change has none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sernet.benchmarks.trust.deterministic import EXACT
from sernet.benchmarks.trust.document import Content, label, name_of

TOLERANCES: Mapping[tuple[str, str], float] = {
    ("network", "instructions"): 0.01,
    ("samples to label", "instructions"): 0.01,
    ("flash without weights", "bytes"): 0.01,
    ("stack", "bytes"): 0.1,
    ("gzip", "bytes"): 0.01,
}
"""By metric and unit, how much more is still the same, as a share of the baseline's value. Of all others: nothing."""


@dataclass(frozen=True)
class Judgement:
    """What the gate says."""

    regressions: list[str]
    """Each in words; the gate is shut when there is one."""
    better: list[str]
    """What has become lighter by more than its tolerance: the baseline should be renewed."""


def judge(baseline: Content, values: Sequence[Mapping[str, Any]]) -> Judgement:
    """Compare values, measured now, with those of the baseline's document."""
    before, after = ({name_of(dict(value)): value for value in group} for group in (baseline["values"], values))
    regressions = [f"{label(name)} is gone" for name in before if name not in after]
    regressions += [f"{label(name)} is not in the baseline: renew it" for name in after if name not in before]
    better: list[str] = []
    for name in before:
        if name not in after:
            continue
        was, now = before[name], after[name]
        tolerance = TOLERANCES.get((was["metric"], was.get("unit", "")), 0.0)
        more, room = now["value"] - was["value"], tolerance * was["value"]
        if was["metric"] == EXACT:
            more = -more
        relative = f" ({100 * (now['value'] / was['value'] - 1):+.2f} %)" if was["value"] else ""
        said = f"{label(name)}: {was['value']:,} became {now['value']:,} {was.get('unit', '')}{relative}"
        if more > room:
            regressions.append(f"{said}; tolerance {100 * tolerance:g} %")
        elif more < -room:
            better.append(said)
    return Judgement(regressions, better)


def other_versions(baseline: Content, now: Mapping[str, str]) -> Iterator[str]:
    """Programs that were others when the baseline was made, in words."""
    for program, version in baseline["details"].get("versions", {}).items():
        if program in now and now[program] != version:
            yield f"{program} was {version!r}, is {now[program]!r}"
