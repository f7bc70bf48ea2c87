"""The recordings of a folder: which files are audio by name, and what tells that one has changed."""

import os
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

from sernet.runtime.errors import SernetError

SUFFIXES = frozenset(
    {
        ".wav",
        ".wave",
        ".w64",
        ".rf64",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
        ".aif",
        ".aiff",
        ".aifc",
        ".au",
        ".snd",
    }
    | {".caf", ".m4a", ".aac", ".wma", ".amr", ".3gp"}
)
"""Files with these names are audio. Some cannot be read: they are told as such, and not passed over in silence."""


@dataclass(frozen=True)
class Recording:
    """An audio file below a folder."""

    name: str
    """Its path from the folder on, with slashes; bytes that are no UTF-8 are as `os.fsdecode` has them."""
    size: int
    """Bytes."""
    mtime_ns: int
    """When it was last changed."""


@dataclass
class Listing:
    """What a folder holds."""

    recordings: list[Recording] = field(default_factory=list)
    """Sorted by name."""
    others: Counter[str] = field(default_factory=Counter)
    """How many files are not audio, by suffix."""
    problems: dict[str, str] = field(default_factory=dict)
    """What cannot be looked at, by name, and why."""


def list_recordings(folder: Path, *, recursive: bool) -> Listing:
    """The recordings in `folder`, or also in the folders below it.

    Hidden files and folders are left out. Links are followed; a folder is visited once, by its own name rather than a
    link's, so that a loop of links ends.

    Raises:
        SernetError: there is no such folder, it may not be read, or it holds no recording.
    """
    if not folder.is_dir():
        raise SernetError(f"{folder}: {'is not a folder' if folder.exists() else 'no such folder'}")
    listing = Listing()
    visited: set[tuple[int, int]] = set()
    below = False
    waiting = deque([""])
    while waiting:
        place = waiting.popleft()
        try:
            status = (folder / place).stat()
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder / place) as entries:
                visible = sorted((entry for entry in entries if not entry.name.startswith(".")), key=_name)
        except OSError as error:
            if not place:
                raise
            listing.problems[place] = error.strerror or str(error)
            continue
        for entry in visible:
            name = f"{place}/{entry.name}" if place else entry.name
            if not _is_folder(entry):
                _add_file(listing, name, entry)
            elif not recursive:
                below = True
            elif entry.is_symlink():
                waiting.append(name)  # after all real folders
            else:
                waiting.appendleft(name)
    if not listing.recordings and not listing.problems:
        hint = ": --recursive also looks into the folders below" if below else ""
        raise SernetError(f"{folder}: holds no audio file (by suffix: .wav, .flac, .ogg, .mp3 and the like){hint}")
    listing.recordings.sort(key=_name)
    return listing


def printable(name: str) -> str:
    r"""A file's name as valid text on one line: bytes that are no UTF-8 become ``\xe9`` and the like."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text.replace("\n", "\\n").replace("\r", "\\r")


def _name(item: Recording | os.DirEntry[str]) -> str:
    return item.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _add_file(listing: Listing, name: str, entry: os.DirEntry[str]) -> None:
    suffix = Path(entry.name).suffix.lower()
    if suffix not in SUFFIXES:
        listing.others[suffix or "without suffix"] += 1
        return
    try:
        status = entry.stat()
    except OSError as error:
        listing.problems[name] = error.strerror or str(error)
        return
    listing.recordings.append(Recording(name, status.st_size, status.st_mtime_ns))
