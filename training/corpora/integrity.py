"""Checks of what was read: broken files, and clips that the published corpus has and this copy has not."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from sernet.runtime.audio_file import AudioError, read_audio
from sernet.training.clip import Clip
from sernet.training.corpora.corpus import Corpus, CorpusOptions


class BrokenFile(NamedTuple):
    """An audio file that cannot be used, and why."""

    path: Path
    reason: str


def broken_files(clips: Sequence[Clip], progress: Callable[[int, int], None] | None = None) -> list[BrokenFile]:
    """Clips whose file is absent, or cannot be read to its end as finite samples.

    `progress(done, total)` is called after each file.
    """
    broken = []
    for done, clip in enumerate(clips, start=1):
        if reason := _fault(clip.path):
            broken.append(BrokenFile(clip.path, reason))
        if progress:
            progress(done, len(clips))
    return broken


def _fault(path: Path) -> str | None:
    try:
        read_audio(path)
    except AudioError as error:
        return str(error).removeprefix(f"{path}: ")
    return None


def differences(corpus: Corpus, clips: Sequence[Clip], options: CorpusOptions) -> list[str]:
    """One line for each way in which `clips` differ from the published counts; none when they agree."""
    published = corpus.expected(options)
    found = Counter(clip.label for clip in clips)
    fewer = {label: count - found[label] for label, count in published.items() if found[label] < count}
    more = {label: found[label] - count for label, count in published.items() if found[label] > count}
    lines = []
    if fewer:
        lines.append(
            f"{corpus.name}: {len(clips)} of {sum(published.values())} published clips found; missing: "
            + ", ".join(f"{label} {count}" for label, count in fewer.items())
        )
    if more:
        lines.append(
            f"{corpus.name}: more clips than published: " + ", ".join(f"{label} +{n}" for label, n in more.items())
        )
    speakers = len({clip.speaker for clip in clips})
    if corpus.speakers is not None and speakers < corpus.speakers:
        lines.append(f"{corpus.name}: {speakers} of {corpus.speakers} speakers found")
    return lines
