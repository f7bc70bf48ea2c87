"""What every fuzz target checks: an input gives a result or one clear line, soon, and within bounded memory.

A target is a script: `python target.py seeds FOLDER` writes inputs to begin with, and `python target.py [libFuzzer's
options] CORPUS...` changes them. `test_fuzz.py` runs each for a while.
"""

import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import atheris

from sernet.runtime.errors import SernetError

MOST_CPU_S = 1.0
"""Of processor time, so that a busy machine finds nothing."""


class Finding(AssertionError):
    """What an input must not do."""


def main(
    answer: Callable[[bytes], object],
    write_seeds: Callable[[Path], None],
    *,
    most_bytes: int,
    mutator: Callable[..., bytes] | None = None,
) -> None:
    """A target's program.

    Args:
        answer: takes the input; returns anything, or raises SernetError.
        write_seeds: writes files to a folder, each a good input.
        most_bytes: that Python and numpy may hold for one input.
        mutator: (data, most bytes, seed) to other data, the way that the format is built.
    """

    def one_input(data: bytes) -> None:
        tracemalloc.reset_peak()
        before, begun = tracemalloc.get_traced_memory()[0], time.process_time()
        try:
            answer(data)
        except SernetError as error:
            line = str(error)
            if not line or len(line.splitlines()) != 1:
                raise Finding(f"the message is not one line: {line!r}") from error
        cpu_s, held = time.process_time() - begun, tracemalloc.get_traced_memory()[1] - before
        if cpu_s > MOST_CPU_S:
            raise Finding(f"{cpu_s:.2f} s of processor time, {MOST_CPU_S:g} s are allowed")
        if held > most_bytes:
            raise Finding(f"{held:,} bytes of memory, {most_bytes:,} are allowed")

    if sys.argv[1:2] == ["seeds"]:
        write_seeds(Path(sys.argv[2]))
        return
    tracemalloc.start()
    options = {} if mutator is None else {"custom_mutator": mutator}
    atheris.Setup(sys.argv, one_input, **options)
    atheris.Fuzz()
