"""Programs of `firmware_example`, built for a board and run."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sernet.benchmarks.firmware.boards import Board
from sernet.runtime.errors import SernetError

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware_example"
RUN_LIMIT_S = 1800

_REASONS = ("overflowed", "less than", "error: ", "CMake Error")  # of what compilers and linkers print


@dataclass(frozen=True)
class Answer:
    """What a board answered to one clip."""

    probabilities: np.ndarray
    """(classes,), int8."""
    logits: np.ndarray | None
    """(classes,), int8; None of a recording."""
    label: int | None
    """Index, -1 for uncertain; None of rows."""
    instructions: int
    """Of the whole clip."""
    worst_instructions: int
    """Of the row or packet that took the most."""


@dataclass(frozen=True)
class Run:
    """A program's output."""

    answers: list[Answer]
    memory: dict[str, int]
    """Bytes by their name: state, audio (of recordings), scratch, stack."""
    kernel: str


class Images:
    """The programs for one board and one model.

    Args:
        board: where they run.
        model: folder with model.h, model.c and golden.c.
        folder: where they are built.
        ram_bytes: RAM that a program may use, stack included.
        source: the programs' folder.

    Raises:
        SernetError: a program cannot be built.
    """

    def __init__(self, board: Board, model: Path, folder: Path, ram_bytes: int, source: Path = FIRMWARE) -> None:
        if not source.is_dir():
            raise SernetError("firmware_example is not here: run this in a clone of the repository")
        self._board, self._folder = board, folder
        configure = ["cmake", "-S", source, "-B", folder, f"-DSERNET_MODEL={model.resolve()}"]
        if board.emulator:
            toolchain = source / "boards" / board.name / "toolchain.cmake"
            configure += [f"-DCMAKE_TOOLCHAIN_FILE={toolchain}", f"-DRAM_LEN={ram_bytes}"]
        for command in (configure, ["cmake", "--build", folder]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                lines = (done.stderr or done.stdout).strip().splitlines()
                reasons = [line for line in lines if any(word in line for word in _REASONS)]
                wrong = (reasons or lines[-1:])[0].split("bin/ld: ")[-1]
                raise SernetError(f"{board.name}: the firmware cannot be built: {wrong}")

    def flash_bytes(self, program: str) -> int:
        """Code and constants of an image, as `size -A` tells them."""
        done = subprocess.run([self._board.size, "-A", self._folder / program], capture_output=True, text=True)
        sections = re.findall(r"^\.(?:text|rodata|ARM\.exidx|data)\S*\s+(\d+)", done.stdout, re.MULTILINE)
        return sum(map(int, sections))

    def output(self, program: str, argument: Path | None = None) -> str:
        """What the program prints; raises SernetError when it fails."""
        image = self._folder / program
        if self._board.emulator:
            target = "enable=on,target=native" + (f",arg={argument}" if argument else "")
            options = ["-display", "none", "-monitor", "none", "-serial", "stdio", "-icount", "shift=0"]
            command = [*self._board.emulator, "-kernel", image, *options, "-semihosting-config", target]
        else:
            command = [image, *([argument] if argument else [])]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=RUN_LIMIT_S
            )
        except subprocess.TimeoutExpired:
            raise SernetError(f"{self._board.name}: {program} did not end within {RUN_LIMIT_S} s") from None
        if done.returncode:
            told = (done.stdout + done.stderr).strip().splitlines() or ["nothing was printed"]
            raise SernetError(f"{self._board.name}: {program} failed with {done.returncode}: {told[-1]}")
        return done.stdout

    def answers(self, program: str, clips: Path) -> Run:
        """What `rows` or `samples` answered to the clips of a file; raises SernetError when it did not end well."""
        *lines, last = self.output(program, clips).strip().splitlines()
        end = re.fullmatch(r"\S+ kernel (.+) instructions a tick (\d+) ((?:\w+ \d+ )+)done", last)
        if not end:
            raise SernetError(f"{self._board.name}: {program} ended too early: {last!r}")
        words = end[3].split()
        memory = dict(zip(words[::2], map(int, words[1::2]), strict=True))
        return Run([_answer(line, int(end[2])) for line in lines], memory, end[1])


def _answer(line: str, instructions_per_tick: int) -> Answer:
    fields = {name: values.split() for name, values in re.findall(r"(\w+) ((?:-?\d+ ?)+)", line)}

    def row(name: str) -> np.ndarray | None:
        return np.array(fields[name], np.int8) if name in fields else None

    probabilities = row("probabilities")
    assert probabilities is not None, line
    return Answer(
        probabilities,
        row("logits"),
        int(fields["label"][0]) if "label" in fields else None,
        int(fields["ticks"][0]) * instructions_per_tick,
        max(int(fields["worst"][0]), int(fields["finish"][0])) * instructions_per_tick,
    )
