"""Audio files as float32 mono samples.

The base install reads PCM WAV at the wanted rate with the standard library. Other formats need `soundfile`, other rates
`soxr`: the extra `sernet[audio]`.
"""

import math
import os
import wave
from pathlib import Path

import numpy as np

from sernet.runtime.errors import SernetError

EXTRA = 'pip install "sernet[audio]"'

# libsndfile reads none of these: without it, too, the way is a conversion and not an extra.
_UNREADABLE = frozenset({".m4a", ".mp4", ".aac", ".wma", ".amr", ".3gp", ".webm", ".mkv"})
# A recorder that writes to a pipe cannot know the length and declares about this much.
_UNKNOWN_LENGTH = 2**31 - 2**16
# A hot recording passes full scale by a few dB; beyond 12 dB the samples were never scaled to [-1, 1].
_LARGEST_PEAK = 4.0
# What `longest_s` counts on: stereo at 48 kHz.
_VALUES_A_SECOND = 2 * 48000


class AudioError(SernetError):
    """An audio file that cannot be read; the message starts with its path."""


class AudioTooLongError(AudioError):
    """An audio file that lasts longer, or unpacks to more, than whoever reads it allows."""


def read_audio(path: Path | str, sample_rate: int = 16000, *, longest_s: float = math.inf) -> np.ndarray:
    """Read a whole audio file.

    Args:
        path: PCM WAV of 8 to 32 bit; with `soundfile` also float WAV, FLAC, Ogg, Opus, MP3 and whatever else it reads.
        sample_rate: wanted rate in Hz; another one is resampled with `soxr`, quality HQ.
        longest_s: seconds that it may last, at 96,000 values a second (stereo at 48 kHz). A few kilobytes can unpack to
            hours: a longer one is refused before it is.

    Returns:
        float32 samples in [-1, 1], shape (samples,). Channels are averaged; what exceeds full scale is clipped.

    Raises:
        AudioError: the file is missing, empty, cut short, without samples, holds NaN or infinity, or is not audio; or
            an optional package is missing. A cut-off MP3 or Ogg file may not say its length: what is there is read.
        AudioTooLongError: it is longer than `longest_s`.
    """
    path = Path(path)
    _check_regular(path)
    try:
        samples, rate = _decode_wave(path, longest_s)
    except (wave.Error, EOFError) as error:
        samples, rate = _decode_soundfile(path, longest_s, reason=str(error) or "the header is cut short")
    if not len(samples):
        raise AudioError(f"{path}: holds no samples")
    if not np.isfinite(samples).all():
        raise AudioError(f"{path}: holds samples that are not finite (NaN or infinity): export it again")
    if (peak := float(np.abs(samples).max())) > _LARGEST_PEAK:
        raise AudioError(f"{path}: samples reach {peak:.6g} where full scale is 1: scale them to [-1, 1]")
    mono = samples.mean(axis=1, dtype=np.float32)
    if rate != sample_rate:
        mono = _resample(path, mono, rate, sample_rate)
    return np.clip(mono, -1.0, 1.0)


def _check_regular(path: Path) -> None:
    if path.is_dir():
        raise AudioError(f"{path}: is a folder, not an audio file")
    if not path.exists():
        raise AudioError(f"{path}: no such file")
    if not path.is_file():
        raise AudioError(f"{path}: not a regular file: copy the audio into one")
    if not os.access(path, os.R_OK):
        raise AudioError(f"{path}: may not be read: check its permissions")
    if path.stat().st_size == 0:
        raise AudioError(f"{path}: is empty (0 bytes)")


def _decode_wave(path: Path, longest_s: float) -> tuple[np.ndarray, int]:
    """PCM WAV as float32 (samples, channels) and its rate; raises `wave.Error` or `EOFError` for anything else."""
    with wave.open(str(path), "rb") as file:
        channels, width, rate, declared = file.getparams()[:4]
        if rate <= 0:
            raise AudioError(f"{path}: declares a sample rate of {rate} Hz")
        frame_bytes = width * channels
        # Never ask for more than there can be: a damaged header declares gigabytes.
        there = min(declared, path.stat().st_size // frame_bytes)
        _check_length(path, longest_s, there, channels, rate)
        data = file.readframes(there)
    held = len(data) // frame_bytes
    if held < declared and declared * frame_bytes < _UNKNOWN_LENGTH:
        raise _cut_short(path, f"{held} of {declared} samples")
    return _pcm_to_float(data[: held * frame_bytes], width).reshape(held, channels), rate


def _check_length(path: Path, longest_s: float, frames: int, channels: int, rate: int) -> None:
    if frames > longest_s * rate:
        raise AudioTooLongError(f"{path}: lasts {frames / rate:.0f} s, and at most {longest_s:g} s are taken")
    if frames * channels > longest_s * _VALUES_A_SECOND:
        raise AudioTooLongError(f"{path}: {channels} channels at {rate} Hz are too much for {frames / rate:.0f} s")


def _pcm_to_float(data: bytes, width: int) -> np.ndarray:
    """Little-endian PCM of `width` bytes as float32 in [-1, 1); 8 bit is unsigned, as WAV has it."""
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128
    if width == 3:  # the three bytes become the upper ones of an int32
        padded = np.zeros((len(data) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return padded.view("<i4")[:, 0].astype(np.float32) / 2**31
    return np.frombuffer(data, f"<i{width}").astype(np.float32) / 2 ** (8 * width - 1)


def _decode_soundfile(path: Path, longest_s: float, reason: str) -> tuple[np.ndarray, int]:
    """Whatever libsndfile reads, as float32 (samples, channels) and its rate."""
    conversion = f"convert it, for example: ffmpeg -i {path.name} -ar 16000 -ac 1 {path.stem}-16k.wav"
    if path.suffix.lower() in _UNREADABLE:
        raise AudioError(f"{path}: {path.suffix} files are not read: {conversion}")
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: the package is there, libsndfile is not
        raise AudioError(f"{path}: not a PCM WAV file ({reason}); other formats need: {EXTRA}") from error
    _check_riff_length(path)
    try:
        with soundfile.SoundFile(path) as file:
            _check_length(path, longest_s, file.frames, file.channels, file.samplerate)
            samples = file.read(dtype="float32", always_2d=True)
            if len(samples) < file.frames:
                raise _cut_short(path, f"{len(samples)} of {file.frames} samples")
            return samples, file.samplerate
    except soundfile.LibsndfileError as error:
        said = error.error_string.strip().rstrip(".")
        raise AudioError(f"{path}: not audio that can be read ({said}); if it is audio, {conversion}") from error


def _check_riff_length(path: Path) -> None:
    """A WAV file that ends before its header says so is an error; libsndfile would pass over it in silence."""
    with path.open("rb") as file:
        header = file.read(8)
    declared, held = int.from_bytes(header[4:8], "little") + 8, path.stat().st_size
    if header[:4] == b"RIFF" and held < declared < _UNKNOWN_LENGTH:
        raise _cut_short(path, f"{held} of {declared} bytes")


def _cut_short(path: Path, held: str) -> AudioError:
    return AudioError(f"{path}: is cut short: {held} are there; copy or record it again")


def _resample(path: Path, mono: np.ndarray, rate: int, sample_rate: int) -> np.ndarray:
    try:
        import soxr
    except ImportError as error:
        raise AudioError(f"{path}: has {rate} Hz, wanted are {sample_rate}; resampling needs: {EXTRA}") from error
    return soxr.resample(mono, rate, sample_rate, quality="HQ")
