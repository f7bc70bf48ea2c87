"""Is a copy of a corpus whole, readable, and (where checksums are published) the original?"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sernet.training.corpora.checksums import file_sha256, published_checksums
from sernet.training.corpora.corpus import Corpus, CorpusOptions
from sernet.training.corpora.file_names import first_few
from sernet.training.corpora.integrity import broken_files, differences


@dataclass(frozen=True)
class Verification:
    """What was found about one copy of a corpus."""

    corpus: Corpus
    root: Path
    clips: int
    hashed: int
    """Clips whose SHA-256 was compared."""
    problems: list[str]
    """One line each; empty when the copy is good."""
    left_out: list[str]
    """Files that do not belong to the corpus; no problem."""


def verify(corpus: Corpus, root: Path, progress: Callable[[int, int], None] | None = None) -> Verification:
    """Check counts against the published ones, every header, and every SHA-256 where a list is published.

    `progress(done, total)` is told clips.
    """
    reading = corpus.read(root, CorpusOptions())
    problems = differences(corpus, reading.clips, CorpusOptions())
    if not reading.clips and not problems:
        problems = [f"{corpus.name}: no clips found: {corpus.obtain}"]
    checksums = published_checksums(corpus.checksum_file) if corpus.checksum_file else {}
    broken = broken_files(reading.clips, None if checksums else progress)
    if broken:
        names = first_few(f"{file.path} ({file.reason})" for file in broken)
        problems.append(f"{corpus.name}: {len(broken)} broken: {names}")
    if checksums:
        altered = []
        for done, clip in enumerate(reading.clips, start=1):
            if clip.path.is_file() and file_sha256(clip.path) != checksums.get(clip.path.name):
                altered.append(clip.path.name)
            if progress:
                progress(done, len(reading.clips))
        if altered:
            problems.append(f"{corpus.name}: {len(altered)} not the original (SHA-256): {first_few(altered)}")
    hashed = len(reading.clips) if checksums else 0
    return Verification(corpus, root, len(reading.clips), hashed, problems, reading.left_out)
