"""Raw PCM as a live source: from a child process that records, or from standard input."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from sernet.runtime.sources.audio_source import BLOCK_S, AudioSource, NoDeviceError

_SAMPLE = np.dtype("<i2")


class PcmSource(AudioSource):
    """Little-endian signed 16-bit mono PCM from a file descriptor. Half a sample at the end is ignored."""

    def __init__(self, description: str, sample_rate: int, *, live: bool) -> None:
        super().__init__(description, live=live)
        self._rate = sample_rate
        self._block_bytes = round(BLOCK_S * sample_rate) * _SAMPLE.itemsize

    def _read_from(self, descriptor: int) -> None:
        # os.read and a daemon thread: a read that never returns must not keep the program from ending.
        threading.Thread(target=self._read, args=(descriptor,), daemon=True).start()

    def _read(self, descriptor: int) -> None:
        while not self._closed.is_set() and (data := self._read_block(descriptor)):
            samples = np.frombuffer(data, _SAMPLE, count=len(data) // _SAMPLE.itemsize)
            if len(samples):
                self._put(samples.astype(np.float32) / 2**15)
        os.close(descriptor)
        self._put(None)

    def _read_block(self, descriptor: int) -> bytes:
        data = b""
        with suppress(OSError):  # a descriptor that cannot be read gives no audio, and that is told where it is missed
            while len(data) < self._block_bytes and (piece := os.read(descriptor, self._block_bytes - len(data))):
                data += piece
        return data


class StandardInput(PcmSource):
    """Raw PCM on standard input; the sender waits when we are slower than it."""

    def __init__(self, sample_rate: int) -> None:
        super().__init__("standard input", sample_rate, live=False)

    def _start(self) -> None:
        if os.isatty(0):
            raise NoDeviceError("standard input: is a terminal; pipe raw PCM into it (s16le, mono)")
        try:
            self._read_from(os.dup(0))
        except OSError as error:
            raise NoDeviceError(f"standard input: {error.strerror}") from error

    def _stop(self) -> None:
        """Nothing is ours to release."""


class ChildProcess(PcmSource):
    """A program that writes raw PCM to its standard output until it is told to stop.

    `live`: the program records for ever, so its end is a loss whatever its exit code, and it cannot wait for us.
    """

    def __init__(self, command: Sequence[str], description: str, sample_rate: int, *, live: bool) -> None:
        super().__init__(description, sample_rate, live=live)
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None
        self._last_words = ""

    def _start(self) -> None:
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # A group of its own: Ctrl-C is for us alone, and a shell is stopped together with what it started.
                start_new_session=True,
            )
        except OSError as error:
            raise NoDeviceError(f"{self.description}: cannot be started: {error.strerror}") from error
        assert self._process.stdout and self._process.stderr
        self._listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._listener.start()
        self._read_from(os.dup(self._process.stdout.fileno()))
        self._process.stdout.close()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Keep the last line that the program writes to stderr; act on the two that arecord only mentions."""
        assert process.stderr
        with process.stderr:
            for line in process.stderr:
                text = line.decode(errors="replace")
                self._last_words = " ".join(text.split()) or self._last_words
                if "overrun" in text:
                    self.overruns += 1
                    self.dropped += _overrun_samples(text, self._rate)
                if "rate is not accurate" in text:  # it would go on, and give wrong answers without a word
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    return

    def _why_ended(self) -> str | None:
        assert self._process and self._listener
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "closed its output"
        self._listener.join(timeout=1)
        if code == 0 and not self.live:
            return None
        ending = f"ended with exit code {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}"
        return f"{ending}: {self._last_words}" if self._last_words else ending

    def _stop(self) -> None:
        if self._process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
                self._process.wait(timeout=1)
            except (ProcessLookupError, PermissionError):
                return
            except subprocess.TimeoutExpired:
                continue


def _overrun_samples(text: str, sample_rate: int) -> int:
    """What arecord's "overrun!!! (at least 12.345 ms long)" is worth; 0 where it does not say."""
    found = re.search(r"([\d.]+) ms", text)
    return round(float(found[1]) / 1000 * sample_rate) if found else 0
