"""The network on the phone's page in Chromium: every window is timed, and what is missing is told."""

import shutil
import statistics
from pathlib import Path

import pytest

from sernet.benchmarks.suite import browser
from sernet.benchmarks.suite.browser import RUNTIME, measure
from tests.benchmarks.suite.made_job import NANO, check_contract, make_job, only

WINDOWS = 12


def test_every_window_of_the_recording_is_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "WINDOWS", WINDOWS)
    result = measure(make_job(tmp_path, quick=False))
    check_contract(result)
    if reason := result.details["left_out"].get(RUNTIME):
        pytest.skip(reason)
    (times,) = result.details["samples"].values()
    assert len(times) == WINDOWS
    keys = {"model": NANO, "format": "int8-float-io", "runtime": RUNTIME, "threads": 1}
    found = only(result, "latency median", **keys)
    assert found["value"] == pytest.approx(statistics.median(times)) and found["value"] > 0
    assert {value["metric"] for value in result.values} == {"latency median", "latency p90"}, "12 make no hundredth"


def test_a_machine_without_a_browser_has_no_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    result = measure(make_job(tmp_path, quick=False))
    check_contract(result)
    assert result.values == []
    assert result.details["left_out"] == {RUNTIME: "Chromium is missing: sudo apt install chromium"}


def test_a_quick_benchmark_opens_no_browser(tmp_path: Path) -> None:
    result = measure(make_job(tmp_path))
    assert result.values == [] and "quick" in result.details["left_out"][RUNTIME]
