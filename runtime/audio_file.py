"""Audio files as float32 mono samples.

The base install reads PCM WAV at the wanted rate with the standard library. Other formats need `soundfile`, other rates
`soxr`: the extra `sernet[audio]`.
"""

import os
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sernet.runtime.errors import SernetError

EXTRA = 'pip install "sernet[audio]"'

LONGEST_S = 4 * 3600.0
"""An hour at 16 kHz takes 230 MB: more than this is not for one array."""

# libsndfile reads none of these: without it, too, the way is a conversion and not an extra.
_UNREADABLE = frozenset({".m4a", ".mp4", ".aac", ".wma", ".amr", ".3gp", ".webm", ".mkv"})
# A recorder that writes to a pipe cannot know the length and declares about this much.
_UNKNOWN_LENGTH = 2**31 - 2**16
# A hot recording passes full scale by a few dB; beyond 12 dB the samples were never scaled to [-1, 1].
_LARGEST_PEAK = 4.0
# No microphone is outside: a damaged header is, and 1 Hz would become 16,000 times as many samples.
_RATES_HZ = (1000, 1_000_000)
# Values that are decoded at a time, all channels together.
_BLOCK_VALUES = 2**18


class AudioError(SernetError):
    """An audio file that cannot be read; the message starts with its path."""


class AudioTooLongError(AudioError):
    """An audio file that lasts longer than whoever reads it allows."""


def read_audio(path: Path | str, sample_rate: int = 16000, *, longest_s: float = LONGEST_S) -> np.ndarray:
    """Read a whole audio file.

    It is decoded in blocks, so that memory is bounded by what `longest_s` takes, whatever the header declares: a few
    kilobytes can unpack to days.

    Args:
        path: PCM WAV of 8 to 32 bit; with `soundfile` also float WAV, FLAC, Ogg, Opus, MP3 and whatever else it reads.
        sample_rate: wanted rate in Hz; another one is resampled with `soxr`, quality HQ.
        longest_s: seconds that it may last.

    Returns:
        float32 samples in [-1, 1], shape (samples,). Channels are averaged; what exceeds full scale is clipped.

    Raises:
        AudioError: the file is missing, empty, cut short, without samples, holds NaN or infinity, or is not audio; or
            an optional package is missing. A cut-off MP3 or Ogg file may not say its length: what is there is read.
        AudioTooLongError: it is longer than `longest_s`.
    """
    path = Path(path)
    _check_regular(path)
    blocks, held = [], 0
    try:
        for block in _mono_blocks(path, sample_rate, longest_s):
            blocks.append(block)
            held += len(block)
            if held > longest_s * sample_rate + 1:  # resampling may round up
                raise _too_long(path, longest_s)
        if not held:
            raise AudioError(f"{path}: holds no samples")
        mono = np.concatenate(blocks)
    except MemoryError:
        raise AudioError(f"{path}: does not fit into the memory: cut it into parts") from None
    return np.clip(mono, -1.0, 1.0, out=mono)


def _mono_blocks(path: Path, sample_rate: int, longest_s: float) -> Iterator[np.ndarray]:
    """The file's samples at `sample_rate`, channels averaged: float32 blocks (any,)."""
    resampler = None
    for rate, samples in _decoded_blocks(path, longest_s):
        if not np.isfinite(samples).all():
            raise AudioError(f"{path}: holds samples that are not finite (NaN or infinity): export it again")
        if (peak := float(np.abs(samples).max())) > _LARGEST_PEAK:
            raise AudioError(f"{path}: samples reach {peak:.6g} where full scale is 1: scale them to [-1, 1]")
        mono = samples.mean(axis=1, dtype=np.float32)
        if rate != sample_rate:
            resampler = resampler or _resampler(path, rate, sample_rate)
            mono = resampler.resample_chunk(mono)
        yield mono
    if resampler is not None:
        yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def _decoded_blocks(path: Path, longest_s: float) -> Iterator[tuple[int, np.ndarray]]:
    """The file's rate with each block of its samples, float32 (frames, channels), at least one frame."""
    try:
        yield from _wave_blocks(path, longest_s)
    except (wave.Error, EOFError, RuntimeError) as error:  # at once: the header told; a chunk beyond the file
        yield from _soundfile_blocks(path, reason=str(error) or "the header is cut short")


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


def _wave_blocks(path: Path, longest_s: float) -> Iterator[tuple[int, np.ndarray]]:
    """Those of PCM WAV; raises `wave.Error` or `EOFError` for anything else."""
    with wave.open(str(path), "rb") as file:
        channels, width, rate, declared = file.getparams()[:4]
        if width > 4:
            raise wave.Error(f"{8 * width} bit")
        _check_rate(path, rate)
        frame_bytes, held = width * channels, 0
        # A damaged header declares gigabytes, so its word is taken only for what can be there.
        if min(declared, path.stat().st_size // frame_bytes) > longest_s * rate:
            raise _too_long(path, longest_s)
        while frames := len(data := file.readframes(max(1, _BLOCK_VALUES // channels))) // frame_bytes:
            held += frames
            yield rate, _pcm_to_float(data[: frames * frame_bytes], width).reshape(frames, channels)
    if held < declared and declared * frame_bytes < _UNKNOWN_LENGTH:
        raise _cut_short(path, f"{held} of {declared} samples")


def _too_long(path: Path, longest_s: float) -> AudioTooLongError:
    return AudioTooLongError(f"{path}: lasts longer than the {longest_s:g} s that are taken: cut it into parts")


def _check_rate(path: Path, rate: int) -> None:
    if not _RATES_HZ[0] <= rate <= _RATES_HZ[1]:
        raise AudioError(f"{path}: declares a sample rate of {rate} Hz")


def _pcm_to_float(data: bytes, width: int) -> np.ndarray:
    """Little-endian PCM of `width` bytes as float32 in [-1, 1); 8 bit is unsigned, as WAV has it."""
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128
    if width == 3:  # the three bytes become the upper ones of an int32
        padded = np.zeros((len(data) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return padded.view("<i4")[:, 0].astype(np.float32) / 2**31
    return np.frombuffer(data, f"<i{width}").astype(np.float32) / 2 ** (8 * width - 1)


def _soundfile_blocks(path: Path, reason: str) -> Iterator[tuple[int, np.ndarray]]:
    """Those of whatever libsndfile reads."""
    conversion = f"convert it, for example: ffmpeg -i {path.name} -ar 16000 -ac 1 {path.stem}-16k.wav"
    if path.suffix.lower() in _UNREADABLE:
        raise AudioError(f"{path}: {path.suffix} files are not read: {conversion}")
    if path.suffix.lower() == ".raw":  # which libsndfile takes for samples without a header, of no known rate
        raise AudioError(
            f"{path}: raw samples say nothing of themselves: ffmpeg -f s16le -ar 16000 -i {path.name} {path.stem}.wav"
        )
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: the package is there, libsndfile is not
        raise AudioError(f"{path}: not a PCM WAV file ({reason}); other formats need: {EXTRA}") from error
    _check_riff_length(path)
    try:
        with soundfile.SoundFile(path) as file:
            _check_rate(path, file.samplerate)
            held = 0
            while len(block := file.read(max(1, _BLOCK_VALUES // file.channels), dtype="float32", always_2d=True)):
                held += len(block)
                yield file.samplerate, block
            if held < file.frames:
                raise _cut_short(path, f"{held} of {file.frames} samples")
    except soundfile.LibsndfileError as error:
        said = " ".join(error.error_string.split()).rstrip(".")
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


def _resampler(path: Path, rate: int, sample_rate: int) -> Any:
    """What resamples block after block; together they equal the resampled whole."""
    try:
        import soxr
    except ImportError as error:
        raise AudioError(f"{path}: has {rate} Hz, wanted are {sample_rate}; resampling needs: {EXTRA}") from error
    return soxr.ResampleStream(rate, sample_rate, 1, dtype="float32", quality="HQ")
