"""A firmware measurement as a table for people and as a Result."""

from typing import Any

from sernet.benchmarks.firmware.measurement import Measured, Measurement
from sernet.training.result import Result

_COLUMNS = (
    "board",
    "kernel",
    "RAM",
    "state",
    "scratch",
    "front end",
    "stack",
    "flash",
    "network",
    "front end",
    "worst 10 ms",
    "exact",
    "label",
)


def table(measured: Measurement) -> str:
    """Markdown: bytes of memory, millions of instructions per second of audio, and what was compared."""
    lines = [
        f"{measured.name} from samples to label; {measured.clips} recordings of {measured.corpus}.",
        "RAM and flash in bytes; network and front end in millions of instructions per second of audio, the worst",
        "packet of 10 ms in millions.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        f"| --- | --- |{' ---: |' * (len(_COLUMNS) - 2)}",
        *(_row(board) for board in measured.boards),
    ]
    if measured.arena_bytes is not None:
        ram = [board.ram_bytes for board in measured.boards if board.board.emulator]
        lines += ["", f"TensorFlow Lite Micro's arena for the model's window: {measured.arena_bytes:,} bytes"]
        if ram:
            lines[-1] += f", {measured.arena_bytes / max(ram):.1f} times the most RAM above"
    return "\n".join(lines)


def result(measured: Measurement, ram_bytes: int) -> Result:
    """The measurement as a document."""
    values: list[dict[str, Any]] = []
    for board in measured.boards:
        figures = {
            "RAM bytes": board.ram_bytes if board.board.emulator else None,
            "flash bytes": board.flash_bytes if board.board.emulator else None,
            "network instructions per second of audio": board.network,
            "front end instructions per second of audio": board.front_end,
            "worst instructions of a packet": board.worst,
            "exact clips": board.exact,
            "clips with the label of sernet-infer": board.labels,
            "clips": board.clips,
        }
        values += [
            {"board": board.board.name, "metric": metric, "value": value}
            for metric, value in figures.items()
            if value is not None
        ]
    return Result(
        what="firmware",
        subject=measured.name,
        protocol="none: bit for bit comparison",
        corpus=measured.corpus,
        n=measured.clips,
        seed=0,
        values=values,
        details={
            "RAM linked for": ram_bytes,
            "TensorFlow Lite Micro arena bytes": measured.arena_bytes,
            "memory": {board.board.name: board.memory for board in measured.boards},
            "kernels": {board.board.name: board.kernel for board in measured.boards},
        },
    )


def _row(board: Measured) -> str:
    emulated, memory = bool(board.board.emulator), board.memory
    cells = [
        f"`{board.board.name}` {board.board.processor}",
        board.kernel,
        f"{board.ram_bytes:,}" if emulated else "",
        *(
            f"{memory[part]:,}" if emulated or part != "stack" else ""
            for part in ("state", "scratch", "audio", "stack")
        ),
        f"{board.flash_bytes:,}" if emulated else "",
        _millions(board.network),
        _millions(board.front_end),
        _millions(board.worst),
        f"{board.exact} of {board.clips}",
        f"{board.labels} of {board.clips}",
    ]
    return f"| {' | '.join(cells)} |"


def _millions(instructions: float | None) -> str:
    return "" if instructions is None else f"{instructions / 1e6:.2f}"
