"""Ray Data answers as the worker processes of one machine do, on a real cluster of two nodes on this machine."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sernet.runtime.cli import main


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of one core each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        from ray.cluster_utils import Cluster

        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        cluster.add_node(num_cpus=1)
        yield cluster
        cluster.shutdown()


def test_a_run_begun_here_goes_on_on_a_cluster_and_ends_with_the_same_bytes(
    talks: Path,
    clips: Path,
    cluster: Any,
    infer: Any,
    answered: Any,
    stop_midway: Any,
    spoil: Any,
    tmp_path: Path,
):
    folder, output, local = tmp_path / "talks", tmp_path / "out.csv", tmp_path / "local.csv"
    shutil.copytree(talks, folder)
    shutil.copy(clips / "a.wav", folder / os.fsdecode(b"z\xe9.wav"))
    (folder / "z-bad.wav").write_text("this is not audio\n" * 20)
    options = ["--folder", folder, "--windows", "--output"]
    alone = infer(*options, local)
    assert alone.returncode == 2

    stop_midway(folder, output, signal.SIGKILL)
    kept = answered(output)
    spoil(folder, kept)
    done = infer("--json", *options, output, "--engine", "ray", "--address", cluster.address)
    assert done.returncode == 2, done.stderr
    assert alone.stderr in done.stderr and "z-bad.wav: not audio" in done.stderr
    assert f"going on: {len(kept)} of 14 files" in done.stderr
    assert done.stdout.count("\n") == 1, "standard output belongs to the command's result"
    assert output.read_bytes() == local.read_bytes(), "same rows, and no spoiled file was looked at again"
    assert names_in(tmp_path) == ["local.csv", "out.csv", "talks"]


@pytest.mark.parametrize(
    ("missing", "options", "message"),
    [
        ("ray", [], "pip install 'sernet[cluster]'"),
        ("ray.data", [], "Ray Data cannot be used .*pip install 'sernet[cluster]'"),
        ("nothing", ["--address", "127.0.0.1:1"], "no Ray cluster answers at 127.0.0.1:1"),
    ],
)
def test_a_cluster_that_cannot_be_used_is_told_in_one_line(
    missing: str,
    options: list[str],
    message: str,
    clips: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setitem(sys.modules, missing, None)  # as if it were not installed
    arguments = ["--folder", str(clips), "--output", str(tmp_path / "out.csv"), "--engine", "ray", *options]
    assert main(["file", *arguments]) == 2
    told = capsys.readouterr().err
    assert message.split(" .*")[0] in told and message.split(".*")[-1] in told and told.count("\n") == 1
    assert names_in(tmp_path) == []


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
