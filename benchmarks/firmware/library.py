"""The C engine with one model in it, as a shared library for this machine."""

import shutil
import subprocess
from pathlib import Path

from sernet.benchmarks.firmware.boards import PACKAGES
from sernet.benchmarks.firmware.image import FIRMWARE
from sernet.export.c_engine.writer import write_c
from sernet.runtime.errors import SernetError


def build_library(model: Path, folder: Path) -> Path:
    """Generate and compile it, as `firmware_example/README.md` says.

    Args:
        model: an int8 bundle.
        folder: where it is built; the generated source lies there, too.

    Returns:
        What `sernet.runtime.c_engine.CEngine` opens.

    Raises:
        SernetError: there is no compiler, no clone of the repository, or the engine cannot compute the model.
    """
    if shutil.which("cc") is None:
        raise SernetError(f"cc missing: sudo apt install {PACKAGES['cc']}")
    if not FIRMWARE.is_dir():
        raise SernetError("firmware_example is not here: run this in a clone of the repository")
    source, library = write_c(model, folder / "model"), folder / "libsernet.so"
    files = [*sorted((FIRMWARE / "engine").glob("*.c")), FIRMWARE / "library" / "library.c", source / "model.c"]
    folders = ["-I", FIRMWARE / "engine", "-I", source]
    done = subprocess.run(
        ["cc", "-O3", "-shared", "-fPIC", *folders, *files, "-o", library], capture_output=True, text=True
    )
    if done.returncode:
        raise SernetError(f"the C engine cannot be compiled: {(done.stderr.strip().splitlines() or ['cc failed'])[-1]}")
    return library
