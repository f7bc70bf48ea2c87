"""Committed Results are those whose sums are committed; one byte of difference is seen."""

import shutil
import subprocess
from pathlib import Path

import pytest

from sernet.benchmarks.trust.checksums import NAME, checksums

RESULTS = Path(__file__).resolve().parents[3] / "results"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder of results with its sums."""
    folder = tmp_path / "results"
    shutil.copytree(RESULTS / "emodb-sernet-nano", folder / "emodb-sernet-nano")
    (folder / NAME).write_text(checksums(folder))
    return folder


def test_committed_results_have_the_committed_sums():
    assert (RESULTS / NAME).read_text() == checksums(RESULTS), "run `make readme`, and look at what has changed"


def test_one_byte_of_a_result_is_seen(copy: Path):
    path = copy / "emodb-sernet-nano" / "loso-int8.json"
    content = bytearray(path.read_bytes())
    content[content.index(b'"value": 0.') + 11] ^= 1  # another digit
    path.write_bytes(content)
    before = (copy / NAME).read_text().splitlines()
    (line,) = set(checksums(copy).splitlines()) - set(before)
    assert line.endswith("  emodb-sernet-nano/loso-int8.json")


def test_a_result_that_comes_or_goes_is_seen(copy: Path):
    path = copy / "emodb-sernet-nano" / "loso-int8.json"
    path.rename(path.with_name("loso-other.json"))
    assert (copy / NAME).read_text() != checksums(copy)


def test_sha256sum_agrees(copy: Path):
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is missing: apt install coreutils")
    check = ["sha256sum", "--check", "--quiet", NAME]
    assert subprocess.run(check, cwd=copy).returncode == 0
    path = copy / "emodb-sernet-nano" / "loso-int8.json"
    path.write_bytes(path.read_bytes() + b"\n")
    done = subprocess.run(check, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 1 and "loso-int8.json: FAILED" in done.stdout
