"""Fuzz target: audio files of every kind, decoded, mixed down and resampled."""

import random
import tempfile
from pathlib import Path

import atheris
from atheris.import_hook import instrument_imports

with instrument_imports(include=["sernet.runtime", "wave"]):
    from sernet.runtime.audio_file import read_audio

import numpy as np
import soundfile
from harness import main

LONGEST_S = 20.0
RATE = 16000
PLACE = Path(tempfile.mkdtemp()) / "clip"

_RATES = (0, 1, 2, 999, 1000, 4000, 7999, 8001, 44100, 192000, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)
_COUNTS = (0, 1, 2, 3, 8, 255, 2**15, 2**16 - 1)
_LENGTHS = (0, 1, 2, 2**16, 2**31 - 1, 2**31, 2**32 - 1)
# Of the usual WAV header: where a number stands, of how many bytes, and what it might be.
_FIELDS = (
    (4, 4, _LENGTHS),
    (16, 4, _LENGTHS),
    (20, 2, (0, 1, 2, 3, 6, 7, 17, 49, 85, 2**16 - 2)),
    (22, 2, _COUNTS),
    (24, 4, _RATES),
    (28, 4, _LENGTHS),
    (32, 2, _COUNTS),
    (34, 2, (*_COUNTS, 12, 16, 24, 32, 40, 64)),
    (40, 4, _LENGTHS),
)


def answer(data: bytes) -> None:
    PLACE.write_bytes(data)
    samples = read_audio(PLACE, RATE, longest_s=LONGEST_S)
    assert samples.dtype == np.float32 and samples.ndim == 1 and 0 < len(samples) <= LONGEST_S * RATE + 1
    assert np.abs(samples).max() <= 1


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """A number in a WAV file's header, or any bytes."""
    generator = random.Random(seed)
    if data[:4] != b"RIFF" or len(data) < 44 or generator.random() < 0.5:
        return atheris.Mutate(data, most)
    changed = bytearray(data)
    for place, size, numbers in generator.sample(_FIELDS, generator.choice((1, 1, 2, 3))):
        changed[place : place + size] = generator.choice(numbers).to_bytes(size, "little")
    return bytes(changed)


def write_seeds(folder: Path) -> None:
    """A tenth of a second in every format that is read."""
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE // 10) / RATE)
    both = np.stack([tone, -tone], axis=1)
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "IMA_ADPCM"):
        soundfile.write(folder / f"{subtype}.wav", both, RATE, subtype)
    soundfile.write(folder / "other-rate.wav", tone, 44100)
    for name in ("a.flac", "a.ogg", "a.mp3", "a.aiff", "a.au", "a.caf", "a.w64", "a.rf64"):
        soundfile.write(folder / name, tone, RATE)
    soundfile.write(folder / "a.opus", tone, RATE, "OPUS", format="OGG")


if __name__ == "__main__":
    main(answer, write_seeds, most_bytes=round(12 * 4 * LONGEST_S * RATE), mutator=mutate)
