"""A comparison for people: the values that are not the same as a table, and in lines what else there is to say."""

from collections import Counter
from collections.abc import Iterator

from sernet.benchmarks.tables import Table
from sernet.benchmarks.trust.comparison import Comparison, Pair, Verdict
from sernet.benchmarks.trust.document import Content, label, words

_FIRST = (Verdict.CHANGED, Verdict.NOISE, Verdict.OVERLAP, Verdict.UNJUDGED, Verdict.OTHERS, Verdict.SHOWN)
"""In which order values are told."""


def table(comparison: Comparison) -> Table:
    """One row for each value that is not the same, changes first; none of another machine's times and memory."""
    pairs = [
        pair
        for pair in comparison.pairs
        if pair.verdict in _FIRST and (comparison.same_machine or pair.verdict is not Verdict.SHOWN)
    ]
    pairs.sort(key=lambda pair: _FIRST.index(pair.verdict))
    columns = ("value", "A", "B", "B - A", "verdict")
    return Table(comparison.title, columns, tuple(map(_row, pairs)))


def described(comparison: Comparison) -> Iterator[str]:
    """What was compared, and what the table does not hold, in lines."""
    for side, content in (("A", comparison.first), ("B", comparison.second)):
        reading = content["details"].get("reading")
        what = f"{content['subject']}{f' ({reading})' if isinstance(reading, str) else ''}"
        yield f"{side}: {what}; {content['protocol']}; {content['corpus']}; n = {content['n']}"
    counts = Counter(pair.verdict for pair in comparison.pairs)
    yield f"{counts[Verdict.CHANGED]} changed, {counts[Verdict.SAME]} the same, of {len(comparison.pairs)} in both"
    if counts[Verdict.SHOWN] and not comparison.same_machine:
        yield f"{counts[Verdict.SHOWN]} times or sizes in memory are of two machines: not compared"
    if any(pair.kind == "accuracy" and pair.verdict is not Verdict.SAME for pair in comparison.pairs):
        yield "accuracies: `sernet evaluate --compare` has the interval of their difference, where the records are kept"
    for side, names in (("A", comparison.only_first), ("B", comparison.only_second)):
        metrics: dict[str, list[str]] = {}
        for name in names:
            metrics.setdefault(words(part for part in name if part[0] != "metric"), []).append(dict(name)["metric"])
        for what, found in metrics.items():
            yield f"only in {side}: {what + ': ' if what else ''}{', '.join(found)}"


def _row(pair: Pair) -> tuple[str, ...]:
    share = pair.kind == "accuracy"
    difference = f"{100 * pair.difference:+z.1f} points" if share else _signed(pair)
    return label(pair.name), _cell(pair.first, share), _cell(pair.second, share), difference, str(pair.verdict)


def _signed(pair: Pair) -> str:
    before = pair.first["value"]
    relative = f" ({100 * pair.difference / before:+.1f} %)" if before else ""
    return f"{_number(pair.difference, signed=True)}{relative}"


def _cell(value: Content, share: bool) -> str:
    """With its interval or noise, and its unit."""
    if share:
        low, high = (f"{100 * value[key]:.1f}" for key in ("low", "high"))
        return f"{100 * value['value']:.1f} % [{low}, {high}]"
    shown = _number(value["value"])
    if "low" in value:
        shown += f" [{_number(value['low'])}, {_number(value['high'])}]"
    return f"{shown} {value['unit']}" if "unit" in value else shown


def _number(value: float, *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    return f"{value:{sign},.0f}" if float(value).is_integer() or abs(value) >= 1e5 else f"{value:{sign}.4g}"
