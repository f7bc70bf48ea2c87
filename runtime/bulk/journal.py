"""The answers of an unfinished run, kept beside its output, so that the next run need not find them again."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sernet.runtime.bulk.recordings import Recording
from sernet.runtime.bulk.work import Answer
from sernet.runtime.errors import SernetError

FORMAT_VERSION = 1
"""Another version's journal is not read."""


class Journal:
    """A line of JSON for each answered recording, behind a line that says what gave the answers.

    Lines are only ever appended, and handed to the system at once: a killed process loses nothing but the line that it
    was writing, which is cut off when the journal is opened again. Of two lines for one recording the later counts.
    """

    def __init__(self, path: Path, settings: dict[str, Any], *, afresh: bool = False) -> None:
        """Open or begin it.

        Args:
            path: where it is; its folder is made.
            settings: plain values; answers under other settings cannot be used.
            afresh: then drop those, instead of an error.

        Raises:
            SernetError: it holds answers under other settings, another process writes to it, or the disk is full.
        """
        self.path = path
        self._places: dict[str, tuple[int, int, int]] = {}  # name: size, mtime_ns, where its line starts
        self._header = {"format_version": FORMAT_VERSION} | settings
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b", buffering=0)  # so that no torn rest waits in a buffer when the disk is full
        self._lock()
        try:
            self._read(afresh)
        except BaseException:
            self.close()
            raise

    def holds(self, recording: Recording) -> bool:
        """Whether it is answered, and has not changed since."""
        return self._places.get(recording.name, ())[:2] == (recording.size, recording.mtime_ns)

    def append(self, recording: Recording, answer: Answer) -> None:
        """Keep an answer; raises SernetError when it cannot be written."""
        entry = {"file": recording.name, "size": recording.size, "mtime_ns": recording.mtime_ns, "rows": answer.rows}
        self._places[recording.name] = (recording.size, recording.mtime_ns, self._write(entry))

    def rows(self, names: Iterable[str]) -> Iterator[tuple[str, list[Any]]]:
        """The rows of those recordings that are answered, with their names, in the order of `names`."""
        with self.path.open("rb") as file:
            for name in names:
                if name in self._places:
                    file.seek(self._places[name][2])
                    for row in json.loads(file.readline())["rows"]:
                        yield name, row

    def remove(self) -> None:
        """Close and delete it."""
        self._places = {}
        self.close()

    def close(self) -> None:
        """Close it; without an answer it is of no use to anybody, and goes."""
        self._file.close()
        if not self._places:
            self.path.unlink(missing_ok=True)

    def _lock(self) -> None:
        try:
            import fcntl
        except ImportError:  # Windows
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise SernetError(f"{self.path} is being written by another run: wait for it, or stop it") from None
        except OSError:  # a file system without locks
            return

    def _read(self, afresh: bool) -> None:
        header, end = None, 0
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                entry = _parsed(line)
                if end == 0:
                    header = entry
                elif "file" in entry:  # a machine that lost its power may leave lines of zeros
                    self._places[entry["file"]] = (entry["size"], entry["mtime_ns"], end)
                end += len(line)
        if header != self._header:
            if self._places and not afresh:
                raise SernetError(self._difference(header or {}))
            self._places, end = {}, 0
        self._file.truncate(end)
        if end == 0:
            self._write(self._header)

    def _difference(self, header: dict[str, Any]) -> str:
        names = [name.replace("_", " ") for name in self._header if self._header[name] != header.get(name)]
        return (
            f"{self.path} was begun with another {', '.join(names)}: give what it was begun with to go on, "
            "or --overwrite to start afresh"
        )

    def _write(self, entry: dict[str, Any]) -> int:
        """Append a line; returns where it starts."""
        start = self._file.seek(0, os.SEEK_END)
        rest = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise SernetError(
                f"cannot write {self.path}: {error.strerror}; what is done is kept there: make room and give the same "
                "command again to go on"
            ) from error
        return start


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
