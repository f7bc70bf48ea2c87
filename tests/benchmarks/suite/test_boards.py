"""The C engine on an emulated board, against the tools' own figures and `sernet firmware`."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from sernet.benchmarks.firmware.boards import BOARDS, check_installed
from sernet.benchmarks.suite import boards
from sernet.benchmarks.suite.boards import M0_PLUS, REPEATS_WITHIN, measure
from sernet.benchmarks.suite.job import Job
from sernet.cli import main
from sernet.runtime.errors import SernetError
from tests.benchmarks.suite.made_job import MODELS, NANO, check_contract, make_job, only

KEYS = {"model": NANO, "format": "int8", "runtime": "C engine", "board": M0_PLUS}


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    try:
        check_installed([BOARDS[M0_PLUS]])
    except SernetError as error:
        pytest.skip(str(error))
    monkeypatch.setattr(boards, "QUICK", {NANO: (M0_PLUS,)})
    monkeypatch.setattr(boards, "_NOISE_S", (0.7,))
    return make_job(tmp_path)


def test_a_board_is_exact_and_what_is_told_of_it_is_what_its_tools_say(
    job: Job, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = measure(job), measure(job)
    check_contract(first)
    assert first.corpus == "noise"
    assert only(first, "exact clips", **KEYS)["value"] == only(first, "clips", **KEYS)["value"] == 1

    for value, again in zip(first.values, second.values, strict=True):
        if value["kind"] == "exact":
            assert value == again
        else:
            apart = abs(value["value"] / again["value"] - 1)
            assert apart < REPEATS_WITHIN, f"{value['metric']} of two runs differ by {apart:.1e}"

    image = job.work / "boards" / NANO / M0_PLUS / "samples"
    said = subprocess.run(["arm-none-eabi-size", image], capture_output=True, text=True, check=True).stdout
    text, data = map(int, said.splitlines()[1].split()[:2])
    assert only(first, "flash", **KEYS)["value"] == text + data

    command = ["firmware", str(MODELS / "emodb-nano-int8.tflite"), "--boards", M0_PLUS, "--clips", "1", "--json"]
    assert main([*command, "--build", str(tmp_path / "firmware")]) == 0
    told = {one["metric"]: one["value"] for one in json.loads(capsys.readouterr().out)["values"]}
    assert only(first, "RAM", **KEYS)["value"] == told["RAM bytes"]
    assert only(first, "flash", **KEYS)["value"] == told["flash bytes"]
    network = only(first, "network instructions", **KEYS)["value"]
    assert network == pytest.approx(told["network instructions per second of audio"], rel=0.5), "of other clips"


def test_missing_tools_are_left_out_with_their_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = shutil.which
    monkeypatch.setattr(shutil, "which", lambda program: None if "qemu" in program else found(program) or program)
    result = measure(make_job(tmp_path, NANO, quick=False))
    check_contract(result)
    assert result.values == []
    assert "sudo apt install qemu-system-arm" in result.details["left_out"][M0_PLUS]
    assert "qemu-system-misc" in result.details["left_out"]["rv32imac-virt"]
