"""The fresh process that `sernet.benchmarks.fresh_process` starts: one clip, one answer, then its peak memory.

It imports what a device installs and nothing else. Arguments: a waveform (.npy), and a bundle; without the bundle, the
process stops before it would open an interpreter.
"""

import json
import resource
import sys
from pathlib import Path

import numpy as np

from sernet.runtime.bundle import load_bundle
from sernet.runtime.network import Network


def main(waveform_file: str, model: str | None = None) -> None:
    """Print the answer's probabilities as soon as they are there, and then the peak memory in bytes."""
    waveform = np.load(waveform_file)
    answer = [] if model is None else Network(load_bundle(model)).waveform_probabilities(waveform).tolist()
    print(json.dumps(answer), flush=True)
    print(peak_memory(), flush=True)


def peak_memory() -> int:
    """Largest resident memory of this process so far, in bytes.

    Linux hands `ru_maxrss` down from the process that started this one (a parent of 400 MB makes it 400 MB), so there
    the kernel's own record of this program, VmHWM, is read.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main(*sys.argv[1:])
