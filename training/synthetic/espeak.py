"""espeak-ng, the formant synthesiser, as a function from a text and a voice to a waveform.

`espeakng-loader` brings the library and its German dictionary. espeak-ng keeps one global synthesiser per process, and
it is not thread-safe: call `speak` from one thread.

espeak-ng's own voices cannot be reproduced: two oscillators inside the library, *flutter* and *roughness*, go on from
one utterance to the next, and neither a new seed nor a new initialisation resets them. So every utterance gets a voice
file of its own that switches both off: the waveform is then a function of the arguments alone.
"""

import ctypes
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sernet.runtime.errors import SernetError

# Names and values of espeak-ng's speak_lib.h.
AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
CHARS_UTF8 = 1
RATE, VOLUME = 1, 2
SLOWEST, FASTEST = 80, 450
"""Words a minute that espeak-ng takes."""
HEADROOM = 30
"""Volume in percent: louder, espeak-ng's limiter sets in, and it lasts into the next utterance."""
LONGEST_PATH = 140
"""espeak-ng cuts longer paths of its data off, in bytes."""

RETRIEVE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True, slots=True)
class Voice:
    """How one utterance is spoken."""

    pitch: float
    """Bottom of the pitch contour in Hz."""
    pitch_range: float
    """Top of the pitch contour, in semitones above `pitch`."""
    rate: float
    """Words a minute; espeak-ng takes 80 to 450, and is held to that."""
    formants: tuple[float, ...]
    """Frequencies of formants 1 to 6, as factors of an average adult male's: 1.15 is a typical woman."""

    def definition(self) -> str:
        """The voice as an espeak-ng voice file; pitches are whole Hz and formants whole percents there."""
        top = self.pitch * 2 ** (self.pitch_range / 12)
        # Roughness 0 still roughens some consonants, in step with a counter that is never reset; 8 is beyond the table.
        lines = ["name sernet", "language de", "flutter 0", "roughness 8", f"pitch {self.pitch:.0f} {top:.0f}"]
        lines += [f"formant {n} {100 * factor:.0f} 100 100" for n, factor in enumerate(self.formants, start=1)]
        return "\n".join(lines) + "\n"


class Synthesiser:
    """The process's one espeak-ng. Raises SernetError when the library is missing or does not start."""

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError:
            raise SernetError(
                "the synthetic corpus needs the package espeakng-loader: install it with pip install 'sernet[train]'"
            ) from None
        self.folder = tempfile.TemporaryDirectory(prefix="sernet-")
        self.blocks: list[npt.NDArray[np.int16]] = []
        self.retrieve = RETRIEVE(self._retrieve)  # held here: the library keeps only a pointer
        data = Path(espeakng_loader.get_data_path())
        if len(os.fsencode(data)) > LONGEST_PATH:
            link = Path(self.folder.name) / "espeak-ng-data"
            link.symlink_to(data, target_is_directory=True)
            data = link
        try:
            self.library = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError as error:
            raise SernetError(f"espeak-ng does not load here ({error}): reinstall espeakng-loader") from None
        self.library.espeak_Synth.argtypes = [
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int),
            *(ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
        ]
        self.sample_rate: int = self.library.espeak_Initialize(
            AUDIO_OUTPUT_SYNCHRONOUS, 0, os.fsencode(data), INITIALIZE_DONT_EXIT
        )
        if self.sample_rate <= 0:
            raise SernetError(f"espeak-ng does not start with its data in {data}: reinstall espeakng-loader")
        self.library.espeak_SetSynthCallback(self.retrieve)
        self.library.espeak_Info.restype = ctypes.c_char_p
        self.version: str = self.library.espeak_Info(None).decode()

    def _retrieve(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int | None) -> int:
        if samples and count > 0:
            self.blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0  # go on

    def speak(self, text: str, voice: Voice) -> npt.NDArray[np.float32]:
        voice_file = Path(self.folder.name) / "voice"
        voice_file.write_text(voice.definition(), encoding="ascii")
        rate = round(min(max(voice.rate, SLOWEST), FASTEST))
        words = text.encode() + b"\0"
        self.blocks.clear()
        with interrupts_deferred():
            failed = (
                self.library.espeak_SetVoiceByFile(os.fsencode(voice_file))
                or self.library.espeak_SetParameter(RATE, rate, 0)
                or self.library.espeak_SetParameter(VOLUME, HEADROOM, 0)
                or self.library.espeak_Synth(words, len(words), 0, 1, 0, CHARS_UTF8, None, None)
            )
        if failed or not self.blocks:
            raise SernetError(f"espeak-ng cannot speak {text!r}: reinstall espeakng-loader")
        return np.concatenate(self.blocks).astype(np.float32) / np.float32(32768)


@contextmanager
def interrupts_deferred() -> Iterator[None]:
    """Hold Ctrl-C back: ctypes would print a KeyboardInterrupt raised inside a callback, and drop it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, _frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if pressed:
        signal.raise_signal(signal.SIGINT)


@cache
def synthesiser() -> Synthesiser:
    return Synthesiser()


def version() -> str:
    """Version of espeak-ng. Raises SernetError when it is missing."""
    return synthesiser().version


def speak(text: str, voice: Voice) -> tuple[npt.NDArray[np.float32], int]:
    """Speak German.

    Returns the waveform, shape (samples,), within +-1, and its sample rate in Hz. The same arguments give the same
    samples, whatever was spoken before. Raises SernetError when espeak-ng is missing or fails.
    """
    engine = synthesiser()
    return engine.speak(text, voice), engine.sample_rate
