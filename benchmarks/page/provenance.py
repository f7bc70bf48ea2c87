"""Where the figures come from, and what they do not say."""

from collections.abc import Sequence
from typing import Any

from sernet.benchmarks.page.parts import Part, Sheet
from sernet.benchmarks.page.results import Results
from sernet.benchmarks.report import LIMITS
from sernet.benchmarks.suite.sections import SECTIONS
from sernet.benchmarks.tables import NOTHING, Table

EMODB = "EMO-DB"


def left_out(results: Results) -> Part:
    """What could not be measured, each with its reason."""
    missing = [(name, "all of it", "not measured") for name in SECTIONS if name not in results.documents]
    rows = tuple((SECTIONS[section].title, name, reason) for section, name, reason in [*missing, *results.left_out()])
    if not rows:
        return Part("left-out", "What was left out, and why", "Left out", ("Nothing.",))
    named = tuple(name for name in results.documents if results.details(name, "left_out"))
    table = Table("Left out", ("section", "what", "why"), rows)
    return Part("left-out", "What was left out, and why", "Left out", sheets=(Sheet(table, "", named),))


def limits(results: Results) -> Part:
    """What may not be concluded."""
    acted = any(EMODB in document["corpus"] for document in results.documents.values())
    spoken = ("EMO-DB is acted German speech: ten actors, ten sentences.",) if acted else ()
    return Part("limits", "What these figures do not say", "Limits", (*spoken, *LIMITS))


def provenance(results: Results) -> Part:
    """Code, machine, hour and command of each section, and what took part."""
    rows = tuple(_row(name, document) for name, document in results.documents.items())
    columns = ("Result", "command", "measured", "n", "seed", "protocol", "corpus", "commit", "machine", "sernet")
    alike = [place for place in range(2, len(columns)) if len({row[place] for row in rows}) == 1]
    caption = "; ".join(f"{columns[place]}: {rows[0][place]}" for place in alike)
    table = Table("Results", _without(columns, alike), tuple(_without(row, alike) for row in rows))
    tables = [Sheet(table, caption, tuple(results.documents))]
    versions: dict[tuple[str, str], list[str]] = {}
    for section in results.documents:
        for name, version in results.details(section, "versions").items():
            versions.setdefault((str(name), str(version)), []).append(section)
    if versions:
        shown = tuple((name, version, ", ".join(sections)) for (name, version), sections in versions.items())
        tables.append(Sheet(Table("What took part", ("package or program", "version", "in"), shown), "", ()))
    files = {
        name: digest
        for section in results.documents
        for name, digest in results.details(section, "provenance").get("models", {}).items()
    }
    if files:
        shown = tuple((name, str(digest)) for name, digest in files.items())
        table = Table("Which files", ("network and format", "SHA-256 of the flatbuffer"), shown)
        tables.append(Sheet(table, "", ()))
    text = (
        "Every figure and table is made from these Results, which this page contains: a link below each saves its own.",
    )
    return Part("provenance", "Where the figures come from", "Provenance", text, sheets=tuple(tables))


def _without(row: tuple[str, ...], places: Sequence[int]) -> tuple[str, ...]:
    return tuple(cell for place, cell in enumerate(row) if place not in places)


def _row(name: str, document: dict[str, Any]) -> tuple[str, ...]:
    known = document["details"].get("provenance", {})
    machine = document["machine"]
    return (
        f"{name}.json",
        known.get("command", NOTHING),
        known.get("date", NOTHING),
        f"{document['n']:,}",
        str(document["seed"]),
        document["protocol"],
        document["corpus"],
        known.get("commit", NOTHING),
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}",
        document["sernet"],
    )
