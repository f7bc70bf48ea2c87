"""Which file a device should take: chosen by rules from what was measured."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from sernet.benchmarks.firmware.boards import BOARDS
from sernet.benchmarks.page.results import Item, Results
from sernet.benchmarks.page.wording import short, size
from sernet.benchmarks.pareto.device_classes import TOLERANCE
from sernet.benchmarks.tables import NOTHING
from sernet.export.formats import FORMATS

BUSY = 0.75
"""Share of its cycles that a microcontroller may spend on listening, at one instruction a cycle."""


@dataclass(frozen=True)
class Candidate:
    """A file that a device could take, and what it costs there."""

    model: str
    format: str
    accuracy: Item | None
    """UA of its settings; None where it was not measured."""
    cost: float
    """What the device has least of: the one that is kept low."""
    storage: str
    ram: str
    time: str
    obstacles: tuple[str, ...] = ()
    """Why it does not run there; empty where it does."""

    @property
    def name(self) -> str:
        return f"{self.model}, {self.format}"


@dataclass(frozen=True)
class Device:
    """A kind of device."""

    name: str
    sparing: str
    """What its file should spare."""
    sources: tuple[str, ...]
    """Sections without which nothing can be said of it."""
    find: Callable[[Results], list[Candidate]] = field(repr=False)


@dataclass(frozen=True)
class Choice:
    """What a device should take, or why it takes nothing."""

    device: Device
    candidate: Candidate | None
    why: str


def reading(form: str) -> str:
    """Of the answers that stand for a format: networks are evaluated in floats and in integers."""
    return "int8" if FORMATS[form].full_integer else "float"


def choices(results: Results) -> list[Choice]:
    """One for each kind of device."""
    return [_choose(device, device.find(results)) for device in DEVICES]


def _choose(device: Device, candidates: list[Candidate]) -> Choice:
    if not candidates:
        return Choice(device, None, f"not measured: needs {' and '.join(device.sources)}")
    fitting = [candidate for candidate in candidates if not candidate.obstacles]
    if not fitting:
        nearest = min(candidates, key=lambda candidate: candidate.cost)
        return Choice(device, None, f"none fits; the nearest, {nearest.name}: {'; '.join(nearest.obstacles)}")
    known = [candidate for candidate in fitting if candidate.accuracy]
    cheapest = min(known or fitting, key=lambda candidate: candidate.cost)
    counted = f"{len(fitting)} of {len(candidates)} fit"
    if not known:
        return Choice(device, cheapest, f"{counted}; least {device.sparing}; accuracy not measured")
    best = max(known, key=_ua)
    chosen = min((one for one in known if _ua(one) >= _ua(best) - TOLERANCE), key=lambda candidate: candidate.cost)
    if chosen is best:
        return Choice(device, chosen, f"{counted}; the most accurate")
    behind = 100 * (_ua(best) - _ua(chosen))
    how = f"{behind:.1f} points behind {best.name}" if behind else f"as accurate as {best.name}"
    return Choice(device, chosen, f"{counted}; least {device.sparing}, {how}")


def _ua(candidate: Candidate) -> float:
    assert candidate.accuracy, "asked of those whose accuracy is known"
    return candidate.accuracy["value"]


def _files(results: Results, takes: Callable[[str], bool]) -> list[tuple[str, str, Item]]:
    """Network, format and bytes of the released files that a device could open; of all where none is known."""
    released = results.details("sizes", "files")
    found = ((item["model"], item.get("format"), item) for item in results.all("sizes", "file"))
    return [
        (model, form, item)
        for model, form, item in found
        if model in results.advised and form in FORMATS and takes(form)
        if not released or f"{model} {form}" in released
    ]


def _on_pi(results: Results) -> list[Candidate]:
    """LiteRT runs files with floats at both ends in one piece."""
    candidates = []
    for model, form, file in _files(results, lambda form: FORMATS[form].float_io):
        keys: dict[str, Any] = {"model": model, "format": form}
        latency = results.find("latency", "latency median", runtime="LiteRT", threads=1, **keys)
        if latency is None:
            continue
        ratio = results.find("latency", "latency ratio", runtime="LiteRT", threads=1, **keys)
        memory = results.find("memory", "peak memory", **keys)
        candidates.append(
            Candidate(
                model,
                form,
                results.accuracy(model, reading(form)),
                (ratio or latency)[
                    "value"
                ],  # ratios are measured in turns: a machine that is busy now and then counts less
                f"{size(file['value'])} file",
                f"{size(memory['value'])}, Python and all" if memory else NOTHING,
                f"{short(latency['value'])} ms a window",
            )
        )
    return candidates


def _in_browser(results: Results) -> list[Candidate]:
    """What LiteRT.js ran or, where no browser was at hand, what is made for it."""
    ran = {(item["model"], item.get("format")): item for item in results.all("browser", "latency median")}
    candidates = []
    for model, form, file in _files(results, lambda form: FORMATS[form].single_partition or bool(ran)):
        latency = ran.get((model, form))
        if ran and latency is None:
            continue
        download = (results.find("sizes", "gzip", model=model, format=form) or file)["value"]
        candidates.append(
            Candidate(
                model,
                form,
                results.accuracy(model, reading(form)),
                download,
                f"{size(download)} to download",
                NOTHING,
                f"{short(latency['value'])} ms a window" if latency else "not measured",
            )
        )
    return candidates


def _on_microcontroller(core: str, hz: float, flash: int, ram: int) -> Callable[[Results], list[Candidate]]:
    """The C engine on a processor of this kind; limits are those of a typical part."""

    def find(results: Results) -> list[Candidate]:
        boards = [board.name for board in BOARDS.values() if board.processor.split(" (")[0] == core]
        candidates = []
        for model, board in product(results.advised, boards):
            figures = {
                metric: results.find("boards", metric, model=model, board=board)
                for metric in ("RAM", "flash", "network instructions", "front end instructions")
            }
            found = {metric: item["value"] for metric, item in figures.items() if item}
            if len(found) < len(figures):
                continue
            work = found["network instructions"] + found["front end instructions"]
            share = work / hz
            limits = (
                (share > BUSY, f"{share:.0%} of its cycles"),
                (found["flash"] > flash, f"{size(found['flash'])} of flash"),
                (found["RAM"] > ram, f"{size(found['RAM'])} of RAM"),
            )
            candidates.append(
                Candidate(
                    model,
                    "int8",
                    results.accuracy(model, "int8"),
                    work,
                    f"{size(found['flash'])} of flash",
                    size(found["RAM"]),
                    f"{short(work / 1e6)} M instructions a second of audio, {share:.0%} of its cycles",
                    tuple(said for over, said in limits if over),
                )
            )
        return candidates

    return find


def _binary(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB"


DEVICES = (
    Device("Raspberry Pi, LiteRT", "time", ("sizes", "latency"), _on_pi),
    Device("Phone's browser, LiteRT.js", "download", ("sizes",), _in_browser),
    *(
        Device(
            f"{core}, {hz / 1e6:.0f} MHz, {_binary(flash)} flash, {_binary(ram)} RAM",
            "work",
            ("boards",),
            _on_microcontroller(core, hz, flash, ram),
        )
        for core, hz, flash, ram in (
            ("Cortex-M55", 160e6, 1 << 20, 128 << 10),
            ("Cortex-M7", 480e6, 1 << 20, 128 << 10),
            ("Cortex-M4", 64e6, 1 << 19, 64 << 10),
            ("Cortex-M0+", 133e6, 2 << 20, 264 << 10),
        )
    ),
)
"""The parts' figures are those of typical ones on sale."""

RULES = (
    "A device chooses among the released files that it can open and, if it is a microcontroller, that fit its flash "
    f"and its RAM and leave it {1 - BUSY:.0%} of its cycles, at one instruction a cycle.",
    "Of those it takes what is cheapest in what it has least of (time on a Pi, by ratios measured in turns; download "
    "in a browser; instructions on a microcontroller) among all whose UA is at most "
    f"{100 * TOLERANCE:g} point behind the most accurate.",
    "UA is the mean recall over the classes, of networks trained with the same settings without the test speakers; "
    "formats in integers share one figure, those in floats another.",
)
