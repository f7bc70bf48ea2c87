"""Which microphone to use: `sounddevice`, or a program that records."""

import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from sernet.runtime.errors import SernetError
from sernet.runtime.sources.audio_source import AudioSource, NoDeviceError
from sernet.runtime.sources.pcm_source import ChildProcess, PcmSource, StandardInput
from sernet.runtime.sources.sound_device import SoundDevice

STANDARD_INPUT = "-"
ADVICE = "install one of: libportaudio2, pulseaudio-utils, alsa-utils (Debian packages), or use --mic-command"


def _parec(sample_rate: int, device: str | None) -> list[str]:
    # Without a latency the server sends two seconds at a time.
    command = ["parec", "--raw", "--format=s16le", f"--rate={sample_rate}", "--channels=1", "--latency-msec=50"]
    return command if device is None else [*command, f"--device={device}"]


def _pw_record(sample_rate: int, device: str | None) -> list[str]:
    command = ["pw-record", "--raw", "--format=s16", f"--rate={sample_rate}", "--channels=1", "--latency=50ms"]
    return [*command, *([] if device is None else [f"--target={device}"]), "-"]


def _arecord(sample_rate: int, device: str | None) -> list[str]:
    command = ["arecord", "-q", "-t", "raw", "-f", "S16_LE", "-r", str(sample_rate), "-c", "1"]
    return command if device is None else [*command, "-D", device]


# The sound servers' own programs first: they convert with a good resampler, ALSA's default one is linear.
RECORDERS: dict[str, Callable[[int, str | None], list[str]]] = {
    "parec": _parec,
    "pw-record": _pw_record,
    "arecord": _arecord,
}


def available_recorders() -> dict[str, str]:
    """Programs on the PATH that record to standard output: name to path."""
    return {name: path for name in RECORDERS if (path := shutil.which(name))}


@contextmanager
def open_source(device: str | None, command: str | None, sample_rate: int) -> Iterator[AudioSource]:
    """Open the first source of audio that answers, and close it at the end.

    The order: `command`, standard input, `sounddevice`, then each recorder on the PATH.

    Args:
        device: number or name of the device; ``-`` is raw s16le mono PCM on standard input; None is the default device.
        command: a command line that writes raw s16le mono PCM at `sample_rate` to its standard output.
        sample_rate: rate of the blocks in Hz.

    Raises:
        NoDeviceError: nothing could be opened.
        DeviceLostError: a device was opened and gave no audio.
    """
    with ExitStack() as stack:
        yield _first_that_opens(_candidates(device, command, sample_rate), stack)


def _first_that_opens(sources: list[AudioSource], stack: ExitStack) -> AudioSource:
    problems = []
    for source in sources:
        try:
            return stack.enter_context(source)
        except NoDeviceError as problem:
            problems.append(str(problem))
    if isinstance(sources[0], PcmSource):  # the user named it: nothing else was tried
        raise NoDeviceError(problems[0])
    raise NoDeviceError(f"no microphone could be opened ({'; '.join(problems)}): {ADVICE}")


def _candidates(device: str | None, command: str | None, sample_rate: int) -> list[AudioSource]:
    if command is not None:
        return [_command_source(command, sample_rate)]
    if device == STANDARD_INPUT:
        return [StandardInput(sample_rate)]
    if device is not None and device.isdigit():  # only sounddevice numbers its devices
        return [SoundDevice(int(device), sample_rate)]
    recorders = [
        ChildProcess(RECORDERS[name](sample_rate, device), name, sample_rate, live=True)
        for name in available_recorders()
    ]
    return [SoundDevice(device, sample_rate), *recorders]


def _command_source(command: str, sample_rate: int) -> ChildProcess:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise SernetError(f"--mic-command {command!r}: {error}") from error
    if not words:
        raise SernetError("--mic-command is empty: give a command that writes raw s16le mono PCM")
    return ChildProcess(words, words[0], sample_rate, live=False)
