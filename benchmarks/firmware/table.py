"""A firmware measurement as a table for people and as a Result."""

from typing import Any

from sernet.benchmarks.firmware.measurement import Measured, Measurement
from sernet.benchmarks.tables import NOTHING, Table
from sernet.training.result import Result

UNITS = (
    "RAM and flash in bytes; network and front end in millions of instructions per second of audio, "
    "the worst packet of 10 ms in millions"
)


def table(measured: Measurement) -> Table:
    """One row a board: memory, instructions, and what was compared."""
    columns = ("board", "kernel", "RAM", "state", "scratch", "front end: state", "stack", "flash")
    columns += ("network", "front end", "worst 10 ms", "exact", "label")
    title = f"{measured.name} from samples to label; {measured.clips} recordings of {measured.corpus}. {UNITS}"
    return Table(title, columns, tuple(map(_row, measured.boards)))


def against_micro(measured: Measurement) -> str:
    """TensorFlow Lite Micro's memory beside ours, in a line; empty where its package or emulated boards are missing."""
    ram = [board.ram_bytes for board in measured.boards if board.board.emulator]
    if measured.arena_bytes is None or not ram:
        return ""
    times = measured.arena_bytes / max(ram)
    arena = f"TensorFlow Lite Micro's arena for the model's window: {measured.arena_bytes:,} bytes"
    return f"{arena}, {times:.1f} times the most RAM above"


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


def _row(board: Measured) -> tuple[str, ...]:
    emulated, memory = bool(board.board.emulator), board.memory
    parts = [memory[part] for part in ("state", "scratch", "audio")]
    instructions = (board.network, board.front_end, board.worst)
    return (
        f"`{board.board.name}` {board.board.processor}",
        board.kernel,
        f"{board.ram_bytes:,}" if emulated else NOTHING,
        *(f"{part:,}" for part in parts),
        f"{memory['stack']:,}" if emulated else NOTHING,
        f"{board.flash_bytes:,}" if emulated else NOTHING,
        *(NOTHING if count is None else f"{count / 1e6:.2f}" for count in instructions),
        f"{board.exact} of {board.clips}",
        f"{board.labels} of {board.clips}",
    )
