"""Audio files in a folder, and corpora whose file names say everything."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from sernet.training.clip import Clip
from sernet.training.corpora.corpus import Reading

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3"})


class Utterance(NamedTuple):
    """What a file name says."""

    label: str
    speaker: str
    sentence: str


def audio_files(folder: Path) -> list[Path]:
    """Audio files anywhere below `folder`, sorted; hidden files and what macOS adds to a zip are passed over."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in AUDIO_SUFFIXES
        and not any(part.startswith(".") or part == "__MACOSX" for part in path.relative_to(folder).parts)
        and path.is_file()
    )


def first_few(names: Iterable[object], limit: int = 3) -> str:
    """`names` as a list for a message: the first `limit`, then how many more."""
    texts = [str(name) for name in names]
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more


def read_by_name(corpus: str, root: Path, parse: Callable[[Path], Utterance | None]) -> Reading:
    """Read a corpus whose file names carry label, speaker and sentence.

    `parse` returns None for a file that is no clip of this corpus. A clip that lies in the folder
    twice (common archives of RAVDESS and TESS hold everything two times) is taken once.
    """
    clips: dict[tuple[str, Utterance], Clip] = {}
    unknown: list[Path] = []
    copies: list[Path] = []
    for path in audio_files(root):
        utterance = parse(path)
        if utterance is None:
            unknown.append(path.relative_to(root))
        elif (path.stem, utterance) in clips:
            copies.append(path.relative_to(root))
        else:
            clips[path.stem, utterance] = Clip(path, *utterance, corpus)
    left_out = []
    if unknown:
        left_out.append(f"left out {len(unknown)} that are not clips of {corpus}: {first_few(unknown)}")
    if copies:
        left_out.append(f"left out {len(copies)} second copies: {first_few(copies)}")
    return Reading(list(clips.values()), left_out)
