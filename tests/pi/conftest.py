"""Raspberry Pis without the boards: Debian's packages for Arm, and our wheel, run by qemu's user emulation.

It needs no privileges: apt works in folders of its own, and qemu looks for a file among the unpacked packages first.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "pi"


@dataclass(frozen=True)
class Board:
    """A kind of Raspberry Pi."""

    architecture: str
    """Debian's name of it."""
    emulator: tuple[str, ...]
    """The command that runs its programs."""
    packages: tuple[str, ...]
    """What is installed by apt."""
    triplet: str
    """The folder of its libraries."""
    cpuinfo: str
    """What its /proc/cpuinfo says of each core."""


PI_64 = Board(
    "arm64",
    ("qemu-aarch64-static", "-cpu", "cortex-a72"),
    ("python3", "libstdc++6"),
    "aarch64-linux-gnu",
    "Features\t: fp asimd evtstrm crc32 cpuid\nCPU architecture: 8\nCPU part\t: 0xd08\n",
)
PI_32 = Board(
    "armhf",
    ("qemu-arm-static", "-cpu", "cortex-a7"),
    ("python3", "python3-numpy", "libstdc++6"),
    "arm-linux-gnueabihf",
    "Features\t: half thumb fastmult vfp neon vfpv3 vfpv4 idiva idivt\nCPU architecture: 7\nCPU part\t: 0xc07\n",
)

CORES = 4

APT_CONFIGURATION = """APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "";
Acquire::Languages "none";
Dir::State "{folder}";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}";
"""


@dataclass(frozen=True)
class EmulatedPi:
    """A board's programs and libraries, and the folder of what pip would install there."""

    board: Board
    system: Path
    site_packages: Path

    def run(
        self, *arguments: str | Path, stdin: IO[bytes] | None = None, debian: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run the board's Python; it imports from `site_packages`, and from Debian's own packages when `debian`."""
        folders = [self.site_packages, self.system / "usr/lib/python3/dist-packages"][: 1 + debian]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environment["PYTHONPATH"] = os.pathsep.join(map(str, folders))
        # -P, -S: no other folder, for qemu shows this machine's where the board has none
        program = [*self.board.emulator, "-L", self.system, self.system / "usr/bin/python3", "-P", "-S"]
        return subprocess.run(
            [*program, *arguments], stdin=stdin, capture_output=True, text=True, timeout=300, env=environment
        )


@pytest.fixture(scope="session")
def pi_64(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> EmulatedPi:
    """A Pi 4 with a 64-bit system: the wheel and what it asks for, in the versions and with the hashes of the lock."""
    import uv

    system = _system(PI_64)
    folder = tmp_path_factory.mktemp("pi-64") / "site-packages"
    # uv and not pip: pip reads the markers of dependencies (platform_machine) as if for this machine
    install = [uv.find_uv_bin(), "pip", "install", "--quiet", "--only-binary", ":all:", "--target", folder]
    python = ["--python-platform", "aarch64-manylinux_2_36", "--python-version", _python_version(system)]
    _install([*install, *python, "--constraint", ROOT / "requirements-dev.lock", wheel])
    return EmulatedPi(PI_64, system, folder)


@pytest.fixture(scope="session")
def pi_32(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> EmulatedPi:
    """A Pi 2 with a 32-bit system: numpy is Debian's, for there is no wheel of it."""
    system = _system(PI_32)
    if _python_version(system) != "3.11":
        pytest.skip("tflite-runtime has wheels for Python 3.11 and before; this Debian has a later one")
    folder = tmp_path_factory.mktemp("pi-32") / "site-packages"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--no-deps"]
    python = ["--platform", "manylinux_2_34_armv7l", "--python-version", "3.11"]
    _install([*install, *python, "--target", folder, "tflite-runtime==2.14.0", wheel])
    return EmulatedPi(PI_32, system, folder)


def _install(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if "error sending request" in done.stderr or "connection broken" in done.stderr:
        pytest.skip(f"no package index is reached: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr


def _system(board: Board) -> Path:
    """The board's Debian packages, unpacked below build/pi; those of an earlier run when they are there."""
    if shutil.which(board.emulator[0]) is None:
        pytest.skip(f"{board.emulator[0]} is missing: apt install qemu-user-static")
    system = BUILD / board.architecture
    if not system.exists():
        if shutil.which("apt-get") is None:
            pytest.skip("a Pi's system is made of Debian's packages, and there is no apt-get")
        BUILD.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as name:
            unpacked = Path(name) / "system"
            for package in _packages(board, Path(name) / "apt"):
                subprocess.run(["dpkg-deb", "--extract", package, unpacked], check=True, capture_output=True)
            _complete(board, unpacked)
            with suppress(OSError):  # another run was first
                unpacked.rename(system)
    return system


def _packages(board: Board, folder: Path) -> list[Path]:
    """Download what the board installs by apt, and all that it depends on; apt checks the signatures."""
    for part in ("lists/partial", "archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "status").touch()  # nothing is installed yet
    configuration = folder / "apt.conf"
    configuration.write_text(APT_CONFIGURATION.format(architecture=board.architecture, folder=folder))

    def apt(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"APT_CONFIG": str(configuration), "LC_ALL": "C"}
        return subprocess.run(["apt-get", "-qq", *arguments], capture_output=True, text=True, env=environment)

    apt("update")  # it complains of every source that has nothing for this architecture; what counts is what comes next
    done = apt("install", "--yes", "--no-install-recommends", "--download-only", *board.packages)
    if done.returncode:
        pytest.skip(
            f"no Debian packages for {board.architecture} are to be had: {done.stderr.strip().splitlines()[-1]}"
        )
    return sorted((folder / "archives").glob("*.deb"))


def _complete(board: Board, system: Path) -> None:
    """What no package holds: the description of the processor, without which LiteRT crashes, and links."""
    cores = [f"processor\t: {k}\nCPU implementer\t: 0x41\n{board.cpuinfo}\n" for k in range(CORES)]
    processors = system / "sys/devices/system/cpu"
    for folder in (system / "proc", processors):
        folder.mkdir(parents=True)
    (system / "proc/cpuinfo").write_text("".join(cores))
    for name in ("possible", "present"):
        (processors / name).write_text(f"0-{CORES - 1}\n")
    libraries = system / "usr/lib" / board.triplet
    for library in ("blas/libblas.so.3", "lapack/liblapack.so.3"):  # alternatives: installing would make the link
        if (libraries / library).exists():
            (libraries / Path(library).name).symlink_to(library)


def _python_version(system: Path) -> str:
    """Of the board's Python, for example 3.11."""
    return (system / "usr/bin/python3").readlink().name.removeprefix("python")
