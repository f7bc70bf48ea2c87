"""Where a corpus lies: `--data`, `SERNET_DATA`, `./data`, then the user's cache."""

import os
from pathlib import Path

from sernet.runtime.errors import SernetError
from sernet.training.corpora.corpus import Corpus, CorpusOptions
from sernet.training.corpora.registry import corpus_key


def user_cache() -> Path:
    """Folder for downloaded corpora."""
    import platformdirs

    return platformdirs.user_cache_path("sernet")


def search_roots(data: Path | None) -> list[Path]:
    """Folders that may hold a corpus, in the order in which they are searched.

    Raises SernetError when `data` or `SERNET_DATA` names no folder: a typing error must not end in another copy.
    """
    chosen = {"--data": data, "SERNET_DATA": os.environ.get("SERNET_DATA")}
    roots = []
    for origin, value in chosen.items():
        if value:
            root = Path(value).expanduser()
            if not root.is_dir():
                raise SernetError(
                    f"{origin} names {root}, which is not a folder: give the folder that holds the corpora"
                )
            roots.append(root)
    return [root.absolute() for root in (*roots, Path("data"), user_cache())]


def locate(corpus: Corpus, data: Path | None = None) -> Path | None:
    """Folder of `corpus`, or None. `data` may also be the corpus's own folder."""
    for root in search_roots(data):
        if root.is_dir():
            for folder in sorted(root.iterdir()):
                if corpus_key(folder.name) == corpus_key(corpus.name) and folder.is_dir():
                    return folder
        if data and root == Path(data).expanduser().absolute() and corpus.read(root, CorpusOptions()).clips:
            return root
    return None


def require(corpus: Corpus, data: Path | None = None) -> Path:
    """Folder of `corpus`; raises SernetError that says where was looked and how to get it."""
    if (folder := locate(corpus, data)) is not None:
        return folder
    places = ", ".join(str(root / corpus.name) for root in search_roots(data))
    raise SernetError(
        f"{corpus.name} is not at {places}: {corpus.obtain}, or point SERNET_DATA (or --data) at a folder that holds "
        f"{corpus.name}/"
    )
