"""Which corpora are here."""

from pathlib import Path
from typing import Any

from sernet.training.corpora.corpus import CorpusOptions
from sernet.training.corpora.locate import locate
from sernet.training.corpora.registry import CORPORA


def inventory(data: Path | None = None) -> list[dict[str, Any]]:
    """One JSON-ready entry for each known corpus; clips are counted by their names, no audio is opened."""
    entries = []
    for corpus in CORPORA.values():
        root = locate(corpus, data)
        clips = corpus.read(root, CorpusOptions()).clips if root else []
        entries.append(
            {
                "name": corpus.name,
                "title": corpus.title,
                "clips_found": len(clips),
                "clips_published": sum(corpus.published.values()) or None,
                "speakers": corpus.speakers or len({clip.speaker for clip in clips}) or None,
                "labels": list(corpus.labels),
                "language": corpus.language,
                "licence": corpus.licence,
                "home": corpus.home or None,
                "obtain": corpus.obtain,
                "where": str(root) if root else None,
            }
        )
    return entries
