"""Shared fixtures: the real corpora, where they are to be had."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def real_corpus(name: str) -> Path:
    """Folder of a real corpus, or skip the test with a message that says how to give one."""
    root = Path(os.environ.get("SERNET_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (root / name).is_dir():
        pytest.skip(f"{name} is not at {root / name}: point SERNET_DATA at a folder that holds it")
    return root / name


@pytest.fixture(scope="session")
def emodb() -> Path:
    """EMO-DB: `wav/` and `SHA256SUMS`."""
    return real_corpus("emodb")


@pytest.fixture(scope="session")
def ravdess() -> Path:
    """RAVDESS speech, 16 kHz FLAC: `Actor_01/` to `Actor_24/`."""
    return real_corpus("ravdess")
