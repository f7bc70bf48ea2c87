"""The released int8 networks in the C engine, on emulated microcontrollers."""

import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sernet.benchmarks.firmware.boards import BOARDS, Board, check_installed
from sernet.benchmarks.firmware.measurement import Measured
from sernet.benchmarks.firmware.measurement import measure as measure_firmware
from sernet.benchmarks.suite.contenders import ENGINE
from sernet.benchmarks.suite.job import Job
from sernet.runtime.audio_file import read_audio
from sernet.runtime.errors import SernetError
from sernet.training.corpora.emodb import EMODB
from sernet.training.result import Result

M4, M0_PLUS = "mps2-an386", "mps2-an385-m0plus"
PLANNED: Mapping[str, tuple[str, ...]] = {
    "sernet": (M4, "mps2-an385", "mps2-an500", "mps3-an547", "rv32imac-virt"),
    "sernet-small": (M4,),
    "sernet-nano": (M4, M0_PLUS),
}
"""Boards by network: all on one of them, and the one that stands for the others on all that are fast enough."""
QUICK: Mapping[str, tuple[str, ...]] = {"sernet": (M4,)}

RAM = 32768
"""Bytes that programs are linked for."""
REPEATS_WITHIN = 5e-4
"""Share by which counts of the same program may differ: the emulator's clock steps once in 40 instructions or more, and
a few steps sooner or later. Seen: 7e-5."""

_CLIPS, _QUICK_CLIPS = 3, 1
_NOISE_S = (1.9, 1.6, 2.2)
"""Lengths of the noise that stands in for recordings, where there are none."""


def measure(job: Job) -> Result:
    """RAM and flash of a program from samples to label, its instructions, and clips that it answers bit for bit.

    The clips are always the same: the first of EMO-DB, or else noise. Instructions are those per second of audio.
    """
    left_out: dict[str, str] = {}
    planned = {model: _installed(names, left_out) for model, names in (QUICK if job.quick else PLANNED).items()}
    what, waveforms = _waveforms(job, _QUICK_CLIPS if job.quick else _CLIPS)
    values, kernels = [], {}
    for model in job.track([model for model, boards in planned.items() if boards and model in job.models], "boards"):
        path, folder = job.variant(model, "int8").path, job.work / "boards" / model
        found = measure_firmware(path, planned[model], folder, waveforms, RAM, lambda board: None)
        values += [value for measured in found.boards for value in _values(model, measured)]
        kernels |= {measured.board.name: measured.kernel for measured in found.boards}
    left_out |= {model: "only the released networks are put on boards" for model in job.models if model not in PLANNED}
    return Result(
        what="boards",
        subject=job.main,
        protocol="none: bit for bit comparison",
        corpus=what,
        n=len(waveforms),
        seed=0,
        values=values,
        details={
            "left_out": left_out,
            "versions": _versions({board.name: board for boards in planned.values() for board in boards}.values()),
            "processors": {name: BOARDS[name].processor for name in kernels},
            "kernels": kernels,
        },
    )


def _installed(names: Sequence[str], left_out: dict[str, str]) -> list[Board]:
    found = []
    for name in names:
        try:
            check_installed([BOARDS[name]])
        except SernetError as error:
            left_out[name] = str(error)
        else:
            found.append(BOARDS[name])
    return found


def _waveforms(job: Job, count: int) -> tuple[str, list[np.ndarray]]:
    """What they are, and (samples,), float32."""
    rate = job.models[job.main][0].bundle.manifest.front_end.sample_rate
    if job.corpus["name"] == EMODB.name:
        return job.corpus["title"], [read_audio(clip.path, rate) for clip in job.clips[:count]]
    random = np.random.default_rng(0)
    lengths = [round(seconds * rate) for seconds in _NOISE_S[:count]]
    return "noise", [(0.1 * random.standard_normal(length)).astype(np.float32) for length in lengths]


def _values(model: str, measured: Measured) -> list[dict[str, Any]]:
    shared = {"model": model, "format": "int8", "runtime": ENGINE, "board": measured.board.name, "n": measured.clips}
    assert measured.network is not None and measured.front_end is not None, "an emulated board counts"
    exact = {
        "RAM": (measured.ram_bytes, {"unit": "bytes"}),
        "flash": (measured.flash_bytes, {"unit": "bytes"}),
        "exact clips": (measured.exact, {}),
        "clips": (measured.clips, {}),
    }
    counted = {"network instructions": measured.network, "front end instructions": measured.front_end}
    return [
        *(
            shared | unit | {"metric": metric, "value": value, "kind": "exact"}
            for metric, (value, unit) in exact.items()
        ),
        *(
            shared | {"metric": metric, "unit": "per second of audio"} | _repeated(value)
            for metric, value in counted.items()
        ),
    ]


def _repeated(count: float) -> dict[str, Any]:
    low, high = count * (1 - REPEATS_WITHIN), count * (1 + REPEATS_WITHIN)
    return {"value": round(count), "low": round(low), "high": round(high), "kind": "ratio"}


def _versions(boards: Any) -> dict[str, str]:
    """What compiled and what emulated: both are part of the figures."""
    programs = sorted({program for board in boards for program in board.programs})
    said = [subprocess.run([program, "--version"], capture_output=True, text=True).stdout for program in programs]
    return {program: text.splitlines()[0] for program, text in zip(programs, said, strict=True) if text}
