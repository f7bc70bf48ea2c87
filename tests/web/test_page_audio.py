"""Sound on its way to the page's front end: WAV files sample for sample, other rates as soxr converts them."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr

from sernet.runtime.audio_file import read_audio

Job = Callable[..., Any]


def snr_db(wanted: np.ndarray, got: np.ndarray) -> float:
    """Signal to error, both ends left out."""
    inner = slice(400, min(len(wanted), len(got)) - 400)
    return 10 * np.log10(np.sum(wanted[inner] ** 2) / np.sum((wanted[inner] - got[inner]) ** 2))


def tones(rate: int, samples: int) -> np.ndarray:
    time = np.arange(samples) / rate
    return 0.5 * np.sin(2 * np.pi * 440 * time + 0.3) + 0.3 * np.sin(2 * np.pi * 3211 * time)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 32000, 44100, 48000, 96000])
def test_other_rates_are_converted_nearly_without_error(job: Job, rate: int):
    got = job("resample", tones(rate, 2 * rate), rate, 16000, 2048).values
    assert len(got) == 32000
    error = snr_db(tones(16000, len(got)), got)
    assert error > 110, f"{rate} Hz: {error:.0f} dB, at least 110 are wanted"


@pytest.mark.parametrize(("rate", "least"), [(48000, 120), (44100, 70), (96000, 120), (8000, 120)])
def test_noise_up_to_the_bands_end_is_converted_as_soxr_does(job: Job, rate: int, least: float):
    """soxr's own float32 error at 44100 Hz is -77 dB, measured against itself at 64 bit."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(2 * rate))
    spectrum[np.fft.rfftfreq(2 * rate, 1 / rate) > 0.44 * min(rate, 16000)] = 0
    noise = np.fft.irfft(spectrum, 2 * rate)
    noise = (0.2 * noise / noise.std()).astype(np.float32)
    got = job("resample", noise, rate, 16000, 2048).values
    wanted = soxr.resample(noise, rate, 16000, quality="VHQ")
    assert len(got) == len(wanted)
    error = snr_db(wanted, got)
    assert error > least, f"{rate} Hz: {error:.0f} dB from soxr, at least {least} are wanted"


@pytest.mark.parametrize(
    ("tone_hz", "least_db", "most_db"), [(7600, -0.1, 0.1), (8400, -300, -100), (15000, -300, -100)]
)
def test_the_mel_bands_are_kept_and_what_would_alias_is_gone(job: Job, tone_hz: int, least_db: float, most_db: float):
    tone = np.sin(2 * np.pi * tone_hz * np.arange(48000) / 48000)
    got = job("resample", tone, 48000, 16000, 2048).values
    level = 20 * np.log10(np.sqrt(2) * got[500:-500].std() + 1e-15)
    assert least_db <= level <= most_db, f"{tone_hz} Hz: {level:.1f} dB"


@pytest.mark.parametrize("rate", [44100, 48000])
def test_a_stream_in_pieces_is_converted_to_the_same_bits_as_a_whole(job: Job, voice, rate: int):
    waveform = voice(1.0)
    whole = job("resample", waveform, rate, 16000, len(waveform)).values
    assert np.array_equal(whole, job("resample", waveform, rate, 16000, 37).values)


def test_samples_at_the_models_own_rate_are_left_alone(job: Job, voice):
    waveform = voice(0.3)
    assert np.array_equal(job("resample", waveform, 16000, 16000, 100).values, waveform)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_wav_files_are_read_to_the_same_bits_as_in_python(job: Job, tmp_path: Path, subtype: str, channels: int):
    path = tmp_path / "clip.wav"
    samples = np.random.default_rng(0).uniform(-0.99, 0.99, (1000, channels))
    soundfile.write(path, samples, 16000, subtype=subtype)
    done = job("wave", path)
    assert json.loads(done.stdout) == 16000
    if subtype == "DOUBLE" or subtype == "PCM_32":  # libsndfile and Python round 32 bit to float32 in another order
        np.testing.assert_allclose(done.values, read_audio(path), atol=1e-7)
    else:
        assert np.array_equal(done.values, read_audio(path))


def test_a_wav_of_unknown_length_from_a_recorder_is_read(job: Job, tmp_path: Path):
    path = tmp_path / "piped.wav"
    soundfile.write(path, np.linspace(-0.5, 0.5, 100), 16000)
    content = bytearray(path.read_bytes())
    content[40:44] = struct.pack("<I", 2**32 - 1)
    path.write_bytes(content)
    assert len(job("wave", path).values) == 100


def test_a_wav_that_is_cut_short_is_told_in_one_line(job: Job, tmp_path: Path):
    path = tmp_path / "cut.wav"
    soundfile.write(path, np.zeros(1000), 16000)
    for length in (600, 30):
        path.write_bytes(path.read_bytes()[:length])
        done = job("wave", path)
        assert done.returncode == 1 and "copy or record it again" in done.stderr and len(done.stderr.splitlines()) == 1


def test_what_is_no_wav_is_left_to_the_browser(job: Job, tmp_path: Path):
    path = tmp_path / "clip.flac"
    soundfile.write(path, np.zeros(1000), 16000)
    assert json.loads(job("wave", path).stdout) is None
