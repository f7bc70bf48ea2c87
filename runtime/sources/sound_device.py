"""The microphone through PortAudio (the package `sounddevice`)."""

import atexit
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np

from sernet.runtime.sources.audio_source import BLOCK_S, FIRST_BLOCK_S, AudioSource, NoDeviceError

EXTRA = 'pip install "sernet[mic]"'

# A device that works closes at once.
_CLOSING_S = 0.5
_portaudio = threading.Lock()  # one call at a time


def load_sounddevice() -> ModuleType:
    """The package `sounddevice`; raises `NoDeviceError` that says what to install."""
    try:
        import sounddevice
    except ImportError as error:
        raise NoDeviceError(f"sounddevice: not installed: {EXTRA}") from error
    except OSError as error:  # the package is there, the library is not
        raise NoDeviceError("sounddevice: the PortAudio library is missing: apt install libportaudio2") from error
    return sounddevice


def load_soxr() -> ModuleType:
    """The package `soxr`; raises `NoDeviceError` that says what to install."""
    try:
        import soxr
    except ImportError as error:
        raise NoDeviceError(f"soxr: not installed, and the device refuses the rate: {EXTRA}") from error
    return soxr


def input_devices() -> list[dict[str, Any]]:
    """Every input: number, name, channels, rate (the device's own, in Hz), default; raises `NoDeviceError`."""
    sounddevice = load_sounddevice()
    default = sounddevice.default.device[0]
    return [
        {
            "number": device["index"],
            "name": device["name"],
            "channels": device["max_input_channels"],
            "rate": round(device["default_samplerate"]),
            "default": device["index"] == default,
        }
        for device in sounddevice.query_devices()
        if device["max_input_channels"] > 0
    ]


class SoundDevice(AudioSource):
    """An input device; up to two channels are averaged, and a device that refuses the rate is resampled (soxr, HQ)."""

    def __init__(self, device: int | str | None, sample_rate: int) -> None:
        """`device`: its number or a part of its name; None is the default input."""
        super().__init__("sounddevice", live=True)
        self._device = device
        self._sample_rate = sample_rate
        self._device_rate = sample_rate
        self._stream: Any = None

    def _start(self) -> None:
        sounddevice = load_sounddevice()
        try:
            _patiently(lambda: self._open(sounddevice), FIRST_BLOCK_S)
        except (sounddevice.PortAudioError, ValueError) as error:  # ValueError: no device of that name
            raise NoDeviceError(f"{self.description}: {' '.join(str(error).split())}") from error

    def _open(self, sounddevice: ModuleType) -> None:
        info = sounddevice.query_devices(self._device, "input")
        self.description = f"{info['name']} (sounddevice)"
        settings = {
            "device": info["index"],
            "channels": min(2, info["max_input_channels"]),
            "dtype": "float32",
        }
        try:
            sounddevice.check_input_settings(samplerate=self._sample_rate, **settings)
        except sounddevice.PortAudioError:
            self._device_rate = round(info["default_samplerate"])
            self._ratio = self._sample_rate / self._device_rate
            load_soxr()
        self._stream = sounddevice.InputStream(
            samplerate=self._device_rate,
            blocksize=round(BLOCK_S * self._device_rate),
            callback=self._callback,
            **settings,
        )
        self._stream.start()
        if self._closed.is_set():  # nobody has waited for it
            self._close_stream()

    def _callback(self, frames: np.ndarray, count: int, when: object, status: Any) -> None:
        self.overruns += bool(status.input_overflow)
        self._put(frames.mean(axis=1, dtype=np.float32))

    def __iter__(self) -> Iterator[np.ndarray]:
        blocks = super().__iter__()
        if self._device_rate != self._sample_rate:
            return resampled(blocks, self._device_rate, self._sample_rate)
        return blocks

    def _stop(self) -> None:
        with suppress(NoDeviceError):
            _patiently(self._close_stream, _CLOSING_S)

    def _close_stream(self) -> None:
        if self._stream is None:
            return
        self._stream.close()
        self._stream = None
        # PortAudio looks for devices only when it begins: one that is plugged in again would not be found.
        sounddevice = load_sounddevice()
        sounddevice._terminate()
        sounddevice._initialize()


def _patiently(call: Callable[[], None], seconds: float) -> None:
    """Wait so long for a call of PortAudio's, which hangs for as long as a sound server does.

    Raises what it raises; and NoDeviceError when it, or one before it, does not return in time.
    """
    if not _portaudio.acquire(timeout=seconds):
        raise NoDeviceError("sounddevice: PortAudio does not return: does the sound server hang?")
    problems: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as problem:
            problems.append(problem)
        finally:
            _portaudio.release()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        # It would wait for the same server when the program ends.
        atexit.unregister(load_sounddevice()._exit_handler)
        raise NoDeviceError("sounddevice: PortAudio does not return: does the sound server hang?")
    if problems:
        raise problems[0]


def resampled(blocks: Iterable[np.ndarray], from_rate: int, to_rate: int) -> Iterator[np.ndarray]:
    """Resample float32 blocks; together they equal the resampled whole (soxr, quality HQ)."""
    stream = load_soxr().ResampleStream(from_rate, to_rate, 1, dtype="float32", quality="HQ")
    for block in blocks:
        if len(output := stream.resample_chunk(block)):
            yield output
    if len(output := stream.resample_chunk(np.zeros(0, np.float32), last=True)):
        yield output
