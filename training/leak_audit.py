"""The leak audit: before anything trains, what the two sides of every fold share, file by file."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from sernet.runtime.errors import SernetError
from sernet.training.clip import Clip
from sernet.training.protocols import Fold, Protocol

Named = tuple[str, str]
"""A corpus and a speaker (or sentence) of it: speaker 03 of one corpus is not speaker 03 of another."""


@dataclass(frozen=True)
class FoldAudit:
    """What the training and the test clips of one fold have in common."""

    fold: str
    train: int
    """Clips."""
    test: int
    """Clips."""
    speakers: tuple[str, ...]
    """On both sides; clips without a speaker count as one, ``unknown``."""
    sentences: tuple[str, ...]
    """On both sides; clips without a sentence are passed over."""
    files: tuple[str, ...]
    """Test files that are also training files, by path or by content."""


def audit_folds(folds: Sequence[Fold]) -> list[FoldAudit]:
    """Audit every fold; each file is read once. Raises SernetError when a file cannot be read."""
    content = _hashes({clip.path for fold in folds for clip in (*fold.train, *fold.test)})
    return [_audit(fold, content) for fold in folds]


def require_no_leak(protocol: Protocol, audits: Iterable[FoldAudit]) -> None:
    """Raise SernetError for the first fold that shares what the protocol forbids, or that has an empty side."""
    for audit in audits:
        if not (audit.train and audit.test):
            raise SernetError(
                f"fold {audit.fold} of {protocol.name} has {audit.train} clips to train on and {audit.test} to answer"
            )
        for what, shared, allowed in (
            ("file", audit.files, False),
            ("speaker", audit.speakers, protocol.shares_speakers),
            ("sentence", audit.sentences, protocol.shares_sentences),
        ):
            if shared and not allowed:
                more = f" and {len(shared) - 3} more" if len(shared) > 3 else ""
                raise SernetError(
                    f"fold {audit.fold} leaks: {what} {', '.join(shared[:3])}{more} on both sides, which "
                    f"{protocol.name} forbids"
                )


def audit_table(protocol: Protocol, audits: Iterable[FoldAudit]) -> Table:
    """The audit for a terminal: one row a fold."""
    table = Table(title=f"leak audit, {protocol.name}: {protocol.summary}", title_justify="left", box=None)
    table.add_column("fold")
    for column in ("train", "test", "shared speakers", "shared sentences", "shared files"):
        table.add_column(column, justify="right")
    for audit in audits:
        shared = (len(found) for found in (audit.speakers, audit.sentences, audit.files))
        table.add_row(audit.fold, str(audit.train), str(audit.test), *map(str, shared))
    return table


def _audit(fold: Fold, content: dict[Path, bytes]) -> FoldAudit:
    trained = {content[clip.path] for clip in fold.train}
    return FoldAudit(
        fold.name,
        len(fold.train),
        len(fold.test),
        _names(_speakers(fold.train) & _speakers(fold.test)),
        _names(_sentences(fold.train) & _sentences(fold.test)),
        tuple(sorted({str(clip.path) for clip in fold.test if content[clip.path] in trained})),
    )


def _speakers(clips: Iterable[Clip]) -> set[Named]:
    return {(clip.corpus, clip.speaker) if clip.speaker is not None else ("", "unknown") for clip in clips}


def _sentences(clips: Iterable[Clip]) -> set[Named]:
    return {(clip.corpus, clip.sentence) for clip in clips if clip.sentence is not None}


def _names(shared: set[Named]) -> tuple[str, ...]:
    return tuple(sorted(name for _, name in shared))


def _hashes(paths: Iterable[Path]) -> dict[Path, bytes]:
    """Content of each file, in 32 bytes: two paths of one file, and two copies, have the same."""
    hashes = {}
    for path in paths:
        try:
            with path.open("rb") as file:
                hashes[path] = hashlib.file_digest(file, "sha256").digest()
        except OSError as error:
            raise SernetError(f"cannot read {path}: {error.strerror}") from None
    return hashes
