"""A sweep: one TOML file that names a base and a grid, and the settings of every cell of the grid."""

import itertools
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sernet.runtime.errors import SernetError
from sernet.training.config import TrainConfig, load_preset
from sernet.training.protocols import named_protocol

BASE: dict[str, Any] = {
    "preset": "paper",
    "corpus": "",  # the preset's
    "test_corpus": "",  # of cross-corpus alone
    "protocol": "loso",
    "seeds": [0],
    "folds": [],  # all
}
"""What [base] may hold, with its defaults."""

PRESET = "preset"
"""The one key of [grid] that is no setting: whole presets against each other."""

NOT_IN_THE_GRID = {
    "dataset": "[base] has corpus for it",
    "seed": "[base] has seeds for it",
    **dict.fromkeys(
        ("keep", "split", "test_speakers", "test_fraction", "validation_fraction"),
        "the protocol says it for every cell",
    ),
}
"""Settings that no cell may have of its own, and why."""


@dataclass(frozen=True)
class Cell:
    """One point of the grid."""

    name: str
    """The settings in which cells differ; fit for a folder's name."""
    preset: str
    """Name or path."""
    settings: dict[str, Any]
    """By dotted name, in the grid's order: those in which cells differ."""
    config: TrainConfig


@dataclass(frozen=True)
class Sweep:
    """All cells, and what they have in common."""

    name: str
    """Of the file, without its suffix."""
    protocol: str
    test_corpus: str | None
    seeds: tuple[int, ...]
    folds: tuple[str, ...]
    """Only these; all when empty."""
    cells: tuple[Cell, ...]
    """In the grid's order: the last key's values change first."""

    @property
    def axes(self) -> tuple[str, ...]:
        """The settings in which cells differ."""
        return tuple(self.cells[0].settings)


def parse_sweep(path: Path) -> Sweep:
    """Read a sweep, for example::

        [base]
        preset = "paper"
        corpus = "emodb"
        protocol = "loso"
        seeds = [0, 1]

        [grid]
        epochs = [40]
        loss = ["cross_entropy", "focal"]
        front_end.log_offset = [1e-6, 1e-3]

    Every key of [grid] is a setting of `TrainConfig` (or ``preset``) with a list of values; the cells are their
    Cartesian product. A list of one value fixes a setting. A table as a value changes what it names; ``"none"`` is None
    where a setting may be that.

    Raises:
        SernetError: one line that begins with the file's name: it is not there, not TOML, or asks for something that
            does not exist or does not fit.
    """
    try:
        return _sweep(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SernetError(f"{path}: {error.strerror}: give a TOML file with [base] and [grid]") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SernetError(f"{path}: not TOML: {error}") from None
    except SernetError as error:
        raise SernetError(f"{path}: {error}") from None


def _sweep(name: str, tables: dict[str, Any]) -> Sweep:
    if unknown := sorted(set(tables) - {"base", "grid"}):
        raise SernetError(f"{', '.join(unknown)} must stand in [base] or in [grid]")
    base, grid = _base(tables.get("base", {})), dict(_axes(tables.get("grid", {})))
    if not grid:
        raise SernetError("[grid] is missing: a table of settings, each with a list of values")
    protocol = named_protocol(base["protocol"])
    if (protocol.name == "cross-corpus") != bool(base["test_corpus"]):
        raise SernetError("cross-corpus needs test_corpus in [base], and no other protocol takes it")
    base["keep"] = "best" if protocol.peek else "last"
    axes = [key for key, values in grid.items() if len(values) > 1] or list(grid)
    cells = tuple(
        _cell(dict(zip(grid, values, strict=True)), axes, base) for values in itertools.product(*grid.values())
    )
    if len({cell.name for cell in cells}) < len(cells):
        raise SernetError("two cells have the same name: give no value twice, and presets different file names")
    return Sweep(name, protocol.name, base["test_corpus"] or None, tuple(base["seeds"]), tuple(base["folds"]), cells)


def _base(values: Any) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise SernetError("[base] is a table")
    if unknown := sorted(set(values) - set(BASE)):
        raise SernetError(f"[base] has no {', '.join(unknown)}: it takes {', '.join(BASE)}; settings stand in [grid]")
    for key, value in values.items():
        kind, item = (list, int if key == "seeds" else str) if isinstance(BASE[key], list) else (str, str)
        listed = value if isinstance(value, list) else [value]
        if not isinstance(value, kind) or any(type(entry) is not item for entry in listed):
            wanted = f"a list of {'whole numbers' if item is int else 'texts'}" if kind is list else "a text"
            raise SernetError(f"[base] has {key} = {value!r}, and it must be {wanted}")
    base = BASE | values
    if not base["seeds"] or min(base["seeds"]) < 0 or len(set(base["seeds"])) < len(base["seeds"]):
        raise SernetError(f"[base] has seeds = {base['seeds']}: give one or more, each once, none below 0")
    return base


def _axes(table: Any, prefix: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Dotted keys and their values: TOML reads a dotted key as tables in tables."""
    if not isinstance(table, dict):
        raise SernetError("[grid] is a table of settings, each with a list of values")
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _axes(value, f"{prefix}{key}.")
            continue
        name = prefix + key
        if reason := NOT_IN_THE_GRID.get(name):
            raise SernetError(f"[grid] cannot have {name}: {reason}")
        if not isinstance(value, list) or not value:
            raise SernetError(f"[grid] has {name} = {value!r}: give a list of values, [{json.dumps(value)}] for one")
        yield name, value


def _cell(chosen: dict[str, Any], axes: list[str], base: dict[str, Any]) -> Cell:
    name = ",".join(f"{_short(key, axes)}={_plain(chosen[key])}" for key in axes)
    preset = str(chosen.get(PRESET, base["preset"]))
    values = load_preset(preset).to_json() | {"keep": base["keep"]}
    if base["corpus"]:
        values["dataset"] = base["corpus"]
    defaults = TrainConfig().to_json()
    for key, value in chosen.items():
        if key != PRESET:
            values = _changed(values, key.split("."), value, defaults)
    try:
        config = TrainConfig.from_json(values)
    except SernetError as error:
        raise SernetError(f"cell {name}: {error}") from None
    return Cell(name, preset, {key: chosen[key] for key in axes}, config)


def _changed(values: Mapping[str, Any], keys: list[str], value: Any, defaults: Any) -> dict[str, Any]:
    """A copy of the settings with the one under `keys` set to `value`."""
    key, *inner = keys
    default = defaults.get(key, ...) if isinstance(defaults, dict) else ...
    if inner:
        table = values.get(key) or {}
        if not isinstance(table, dict):
            raise SernetError(f"[grid] has {key}.{'.'.join(inner)}, and {key} is no table of settings")
        value = _changed(table, inner, value, default)
    elif value == "none" and default is None:
        value = None
    elif isinstance(value, dict) and isinstance(values.get(key), dict):
        value = values[key] | value
    return {**values, key: value}


def _short(key: str, axes: list[str]) -> str:
    """The last part of a dotted key, where no other axis ends in it."""
    last = key.rpartition(".")[2]
    return last if sum(other.rpartition(".")[2] == last for other in axes) == 1 else key


def _plain(value: Any) -> str:
    """A value as a part of a folder's name; of a preset's path, its name."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", "="))
    return re.sub(r"[^\w.+=,-]+", "", Path(text).stem if text.endswith(".toml") else text)
