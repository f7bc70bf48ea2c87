"""``SHA256SUMS``: by it anybody sees whether a committed Result is the one that was measured.

`sha256sum --check SHA256SUMS` in the folder of results reads it too.
"""

import hashlib
from pathlib import Path

NAME = "SHA256SUMS"


def checksums(results: Path) -> str:
    """The file's text: a line for each .json file below the folder, by path."""
    paths = sorted(path.relative_to(results).as_posix() for path in results.rglob("*.json"))
    return "".join(f"{hashlib.sha256((results / path).read_bytes()).hexdigest()}  {path}\n" for path in paths)
