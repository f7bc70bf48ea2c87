"""The local engine: answers, deaths, errors and interruptions of real child processes."""

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sernet.benchmarks.evaluation.engine import ATTEMPTS, ONE_THREAD
from sernet.benchmarks.evaluation.local_engine import LocalEngine
from sernet.runtime.errors import SernetError


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The jobs' module; children inherit the import path. What one worker does to the environment is undone."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    before = dict(os.environ)
    for name in ONE_THREAD:
        os.environ.pop(name, None)
    yield importlib.import_module("engine_jobs")
    os.environ.clear()
    os.environ.update(before)


def answers(engine: LocalEngine, work: Any, jobs: list[Any]) -> dict[str, Any]:
    return {job.name: answer for job, answer in engine.run(work, jobs)}


def test_children_answer_as_this_process_does(module: Any, tmp_path: Path):
    jobs = [module.MarkedJob(number, tmp_path) for number in range(3)]
    here = answers(LocalEngine(workers=1), module.multiply, jobs)
    assert list(here) == ["job 0", "job 1", "job 2"]
    assert answers(LocalEngine(workers=2), module.multiply, jobs) == here


def test_every_job_has_a_process_of_its_own_with_one_thread(module: Any, tmp_path: Path):
    before = dict(os.environ)
    found = answers(LocalEngine(workers=2), module.environment, [module.MarkedJob(n, tmp_path) for n in range(2)])
    assert len({os.getpid(), *(answer["pid"] for answer in found.values())}) == 3
    for answer in found.values():
        assert answer["threads"] == ONE_THREAD
    assert dict(os.environ) == before


def test_jobs_run_side_by_side(module: Any, tmp_path: Path):
    jobs = [module.MarkedJob(number, tmp_path) for number in range(2)]
    assert len(answers(LocalEngine(workers=2), module.meet, jobs)) == 2


def test_the_job_of_a_killed_child_is_started_again_and_no_other(module: Any, tmp_path: Path):
    jobs = [module.MarkedJob(0, tmp_path, deaths=2), module.MarkedJob(1, tmp_path, seconds=0.5)]
    assert set(answers(LocalEngine(workers=2), module.multiply, jobs)) == {"job 0", "job 1"}
    assert [len(module.attempts(tmp_path, job.name)) for job in jobs] == [3, 1]


def test_a_job_that_kills_every_child_is_named_in_one_line(module: Any, tmp_path: Path):
    with pytest.raises(SernetError, match="job 7: its process died 3 times, at last by SIGKILL") as error:
        answers(LocalEngine(workers=2), module.multiply, [module.MarkedJob(7, tmp_path, deaths=99)])
    assert "\n" not in str(error.value)
    assert len(module.attempts(tmp_path, "job 7")) == ATTEMPTS


@pytest.mark.parametrize("workers", [1, 2])
def test_the_users_problem_arrives_as_the_line_it_is(module: Any, tmp_path: Path, workers: int):
    with pytest.raises(SernetError) as error:
        answers(LocalEngine(workers), module.refuse, [module.MarkedJob(0, tmp_path)])
    assert str(error.value) == "clip.wav is silent: record it again"


@pytest.mark.parametrize("workers", [1, 2])
def test_any_other_error_names_the_job_and_keeps_the_workers_traceback(module: Any, tmp_path: Path, workers: int):
    with pytest.raises(SernetError) as error:
        answers(LocalEngine(workers), module.divide, [module.MarkedJob(4, tmp_path)])
    assert str(error.value) == "job 4 failed: ZeroDivisionError: division by zero"
    assert "in divide" in error.value.__notes__[0]


def test_a_failure_ends_the_other_jobs(module: Any, tmp_path: Path):
    started = time.monotonic()
    jobs = [module.MarkedJob(0, tmp_path, seconds=60), module.MarkedJob(1, tmp_path, deaths=99)]
    with pytest.raises(SernetError, match="job 1"):
        answers(LocalEngine(workers=2), module.multiply, jobs)
    assert time.monotonic() - started < 50
    assert not alive(module, tmp_path)


PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import engine_jobs
from sernet.benchmarks.evaluation.local_engine import LocalEngine

if __name__ == "__main__":
    jobs = [engine_jobs.MarkedJob(number, Path(sys.argv[2]), seconds=60) for number in range(3)]
    try:
        list(LocalEngine(workers=2).run(engine_jobs.multiply, jobs))
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.parametrize(("number", "said"), [(signal.SIGINT, "interrupted\n"), (signal.SIGKILL, "")])
def test_children_end_with_an_interrupted_or_killed_parent(module: Any, tmp_path: Path, number: int, said: str):
    (tmp_path / "program.py").write_text(PROGRAM)
    marks = tmp_path / "marks"
    command = [sys.executable, tmp_path / "program.py", Path(__file__).parent, marks]
    # a group of its own, all of which gets the signal, as from a terminal's Ctrl-C
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as parent:
        wait_until(lambda: len(module.attempts(marks)) == 2)
        if number == signal.SIGINT:
            os.killpg(parent.pid, number)
        else:
            parent.send_signal(number)
        assert parent.communicate(timeout=60) == (said, "")
    wait_until(lambda: not alive(module, marks))


def test_an_engine_without_workers_is_refused():
    with pytest.raises(SernetError, match="give 1 or more"):
        LocalEngine(workers=0)


def alive(module: Any, marks: Path) -> list[int]:
    """Processes that have started jobs and are still there."""
    pids = [int(path.name.split("-")[1]) for path in module.attempts(marks)]
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def wait_until(condition: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
