"""Figures as they are written."""

from sernet.benchmarks.firmware.boards import BOARDS
from sernet.benchmarks.page.results import Item
from sernet.benchmarks.tables import NOTHING


def short(value: float) -> str:
    """Three digits that count, without an exponent."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:.3g}"


def number(item: Item | None, unit: float = 1.0) -> str:
    """A value in three digits, with its interval where it has one; in `unit` of the Result's."""
    if item is None:
        return NOTHING
    shown = [short(item[name] / unit) for name in ("value", "low", "high") if name in item]
    return shown[0] if len(shown) == 1 else f"{shown[0]} [{shown[1]}, {shown[2]}]"


def size(count: float) -> str:
    """Bytes as people say them."""
    for unit, least in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= least:
            return f"{short(count / least)} {unit}"
    return f"{count:,.0f} bytes"


def board_name(name: str) -> str:
    """What processor a board has; its name where that is not known."""
    return BOARDS[name].processor if name in BOARDS else name
