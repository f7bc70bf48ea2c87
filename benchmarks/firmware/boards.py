"""The boards of `firmware_example`, and what builds and emulates them."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass

from sernet.runtime.errors import SernetError

_ARM = ("arm-none-eabi-gcc", "qemu-system-arm")
_RISC_V = ("riscv64-unknown-elf-gcc", "qemu-system-riscv32")

PACKAGES = {
    "cmake": "cmake",
    "make": "make",
    "cc": "gcc",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "qemu-system-arm": "qemu-system-arm",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    "qemu-system-riscv32": "qemu-system-misc",
}
"""Debian's packages, by the program that is looked for."""


@dataclass(frozen=True)
class Board:
    """A board, or this machine in a board's place."""

    name: str
    """Folder of its toolchain file, below `firmware_example/boards`."""
    processor: str
    programs: tuple[str, ...]
    """What must be installed beside cmake."""
    emulator: tuple[str, ...] = ()
    """Command that runs an image; empty: images run by themselves."""
    size: str = "size"
    """Program that tells how much flash an image takes."""


BOARDS = {
    board.name: board
    for board in (
        Board("host", "this machine", ("cc",)),
        Board(
            "mps2-an385-m0plus",
            "Cortex-M0+ (its instructions, on a Cortex-M3)",
            _ARM,
            ("qemu-system-arm", "-M", "mps2-an385"),
            "arm-none-eabi-size",
        ),
        Board("mps2-an385", "Cortex-M3", _ARM, ("qemu-system-arm", "-M", "mps2-an385"), "arm-none-eabi-size"),
        Board("mps2-an386", "Cortex-M4", _ARM, ("qemu-system-arm", "-M", "mps2-an386"), "arm-none-eabi-size"),
        Board("mps2-an500", "Cortex-M7", _ARM, ("qemu-system-arm", "-M", "mps2-an500"), "arm-none-eabi-size"),
        Board("mps3-an547", "Cortex-M55", _ARM, ("qemu-system-arm", "-M", "mps3-an547"), "arm-none-eabi-size"),
        Board(
            "rv32imac-virt",
            "RISC-V, rv32imac",
            _RISC_V,
            ("qemu-system-riscv32", "-M", "virt", "-bios", "none"),
            "riscv64-unknown-elf-size",
        ),
    )
}


def check_installed(boards: Iterable[Board]) -> None:
    """Raises SernetError, which names Debian's packages, when a program that a board needs is missing."""
    programs = {"cmake", "make"} | {program for board in boards for program in board.programs}
    missing = sorted(program for program in programs if not shutil.which(program))
    if missing:
        packages = sorted({package for program in missing for package in PACKAGES[program].split()})
        raise SernetError(f"{', '.join(missing)} missing: sudo apt install {' '.join(packages)}")
