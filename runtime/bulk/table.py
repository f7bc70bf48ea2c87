"""A table in a file: CSV or JSON lines by the standard library, Parquet by pyarrow."""

import csv
import io
import itertools
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from sernet.runtime.errors import SernetError

TEXTS = frozenset({"file", "label", "model", "fingerprint", "sernet_version"})
"""Columns of text; all others hold float64."""

ROW_GROUP = 10_000
"""Rows that are in memory at a time, and in a row group of Parquet."""

Row = Sequence[Any]


def check_output(path: Path, *, overwrite: bool) -> None:
    """Raises SernetError when no table can be written to `path`, before any work is done for it."""
    if path.suffix not in _WRITERS:
        raise SernetError(f"{path}: the output's name must end in {', '.join(_WRITERS)}, which says what it becomes")
    if path.is_dir():
        raise SernetError(f"{path}: is a folder")
    if path.exists() and not overwrite:
        raise SernetError(f"{path} is there already: give --overwrite to replace it")
    if path.suffix == ".parquet":
        _import_pyarrow()


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a table that appears under its name whole or not at all; raises SernetError when it cannot be written."""
    temporary = path.with_name(f"{path.name}.partial")
    try:
        with temporary.open("wb") as file:
            _WRITERS[path.suffix](file, columns, rows)
            file.flush()
            os.fsync(file.fileno())  # or a machine that loses its power may keep the new name and not what it names
        temporary.replace(path)
    except OSError as error:
        raise SernetError(
            f"cannot write {path}: {error.strerror or error}; all answers are kept: make room and give the same "
            "command again"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _write_csv(file: BinaryIO, columns: Sequence[str], rows: Iterable[Row]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    text.detach()


def _write_jsonl(file: BinaryIO, columns: Sequence[str], rows: Iterable[Row]) -> None:
    for row in rows:
        file.write(json.dumps(dict(zip(columns, row, strict=True))).encode() + b"\n")


def _write_parquet(file: BinaryIO, columns: Sequence[str], rows: Iterable[Row]) -> None:
    pyarrow, parquet = _import_pyarrow()
    types = {name: pyarrow.string() if name in TEXTS else pyarrow.float64() for name in columns}
    schema = pyarrow.schema(list(types.items()))
    rows = iter(rows)
    with parquet.ParquetWriter(file, schema) as writer:
        while group := list(itertools.islice(rows, ROW_GROUP)):
            values = zip(*group, strict=True)
            arrays = [pyarrow.array(column, kind) for column, kind in zip(values, types.values(), strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))


def _import_pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise SernetError('Parquet needs pyarrow: pip install "sernet[bulk]"; .csv and .jsonl do without') from None
    return pyarrow, pyarrow.parquet


_WRITERS: dict[str, Callable[[BinaryIO, Sequence[str], Iterable[Row]], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}
