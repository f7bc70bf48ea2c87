"""What pip brings in: the sizes that the packages' own RECORD files tell, and the dependencies that markers leave."""

import csv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

from sernet.benchmarks.peers.installed import installed_bytes
from sernet.runtime.errors import SernetError


def recorded_bytes(package: str) -> int:
    """Sum of the sizes that are written in RECORD, which has none of its own nor of bytecode; those there count."""
    found = distribution(package)
    rows = list(csv.reader((found.read_text("RECORD") or "").splitlines()))
    (record,) = [name for name, _, _ in rows if name.endswith(".dist-info/RECORD")]
    own = Path(str(found.locate_file(record))).stat().st_size
    return own + sum(int(size) for name, _, size in rows if size and not name.endswith(".pyc"))


@pytest.mark.parametrize("package", ["packaging", "numpy", "scikit-learn"])
def test_a_package_is_as_big_as_its_record_says(package: str) -> None:
    assert installed_bytes([package])[package] == recorded_bytes(package) > 0


def test_shared_libraries_count() -> None:
    libraries = [f for f in distribution("numpy").files or () if ".so" in f.name]
    size = sum(Path(str(library.locate())).stat().st_size for library in libraries)
    assert installed_bytes(["numpy"])["numpy"] > size > 20e6


def test_dependencies_count_once_and_extras_only_when_asked_for() -> None:
    base, audio = installed_bytes(["sernet"]), installed_bytes(["sernet[audio]"])
    assert {"sernet", "numpy", "ai-edge-litert"} <= base.keys()
    assert not {"soundfile", "tensorflow-cpu", "keras", "pandas"} & base.keys()
    assert {"soundfile", "soxr"} <= audio.keys() and base.items() <= audio.items()
    assert installed_bytes(["sernet", "numpy"]) == base


@pytest.mark.usefixtures("peers_installed")
def test_opensmile_brings_pandas() -> None:
    assert {"opensmile", "audinterface", "audformat", "pandas", "numpy"} <= installed_bytes(["opensmile"]).keys()


def test_sernet_is_as_big_as_its_wheel(wheel: Path) -> None:
    """Sources are linked here; what they would take once installed is what the wheel holds of them."""
    with zipfile.ZipFile(wheel) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist() if ".dist-info/" not in entry.filename}
    assert installed_bytes(["sernet"])["sernet"] == sum(sizes.values())


def test_what_is_not_installed_is_told() -> None:
    with pytest.raises(SernetError, match="no-such-package is not installed"):
        installed_bytes(["no-such-package"])
