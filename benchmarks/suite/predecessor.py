"""tflite-runtime, LiteRT's predecessor, which a 32-bit Pi still takes: in a process and an environment of its own.

It wants numpy 1 and Python 3.11 at most, so nothing else can share its process.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from sernet.benchmarks.latency import UNTIMED
from sernet.benchmarks.suite.contenders import Contender, File
from sernet.runtime.errors import SernetError

RUNTIME = "tflite-runtime"
PACKAGES = ("tflite-runtime==2.14.0", "numpy<2")
NEWEST_PYTHON = (3, 11)
_CHILD = Path(__file__).with_name("predecessor_child.py")
_INSTALL_LIMIT_S = 180


def predecessor_python(folder: Path) -> Path:
    """Python of an environment that has it, made below `folder` when it is not there.

    Raises:
        SernetError: it cannot be had here, and why.
    """
    if sys.version_info[:2] > NEWEST_PYTHON:
        raise SernetError(f"it wants Python 3.11 at most, and this is {sys.version.split()[0]}")
    environment = folder / "tflite-runtime"
    python, ready = environment / "bin" / "python", environment / "ready"
    if not ready.exists():
        for command in (
            [sys.executable, "-m", "venv", "--clear", environment],
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES],
        ):
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_LIMIT_S)
            except subprocess.TimeoutExpired:
                raise SernetError(f"it was not installed within {_INSTALL_LIMIT_S} s") from None
            if done.returncode:
                said = (done.stderr or done.stdout).strip().splitlines() or ["no reason was given"]
                raise SernetError(f"it cannot be installed: {said[-1]}")
        ready.touch()
    return python


@contextmanager
def in_predecessor(
    python: Path, files: list[File], limit_s: float, left_out: dict[str, str]
) -> Iterator[list[Contender]]:
    """The files that it opens, ready to take turns with one thread as `timed_turn` does; `left_out` is told the others.

    Raises SernetError when its process ends.
    """
    with (
        tempfile.TemporaryDirectory(prefix="sernet-bench-") as folder,
        subprocess.Popen(
            [python, "-P", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # its interpreter greets
            text=True,
        ) as child,
    ):

        def asked(question: dict[str, Any]) -> Any:
            assert child.stdin is not None and child.stdout is not None
            print(json.dumps(question), file=child.stdin, flush=True)
            if not (line := child.stdout.readline()):
                raise SernetError(f"{RUNTIME} ended while it was measured, with {child.wait()}")
            return json.loads(line)

        try:
            found = []
            for number, file in enumerate(files):
                window = Path(folder) / f"{number}.npy"
                np.save(window, file.window[None, ..., None])
                refusal = asked({"open": number, "model": str(file.variant.path), "window": str(window)})
                if refusal:
                    left_out[f"{file.model} {file.variant.name}, {RUNTIME}"] = refusal
                    continue
                found.append(
                    Contender(
                        file.model,
                        file.variant.name,
                        RUNTIME,
                        1,
                        lambda size, number=number: asked(
                            {"turn": number, "size": size, "untimed": UNTIMED, "limit_s": limit_s}
                        ),
                    )
                )
            yield found
        finally:
            child.kill()
