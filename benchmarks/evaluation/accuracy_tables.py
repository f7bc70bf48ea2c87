"""The accuracies of the presets as tables, made from the results that `sernet evaluate` left and from nothing else.

Results lie at ``SUBJECT/PROTOCOL-READING.json`` below one folder; a subject is a corpus and a preset. What was measured
on a part of a protocol's folds is not shown.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sernet.benchmarks.evaluation.anchors import Anchor, anchors_of
from sernet.benchmarks.evaluation.compare import compare, load_pooled
from sernet.benchmarks.evaluation.readings import ENROLMENT_S
from sernet.benchmarks.tables import NOTHING, Table, percent
from sernet.export.measured import ENROLMENT_KINDS, PLAIN
from sernet.export.model_card import CONDITION_NAMES
from sernet.runtime.errors import SernetError
from sernet.training.corpora import CORPORA
from sernet.training.protocols import CALIBRATED, PROTOCOLS

PRESETS = ("paper", "sernet")
"""That are shown, in this order."""

SMALLER = ("sernet-small", "sernet-nano", "sernet-sparse")
"""Presets that are compared with `sernet`."""

WIDER = {"float": "wider", "int8": "wider-int8"}
"""The reading that tells what a pruned network's own one would be unpruned."""

LIVE = {"float": "live", "int8": "live-int8"}
"""The reading that hears a clip as a device does."""

ENROLLED_PRESET = "sernet"
"""The one that can know its speaker."""

EMODB_PROTOCOLS = (
    *("loso", CALIBRATED["loso"]),
    *("loso-enrolled", CALIBRATED["loso-enrolled"]),
    *("loso-peek", "random-peek", "text"),
)
"""In the order of the rows, the headline first."""

HEARD = {f"-{seconds}": f"{seconds} s" for seconds in ENROLMENT_S} | {"": "all other clips"}
"""How much of the speaker a reading knows whose name ends so, in words."""

NOBODY = "0 s"
"""In the place of `HEARD`, for a reading that knows nobody."""

SYSTEMS = {reading: reading for reading in PLAIN} | {
    f"{kind}{amount}": f"float, {HEARD[amount]} of the speaker heard{in_moods}"
    for kind, in_moods in zip(ENROLMENT_KINDS, ("", " in many moods"), strict=True)
    for amount in ("-60", "")
}
"""Readings that are systems of their own, in words."""

UA, WA = "UA, % [95 %]", "WA, % [95 %]"


@dataclass(frozen=True)
class Evaluation:
    """A whole protocol under one reading."""

    path: Path
    ua: dict[str, Any]
    """With value, low, high and resampled."""
    wa: dict[str, Any]
    n: int
    seeds: int
    epochs: int
    classes: int
    fold: str
    """The first one; across corpora the only one."""

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """UA, WA, clips and seeds."""
        return percent(self.ua), percent(self.wa), str(self.n), str(self.seeds)

    @property
    def corpora(self) -> tuple[str, str]:
        """Across corpora, the one that trains and the one that is answered."""
        train, _, test = self.fold.partition("-to-")
        return train, test


def read_evaluation(path: Path) -> Evaluation | None:
    """The Result in a file; None when there is none, or only of a part of the folds.

    Raises SernetError when the file is something else.
    """
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        details, figures = content["details"], {item["metric"]: item for item in content["values"]}
        ua, wa = (
            {name: figures[metric][name] for name in ("value", "low", "high", "resampled")} for metric in ("UA", "WA")
        )
        seeds, epochs, classes = len(details["seeds"]), details["epochs"], len(details["labels"])
        found = Evaluation(path, ua, wa, content["n"], seeds, epochs, classes, details["folds"][0])
        return found if details["all_folds"] else None
    except (OSError, ValueError, LookupError, TypeError):
        raise SernetError(f"{path} is not a result of `sernet evaluate`: delete it, or evaluate again") from None


def accuracy_tables(results: Path) -> tuple[Table, ...]:
    """Those of the tables that anything was measured for.

    Raises SernetError when a file is no result, or was not made of the records beside it.
    """
    makers = (
        *(_emodb_table, _robustness_table, _enrolment_table, _other_corpora_table),
        *(_int8_table, _smaller_table, _live_table),
    )
    return tuple(table for make in makers if (table := make(results)))


def _emodb_table(results: Path) -> Table | None:
    rows, shown = [], []
    for protocol in (None, *EMODB_PROTOCOLS):
        rows += [(anchor.title, protocol or NOTHING, *_quoted(anchor)) for anchor in anchors_of("emodb", protocol)]
        measured = dict(_systems(results, "emodb", protocol)) if protocol else {}
        rows += [(system, protocol, *found.cells) for system, found in measured.items()]
        shown += measured.values()
    title = "EMO-DB, 7 classes: the presets among other systems"
    return _table(title, ("system", "protocol", UA, WA, "n", "seeds"), rows, shown)


def _robustness_table(results: Path) -> Table | None:
    conditions = {"float": "as recorded", **CONDITION_NAMES}
    found = {
        f"`{preset}`{suffix}": _readings(results, preset, protocol, conditions)
        for protocol, suffix in (("loso", ""), (CALIBRATED["loso"], ", calibrated"))
        for preset in PRESETS
    }
    found = {system: measured for system, measured in found.items() if set(measured) - {"float"}}
    presets = tuple(f"`{preset}`" for preset in PRESETS)
    both = all(preset in found for preset in presets)
    rows = []
    for condition, meaning in conditions.items():
        if any(condition in measured for measured in found.values()):
            figures = [cell for measured in found.values() for cell in _kept_and_lost(measured, condition)]
            gained = [_difference(*(found[preset].get(condition) for preset in presets))] if both else []
            rows.append((meaning, *figures, *gained))
    columns = ("clips", *(f"{system}: {figure}" for system in found for figure in (UA, "points lost")))
    columns += (f"{' - '.join(reversed(presets))}, points [95 %]",) if both else ()
    shown = [each for measured in found.values() for each in measured.values()]
    return _table("Robustness: EMO-DB under `loso`, float", columns, rows, shown)


def _kept_and_lost(measured: dict[str, Evaluation], condition: str) -> tuple[str, str]:
    """UA under a condition, and by how much it is lower than on the clips as recorded."""
    if condition not in measured:
        return NOTHING, NOTHING
    ua, clean = measured[condition].ua, measured.get("float")
    lost = NOTHING if clean is None or condition == "float" else f"{100 * (clean.ua['value'] - ua['value']):z.1f}"
    return percent(ua), lost


def enrolment_curves(results: Path) -> dict[str, dict[str, Evaluation]]:
    """What was measured by how much of the speaker was heard before (`NOBODY` first), for each kind of reading.

    Calibrated readings are kinds of their own; a kind of which nothing was measured is not there.
    """
    curves = {}
    for protocol, unknown, suffix in (
        ("loso-enrolled", "loso", ""),
        (CALIBRATED["loso-enrolled"], CALIBRATED["loso"], ", calibrated"),
    ):
        nobody = _readings(results, ENROLLED_PRESET, unknown, ["float"])
        for kind, title in ENROLMENT_KINDS.items():
            known = _readings(results, ENROLLED_PRESET, protocol, [kind + amount for amount in HEARD])
            if known:
                names = {"float": NOBODY} | {kind + amount: words for amount, words in HEARD.items()}
                curves[title + suffix] = {names[reading]: found for reading, found in (nobody | known).items()}
    return curves


def _enrolment_table(results: Path) -> Table | None:
    curves = enrolment_curves(results)
    rows = [
        (heard, *(cell for curve in curves.values() for cell in _accuracy(curve.get(heard))))
        for heard in (NOBODY, *HEARD.values())
        if any(heard in curve for curve in curves.values())
    ]
    columns = ("speech of the speaker heard before", *(f"{kind}: {figure}" for kind in curves for figure in (UA, WA)))
    title = f"Getting to know its owner: EMO-DB, preset `{ENROLLED_PRESET}`, float"
    return _table(title, columns, rows, [found for curve in curves.values() for found in curve.values()])


def _accuracy(found: Evaluation | None) -> tuple[str, str]:
    """UA and WA, where they were measured."""
    return (NOTHING, NOTHING) if found is None else found.cells[:2]


def _other_corpora_table(results: Path) -> Table | None:
    corpus, protocol = "ravdess", "group-kfold"
    anchors = anchors_of(corpus, protocol)
    rows = [(anchor.title, _short(corpus), protocol, *_quoted(anchor), NOTHING) for anchor in anchors]
    measured = [(system, (corpus,), protocol, found) for system, found in _systems(results, corpus, protocol)]
    measured += [(system, found.corpora, "cross-corpus", found) for system, found in _across(results)]
    rows += [
        (system, _of_classes(found, *corpora), protocol, *found.cells, str(found.epochs))
        for system, corpora, protocol, found in measured
    ]
    columns = ("system", "corpus", "protocol", UA, WA, "n", "seeds", "epochs")
    return _table("Other corpora", columns, rows, [found for *_, found in measured])


def _int8_table(results: Path) -> Table | None:
    rows, shown = [], []
    for preset in PRESETS:
        measured = _readings(results, preset, "loso", PLAIN)
        if len(measured) == len(PLAIN):
            shown += measured.values()
            figures = (percent(found.ua) for found in measured.values())
            rows.append((f"`{preset}`", *figures, _difference(*measured.values())))
    columns = ("preset", *(f"{reading}: {UA}" for reading in PLAIN), "int8 - float, points [95 %]")
    return _table("What int8 costs: EMO-DB under `loso`, difference in pairs", columns, rows, shown)


def _smaller_table(results: Path) -> Table | None:
    rows, shown = [], []
    whole = _readings(results, "sernet", "loso", PLAIN)
    for preset in SMALLER:
        measured = _readings(results, preset, "loso", (*PLAIN, *WIDER.values()))
        if set(measured) & set(PLAIN):
            shown += measured.values()
            cells = []
            for reading in PLAIN:
                own = measured.get(reading)
                cells += [percent(own.ua) if own else NOTHING, _difference(measured.get(WIDER[reading]), own)]
                cells.append(_difference(whole.get(reading), own))
            rows.append((f"`{preset}`", *cells, str(max(found.seeds for found in measured.values()))))
    names = (
        f"{reading}: {figure}"
        for reading in PLAIN
        for figure in (UA, "- unpruned, points", "- `sernet` as above, points")
    )
    columns = ("preset", *names, "seeds")
    title = (
        "What smaller costs: EMO-DB under `loso`, differences in pairs, from the networks that were pruned and from "
        "`sernet` as above"
    )
    return _table(title, columns, rows, shown)


def _live_table(results: Path) -> Table | None:
    rows, shown = [], []
    for preset in (*PRESETS, *SMALLER):
        measured = _readings(results, preset, "loso", (*PLAIN, *LIVE.values()))
        if not set(measured) & set(LIVE.values()):
            continue
        shown += measured.values()
        cells = []
        for whole, live in LIVE.items():
            found = measured.get(live)
            cells += [percent(found.ua) if found else NOTHING, _difference(measured.get(whole), found)]
        rows.append((f"`{preset}`", *cells, str(max(found.seeds for found in measured.values()))))
    names = (f"{reading}: {figure}" for reading in PLAIN for figure in (UA, "- the clip as a whole, points"))
    title = "What hearing live costs: EMO-DB under `loso`, each block measured from the speech up to its end; in pairs"
    return _table(title, ("preset", *names, "seeds"), rows, shown)


def _difference(first: Evaluation | None, second: Evaluation | None) -> str:
    """UA of the second minus UA of the first under `loso`, paired; nothing where one, or its records, are not there."""
    if first is None or second is None:
        return NOTHING
    folders = dict.fromkeys((first.path.parent, second.path.parent))
    if not all(any((folder / PROTOCOLS["loso"].family).glob("fold-*.json")) for folder in folders):
        return NOTHING
    pair = (load_pooled(found.path, "loso", "") for found in (first, second))
    ua = next(item for item in compare(*pair).values if item["metric"] == "UA")
    if not math.isclose(ua["value"], second.ua["value"] - first.ua["value"], abs_tol=1e-9):
        places = " or ".join(map(str, folders))
        raise SernetError(f"the results in {places} were not made of the records beside them: evaluate again")
    return percent(ua, signed=True)


def _systems(results: Path, corpus: str, protocol: str) -> Iterator[tuple[str, Evaluation]]:
    """What was measured of a corpus under a protocol, by the name of the system."""
    for preset in PRESETS:
        for reading, found in _readings(results, preset, protocol, SYSTEMS, corpus).items():
            yield f"`{preset}`, {SYSTEMS[reading]}", found


def _across(results: Path) -> list[tuple[str, Evaluation]]:
    """What was measured across corpora, by direction."""
    found = [
        (f"`{preset}`, {reading}", evaluation)
        for preset in PRESETS
        for reading in PLAIN
        for path in sorted(results.glob(f"*-{preset}/cross-corpus-{reading}-*.json"))
        if (evaluation := read_evaluation(path))
    ]
    return sorted(found, key=lambda pair: pair[1].corpora)


def _readings(
    results: Path, preset: str, protocol: str, readings: Iterable[str], corpus: str = "emodb"
) -> dict[str, Evaluation]:
    """Those of the readings that were measured."""
    paths = {reading: results / f"{corpus}-{preset}" / f"{protocol}-{reading}.json" for reading in readings}
    return {reading: found for reading, path in paths.items() if (found := read_evaluation(path))}


def _table(
    title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], shown: Sequence[Evaluation]
) -> Table | None:
    """The table, with what its intervals are over; None when it shows nothing measured."""
    if not shown:
        return None
    units = sorted({found.ua["resampled"] for found in shown})
    return Table(f"{title}; 95 % intervals over {' or '.join(units)}", columns, tuple(rows))


def _quoted(anchor: Anchor) -> tuple[str, str, str, str]:
    return anchor.ua, anchor.wa, NOTHING, NOTHING


def _of_classes(found: Evaluation, *corpora: str) -> str:
    return f"{' to '.join(map(_short, corpora))}, {found.classes} classes"


def _short(corpus: str) -> str:
    """A corpus's title without its explanation."""
    return CORPORA[corpus].title.split(",")[0] if corpus in CORPORA else corpus
