"""What `pip install` brings in: a package with everything that it needs here, and the bytes of their files."""

import importlib.metadata
import json
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution
from pathlib import Path

from sernet.runtime.errors import SernetError

ROOT = Path(__file__).resolve().parents[2]


def installed_bytes(requirements: Iterable[str]) -> dict[str, int]:
    """Bytes of every package that the requirements bring in, by its name.

    Bytecode is left out: installers differ in whether they make it. So is a dependency that is not there, because
    another package stands in for it.

    Args:
        requirements: as pip takes them, for example ``opensmile`` or ``sernet[audio]``.

    Raises:
        SernetError: one of the requirements themselves is not installed.
    """
    sizes: dict[str, int] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    for requirement in requirements:
        _add(requirement, sizes, seen, needed=True)
    return sizes


def _add(requirement: str, sizes: dict[str, int], seen: set[tuple[str, frozenset[str]]], *, needed: bool) -> None:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    wanted = Requirement(requirement)
    name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
    if (name, extras) in seen:
        return
    seen.add((name, extras))
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        if needed:
            raise SernetError(f"{name} is not installed: its size cannot be told") from None
        return
    sizes[name] = sum(path.stat().st_size for path in _files(distribution) if path.is_file())
    for dependency in distribution.requires or ():
        marker = Requirement(dependency).marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            _add(dependency, sizes, seen, needed=False)


def _files(distribution: Distribution) -> Iterator[Path]:
    """Files of a package; of one that is installed as a link to its sources, those that its wheel would hold."""
    if json.loads(distribution.read_text("direct_url.json") or "{}").get("dir_info", {}).get("editable"):
        yield from _wheel_files()
        return
    for file in distribution.files or ():
        if file.suffix != ".pyc":
            yield Path(str(distribution.locate_file(file)))


def _wheel_files() -> Iterator[Path]:
    """Sources and data of this repository's packages."""
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    for package in setup["packages"]:
        folder = ROOT.joinpath(*(package.split(".")[1:] or [package]))
        for pattern in ("*.py", *setup["package-data"].get(package, ())):
            yield from folder.glob(pattern)
