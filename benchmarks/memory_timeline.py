"""Resident memory of a program while it runs, as Linux tells it."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from sernet.runtime.errors import SernetError

STEP_S = 0.005

Timeline = list[tuple[float, float]]
"""Seconds since the program was started, and megabytes (10^6 bytes) then."""


def memory_timeline(command: Sequence[str | Path]) -> Timeline:
    """Run a program to its end, and look at it every 5 ms or so.

    Raises:
        SernetError: this is no Linux, or the program failed.
    """
    if not Path("/proc/self/status").exists():
        raise SernetError("only Linux tells another program's memory")
    found: Timeline = []
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            if (size := _resident_megabytes(process.pid)) is not None:
                found.append((time.perf_counter() - started, size))
            time.sleep(STEP_S)
        assert process.stderr is not None
        problem = process.stderr.read().strip().splitlines()
    if process.returncode:
        raise SernetError(f"{Path(command[0]).name} failed: {problem[-1] if problem else process.returncode}")
    return found


def _resident_megabytes(process: int) -> float | None:
    """None of a program that is ending, and has no memory any more."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return None
    sizes = [int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmRSS")]
    return sizes[0] if sizes else None
