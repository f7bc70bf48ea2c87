"""A table that grows: one row an answer, for a spreadsheet or pandas."""

import csv
import io
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from sernet.runtime.errors import SernetError
from sernet.runtime.live.events import LiveAnswer, LiveEvent
from sernet.runtime.outputs.output import Output
from sernet.runtime.outputs.trouble import Trouble


class CsvFile(Output):
    """A CSV file with the columns of `columns`, written row by row.

    A file that is there is continued if its header is the same. Half a row at its end, as a power cut leaves it, is
    cut off. One that is moved away meanwhile, as logrotate does, is begun anew. While a row cannot be written (a full
    disk), that is told once, and rows are left out; never half a row.

    Args:
        path: the file.
        labels: the model's, in output order.

    Raises:
        SernetError: on entering, when the file has another header.
        OSError: on entering, when it cannot be opened or its header cannot be written.
    """

    def __init__(self, path: Path, labels: Sequence[str]) -> None:
        self._path = path
        self._header = _row(columns(labels))
        self._trouble = Trouble(str(path))
        self._left_out = 0

    def __enter__(self) -> Self:
        self._append(b"")
        with self._path.open("rb+") as file:
            if file.read(len(self._header)) != self._header:
                raise SernetError(
                    f"{self._path}: holds other columns than this model's answers: name another file, or move it away"
                )
            if end := _torn(file):
                file.truncate(end)
                self._trouble.tell("half a row at its end was cut off")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._left_out:
            self._trouble.tell(f"rows left out: {self._left_out}")

    def event(self, event: LiveEvent) -> None:
        if not isinstance(event, LiveAnswer):
            return
        try:
            self._append(_row(values(event, datetime.now(UTC))))
        except OSError as problem:
            self._left_out += 1
            self._trouble.begins(f"{problem.strerror}; rows are left out")
        else:
            self._trouble.ends(f"goes on; rows left out: {self._left_out}")
            self._left_out = 0

    def _append(self, row: bytes) -> None:
        """Write all of a row or nothing; the header goes before the first."""
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            size = os.fstat(file).st_size
            left = row if size else self._header + row
            try:
                while left:
                    left = left[os.write(file, left) :]
            except OSError:
                with suppress(OSError):  # a device has no length
                    os.ftruncate(file, size)
                raise
        finally:
            os.close(file)


def columns(labels: Sequence[str]) -> list[str]:
    """time: UTC, ISO 8601, when the answer came; then the answer's own names, with `p_LABEL` for each probability."""
    return [
        *("time", "event", "start_s", "end_s", "label", "steady_label"),
        *(f"p_{label}" for label in labels),
        *("level_dbfs", "voice", "latency_ms", "dropped", "overruns"),
    ]


def values(answer: LiveAnswer, now: datetime) -> list[object]:
    """An answer's row."""
    names = answer.to_json()
    probabilities = names.pop("probabilities")
    names |= {f"p_{label}": round(share, 6) for label, share in probabilities.items()}
    names["time"] = now.isoformat(timespec="milliseconds")
    return [names[column] for column in columns(list(probabilities))]


def _row(cells: Sequence[object]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()


def _torn(file: BinaryIO) -> int:
    """Where the half row at the end of a file starts; 0 if there is none."""
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(size - (1 << 16), 0))
    tail = file.read()
    return 0 if tail.endswith(b"\n") else start + tail.rfind(b"\n") + 1
