"""SHA-256 of published clips."""

import hashlib
from importlib import resources
from pathlib import Path


def published_checksums(list_file: str) -> dict[str, str]:
    """SHA-256 (hexadecimal) of every published clip by file name, from a list beside this file."""
    lines = resources.files("sernet.training.corpora").joinpath(list_file).read_text(encoding="ascii").splitlines()
    return {Path(path).name: digest for digest, path in (line.split() for line in lines)}


def file_sha256(path: Path) -> str:
    """SHA-256 (hexadecimal) of a file; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
