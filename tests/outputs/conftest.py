"""Answers to hand over, and a disk that is small enough to be full."""

import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from sernet.runtime.live.events import LiveAnswer
from sernet.runtime.recognizer import Recognition

LABELS = ("anger", "neutral, calm")


def answer(number: int) -> LiveAnswer:
    """One whose start tells its number."""
    return LiveAnswer(
        "window",
        Recognition(float(number), number + 3.0, LABELS[0], {LABELS[0]: 0.75, LABELS[1]: 0.25}),
        steady_label=LABELS[1],
        level_dbfs=-20.5,
        voice=0.5,
        latency_ms=12.25,
        dropped=1600,
        overruns=2,
    )


@pytest.fixture
def on_small_disk() -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs a program with a disk of 200 KB at /mnt, in a mount namespace of its own."""
    unshare = shutil.which("unshare")
    mounting = "mount -t tmpfs -o size=200k none /mnt"
    if not unshare or subprocess.run([unshare, "-rm", "sh", "-c", mounting], capture_output=True).returncode:
        pytest.skip("a small disk needs unshare and user namespaces")

    def run(program: str) -> subprocess.CompletedProcess[str]:
        command = [unshare, "-rm", "sh", "-c", f'{mounting} && exec "$@"', "sh", sys.executable, "-c", program]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    return run
