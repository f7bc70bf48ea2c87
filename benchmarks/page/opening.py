"""The first screen: what to take for which device, what it costs, and how it compares with what people use instead."""

from collections.abc import Callable

from sernet.benchmarks.page.devices import RULES, Choice, choices
from sernet.benchmarks.page.parts import Part, Sheet, Tile
from sernet.benchmarks.page.results import Item, Results
from sernet.benchmarks.page.wording import short, size
from sernet.benchmarks.tables import NOTHING, Table, percent

_SOURCES = ("sizes", "latency", "memory", "browser", "boards", "answers")


def opening(results: Results) -> Part:
    """Devices, and the peer that comes nearest."""
    rows = tuple(_row(choice, results) for choice in choices(results))
    columns = ("your device", "take", "storage", "RAM", "what listening costs", "UA, % [95 %]", "why")
    return Part(
        "take",
        "What should I take for my device, and what does it cost?",
        "Devices",
        beside=f"Beside {strongest_peer(results) or 'others'}",
        tiles=_tiles(results),
        tile_sources=tuple({"peers"} & results.documents.keys()),
        sheets=(
            Sheet(
                Table("What a device should take", columns, rows),
                _accuracy_of(results),
                tuple(name for name in _SOURCES if name in results.documents),
            ),
        ),
        rules=(*RULES, *_elsewhere(results)),
    )


def _accuracy_of(results: Results) -> str:
    """What the column of accuracies is of."""
    model = results.pictured
    known = next(iter(results.all("answers", "UA", model=model, protocol=results.protocol(model))), None)
    if known is None:
        return "Accuracy: not measured."
    protocol = results.protocol(model)
    summary = results.details("answers", "protocols").get(protocol)
    meaning = f" ({summary})" if summary else ""
    clips = f", n = {known['n']}" if "n" in known else ""
    return f"UA under {protocol}{meaning}; {known.get('corpus') or results.documents['answers']['corpus']}{clips}."


def _elsewhere(results: Results) -> tuple[str, ...]:
    """Whose times stand for a device's."""
    machines = {
        f"{machine['processor']}, {machine['system']}"
        for name in ("latency", "memory", "browser")
        if name in results.documents
        for machine in [results.documents[name]["machine"]]
    }
    if not machines:
        return ()
    return (
        "Times and memory of a Pi and of a browser are those of the machine that measured "
        f"({'; '.join(sorted(machines))}): they say which file to take, not how long a Pi or a phone needs.",
    )


def _row(choice: Choice, results: Results) -> tuple[str, ...]:
    one = choice.candidate
    if one is None:
        return (choice.device.name, *[NOTHING] * 5, choice.why)
    file = results.details("sizes", "files").get(f"{one.model} {one.format}")
    take = f"{one.name} ({file})" if file else one.name
    return (choice.device.name, take, one.storage, one.ram, one.time, percent(one.accuracy), choice.why)


def strongest_peer(results: Results) -> str | None:
    """The most accurate of what people would use instead; the first where no accuracy was measured."""
    known = [item for item in results.all("peers", "UA") if item["model"] in results.peers]
    if known:
        return max(known, key=lambda item: item["value"])["model"]
    return next(iter(results.peers), None)


def _tiles(results: Results) -> tuple[Tile, ...]:
    """Ours beside the strongest peer: accuracy, time, and what must be installed."""
    ours, peer = results.main, strongest_peer(results)
    if peer is None:
        return (Tile(NOTHING, "what people would use instead: not measured"),)
    difference = results.find("peers", "UA difference", model=ours, peer=peer)
    times = [results.find("peers", "samples to label median", model=model) for model in (ours, peer)]
    packages = results.all("peers", "installed")  # ours is one package for all networks
    installed = next((item for item in packages if item["model"] not in results.peers), None)
    theirs = results.find("peers", "installed", model=peer)
    accuracy = f"of UA: {ours} minus {peer}"
    if difference:
        corpus = results.documents["peers"]["corpus"]
        accuracy += f"; {difference['protocol']}, n = {difference['n']}, {corpus}"
    return (
        Tile(f"{percent(difference, signed=True)} points" if difference else NOTHING, accuracy),
        _beside(times[0], times[1], f"of its time, {ours} from samples to label", lambda value: f"{short(value)} ms"),
        _beside(installed, theirs, "of its size, all that must be installed", size),
    )


def _beside(ours: Item | None, theirs: Item | None, what: str, said: Callable[[float], str]) -> Tile:
    if not ours or not theirs:
        return Tile(NOTHING, f"{what}: not measured")
    share = ours["value"] / theirs["value"]
    part = f"1/{1 / share:.2g}" if share < 0.5 else f"{share:.0%}"
    return Tile(part, f"{what}: {said(ours['value'])} against {said(theirs['value'])}")
