"""`sernet firmware`: the engine on emulated boards, and what it says when something is missing."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sernet.benchmarks.firmware.boards import BOARDS, check_installed
from sernet.benchmarks.firmware.clips import write_rows
from sernet.benchmarks.firmware.image import Images
from sernet.cli import main
from sernet.export.c_engine.golden_source import reference_answers
from sernet.export.c_engine.writer import write_c
from sernet.runtime.bundle import load_bundle, pack_bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import FrontEnd

NANO = Path(__file__).resolve().parents[2] / "models" / "emodb-nano-int8.tflite"
RAM = 16384
EMULATED = [name for name, board in BOARDS.items() if board.emulator]


def require(*names: str) -> None:
    try:
        check_installed(BOARDS[name] for name in names)
    except SernetError as error:
        pytest.skip(str(error))


def measured(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    command = ["firmware", str(NANO), "--json", "--build", str(folder), "--clips", "3", "--ram", str(RAM), *options]
    assert main(command) == 0
    return json.loads(capsys.readouterr().out)


def figures(document: dict[str, Any], board: str) -> dict[str, float]:
    return {one["metric"]: one["value"] for one in document["values"] if one["board"] == board}


def test_every_board_answers_as_the_reference_kernels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require(*EMULATED)
    document = measured(tmp_path, capsys, "--boards", *EMULATED)
    for board in EMULATED:
        found = figures(document, board)
        assert found["exact clips"] == found["clips"] == found["clips with the label of sernet-infer"], board
        assert 0 < found["RAM bytes"] <= RAM, f"{board}: {found['RAM bytes']} bytes"
    budget = figures(document, "mps2-an385-m0plus")
    instructions = sum(value for name, value in budget.items() if "per second" in name)
    print(f"Cortex-M0+: {instructions / 1e6:.1f} M instructions per second of audio, {budget['RAM bytes']} bytes")
    assert instructions <= 90e6
    assert figures(document, "mps2-an386")["front end instructions per second of audio"] <= 6e6
    assert document["details"]["kernels"]["mps3-an547"] == "Arm Helium"


def test_less_ram_than_it_takes_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require("mps2-an386")
    command = ["firmware", str(NANO), "--boards", "mps2-an386", "--ram", "12000", "--build", str(tmp_path)]
    assert main(command) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "mps2-an386" in line and ("stack" in line or "RAM" in line, line)


def test_what_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    found = shutil.which
    monkeypatch.setattr(shutil, "which", lambda program: None if "arm" in program else found(program) or program)
    with pytest.raises(SernetError, match=r"qemu-system-arm missing: sudo apt install .*gcc-arm-none-eabi"):
        check_installed([BOARDS["mps2-an386"]])


def test_unknown_boards_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["firmware", str(NANO), "--boards", "toaster"]) == 2
    assert "unknown board toaster: use host, " in capsys.readouterr().err


@pytest.mark.parametrize("board", ["mps2-an385-m0plus", "mps2-an386", "mps3-an547"])
def test_kernels_compute_odd_widths_as_the_reference_kernels(
    int8_model: Callable[..., bytes], tmp_path: Path, board: str
) -> None:
    """Rows and runs that begin anywhere in a word, sums of any length, pools that leave a column over."""
    require(board)
    front_end = FrontEnd(coefficients=23, mel_bins=40)
    flatbuffer = int8_model(columns=23, channels=(3, 5, 7), kernels=((3, 3), (5, 3), (1, 1)), activation="linear")
    manifest = dataclasses.replace(load_bundle(NANO).manifest, front_end=front_end, labels=tuple("abcd"), bias=())
    path = tmp_path / "model.tflite"
    path.write_bytes(pack_bundle(flatbuffer, manifest))
    images = Images(BOARDS[board], write_c(path, tmp_path / "model"), tmp_path / "build", 2 * RAM)
    random = np.random.default_rng(0)
    clips = [random.integers(-128, 128, (rows, 23)).astype(np.int8) for rows in (1, 2, 13, 50)]
    write_rows(clips, tmp_path / "clips")
    found = images.answers("rows", tmp_path / "clips").answers
    for clip, ours, (logits, probabilities) in zip(clips, found, reference_answers(flatbuffer, clips), strict=True):
        np.testing.assert_array_equal(ours.logits, logits, err_msg=f"{len(clip)} rows")
        np.testing.assert_array_equal(ours.probabilities, probabilities, err_msg=f"{len(clip)} rows")
    assert "golden passed" in images.output("golden")
