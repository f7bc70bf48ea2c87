"""The Ray engine on a real cluster of several nodes on this machine, some of which are killed or come late."""

import importlib
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sernet.benchmarks.evaluation.engine import ATTEMPTS, ONE_THREAD
from sernet.benchmarks.evaluation.fold_progress import epochs_done
from sernet.benchmarks.evaluation.job import FoldJob, run_fold
from sernet.benchmarks.evaluation.local_engine import LocalEngine
from sernet.benchmarks.evaluation.plan import load_material, make_plan
from sernet.benchmarks.evaluation.pooling import pool
from sernet.benchmarks.evaluation.ray_engine import RayEngine
from sernet.runtime.errors import SernetError
from sernet.training.config import TrainConfig
from sernet.training.protocols import PROTOCOLS

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def module() -> Iterator[Any]:
    """The jobs' module; children and nodes inherit the import path."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(HERE)
        patch.setenv("PYTHONPATH", str(HERE))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        yield importlib.import_module("engine_jobs")


@pytest.fixture(scope="module")
def cluster(module: Any) -> Iterator[Any]:
    """A head of one core; tests add nodes."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield cluster
    cluster.shutdown()


def answers(engine: Any, work: Any, jobs: list[Any]) -> dict[str, Any]:
    return {job.name: answer for job, answer in engine.run(work, jobs)}


def test_folds_pool_to_the_local_engines_predictions_though_a_node_is_killed_in_training(
    cluster: Any, module: Any, tiny_corpus: Path, tmp_path: Path
):
    lost = cluster.add_node(num_cpus=1)
    jobs = fold_jobs(tiny_corpus, tmp_path / "ray")
    marks = tmp_path / "ray" / "marks"
    with ThreadPoolExecutor(1) as thread:  # Ray lets nodes join in the main thread alone
        run = thread.submit(answers, RayEngine(cluster.address), module.marked_fold, jobs)
        nodes_of = partial(module.nodes, marks)
        wait_until(run, lambda: any(epochs_done(job.folder) for job in jobs if lost.node_id in nodes_of(job.fold.name)))
        cluster.remove_node(lost, allow_graceful=False)
        cluster.add_node(num_cpus=1)
        found = run.result()
    assert len(module.attempts(marks)) == 3, "two folds, one of which was started again"

    alone = answers(LocalEngine(workers=2), run_fold, fold_jobs(tiny_corpus, tmp_path / "local"))
    assert found == alone
    one, other = (pool(list(records.values()), PROTOCOLS["loso"], "float") for records in (found, alone))
    assert one.clips == other.clips and len(one.clips) == 16
    np.testing.assert_array_equal(one.probabilities, other.probabilities)


def fold_jobs(corpus: Path, work: Path) -> list[FoldJob]:
    """Two small but real trainings."""
    config = TrainConfig(epochs=4, batch_size=8, input_duration=1.0, learning_rate=1e-3, precision="float32")
    material = load_material(str(corpus), config)
    names = {"subject": "tiny-small", "preset": "small", "readings": ("float",), "folds": ("s0", "s1")}
    return list(make_plan(material, PROTOCOLS["loso"], config, seeds=(0,), work=work, **names).jobs)


def test_a_node_is_killed_and_another_joins_and_every_job_is_answered(
    cluster: Any, module: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    marks, gate = tmp_path / "marks", tmp_path / "gate"
    jobs = [module.MarkedJob(number, marks, gate=gate) for number in range(6)]
    lost = cluster.add_node(num_cpus=1)

    with ThreadPoolExecutor(1) as thread:  # Ray lets nodes join in the main thread alone
        run = thread.submit(answers, RayEngine(cluster.address), module.multiply, jobs)
        try:  # all cores come to stand at the gate, and it opens when a node that joined late stands there too
            wait_until(run, lambda: lost.node_id in module.nodes(marks))
            cluster.remove_node(lost, allow_graceful=False)
            late = cluster.add_node(num_cpus=1)
            wait_until(run, lambda: late.node_id in module.nodes(marks))
        finally:
            gate.touch()
        found = run.result()
    again = [job.name for job in jobs if len(module.attempts(marks, job.name)) > 1]
    assert len(again) == 1, "the job of the killed node was started again, and no other"
    assert capfd.readouterr().out == "", "standard output belongs to the command's result"
    assert found == answers(LocalEngine(workers=1), module.multiply, jobs)


def test_every_job_has_a_process_of_its_own_with_one_thread(cluster: Any, module: Any, tmp_path: Path):
    found = answers(RayEngine(cluster.address), module.environment, [module.MarkedJob(n, tmp_path) for n in range(2)])
    assert len({os.getpid(), *(answer["pid"] for answer in found.values())}) == 3
    for answer in found.values():
        assert answer["threads"] == ONE_THREAD


def test_a_job_that_kills_every_worker_is_named_in_one_line(cluster: Any, module: Any, tmp_path: Path):
    with pytest.raises(SernetError, match="job 7 failed: WorkerCrashedError") as error:
        answers(RayEngine(cluster.address), module.multiply, [module.MarkedJob(7, tmp_path, deaths=99)])
    assert "\n" not in str(error.value)
    assert len(module.attempts(tmp_path, "job 7")) == ATTEMPTS


def test_the_users_problem_arrives_as_the_line_it_is(cluster: Any, module: Any, tmp_path: Path):
    with pytest.raises(SernetError) as error:
        answers(RayEngine(cluster.address), module.refuse, [module.MarkedJob(0, tmp_path)])
    assert str(error.value) == "clip.wav is silent: record it again"


def test_any_other_error_names_the_job_and_keeps_the_workers_traceback(cluster: Any, module: Any, tmp_path: Path):
    with pytest.raises(SernetError) as error:
        answers(RayEngine(cluster.address), module.divide, [module.MarkedJob(4, tmp_path)])
    assert str(error.value) == "job 4 failed: ZeroDivisionError: division by zero"
    assert "in divide" in error.value.__notes__[0]


def test_without_an_address_this_machine_is_the_cluster(module: Any, tmp_path: Path):
    jobs = [module.MarkedJob(number, tmp_path) for number in range(2)]
    assert answers(RayEngine(), module.multiply, jobs) == answers(LocalEngine(workers=1), module.multiply, jobs)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", "no Ray cluster answers at 127.0.0.1:1: Connection refused"),
        ("here", "'here' is no address of a Ray cluster: give its head's, host:port"),
    ],
)
def test_a_wrong_address_is_told_at_once(address: str, message: str, module: Any, tmp_path: Path):
    with pytest.raises(SernetError) as error:
        answers(RayEngine(address), module.multiply, [module.MarkedJob(0, tmp_path)])
    assert str(error.value) == message


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, module: Any, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not installed
    with pytest.raises(SernetError, match=r"pip install 'sernet\[cluster\]'"):
        answers(RayEngine(), module.multiply, [module.MarkedJob(0, tmp_path)])


def wait_until(run: Future[Any], condition: Any, seconds: float = 120.0) -> None:
    """Wait while `run` goes on; what it raises ends the waiting."""
    end = time.monotonic() + seconds
    while not condition():
        assert not run.done() or not run.result(), "the run ended before it happened"
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
