"""Reading audio files: both paths give the same samples, resampling keeps a sine, bad files get one clear line."""

import subprocess
import sys
import tracemalloc
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr

from sernet.runtime.audio_file import AudioError, AudioTooLongError, read_audio

NOISE = np.random.default_rng(7).uniform(-0.9, 0.9, (4001, 2)).astype(np.float32)


def write(path: Path, samples: np.ndarray, rate: int = 16000, *, subtype: str | None = None) -> Path:
    container = "OGG" if path.suffix == ".opus" else None  # the others follow from the name
    soundfile.write(path, samples, rate, subtype=subtype, format=container)
    return path


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32"])
@pytest.mark.parametrize("channels", [1, 2])
def test_pcm_wav_gives_the_samples_that_libsndfile_gives(tmp_path: Path, subtype: str, channels: int) -> None:
    path = write(tmp_path / "a.wav", NOISE[:, :channels], subtype=subtype)
    expected = soundfile.read(path, dtype="float32", always_2d=True)[0].mean(axis=1, dtype=np.float32)
    samples = read_audio(path)
    assert samples.dtype == np.float32
    assert samples.shape == (4001,)
    assert np.array_equal(samples, expected), f"bit-exact wanted, worst {np.abs(samples - expected).max()}"


def test_a_real_clip_is_read_bit_exactly(emodb: Path) -> None:
    path = sorted((emodb / "wav").glob("*.wav"))[0]
    assert np.array_equal(read_audio(path), soundfile.read(path, dtype="float32")[0])


def test_flac_and_wav_of_the_same_samples_are_equal(tmp_path: Path) -> None:
    integers = np.rint(NOISE * 32767).astype(np.int16)
    wav, flac = write(tmp_path / "a.wav", integers), write(tmp_path / "a.flac", integers)
    assert np.array_equal(read_audio(wav), read_audio(flac))


def test_a_real_flac_is_read(ravdess: Path) -> None:
    samples = read_audio(sorted(ravdess.glob("Actor_01/*.flac"))[0])
    assert 2 * 16000 < len(samples) < 6 * 16000
    assert 0.001 < np.abs(samples).max() <= 1


@pytest.mark.parametrize(("name", "subtype"), [("a.ogg", "VORBIS"), ("a.opus", "OPUS"), ("a.mp3", None)])
def test_lossy_formats_keep_the_tone(tmp_path: Path, name: str, subtype: str | None) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    samples = read_audio(write(tmp_path / name, tone, subtype=subtype))
    middle = samples[4000:12000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert spectrum.argmax() * 16000 / len(middle) == pytest.approx(1000, abs=2)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_float_wav_is_read_and_clipped_at_full_scale(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", np.array([0.25, 1.5, -2.0], np.float32), subtype="FLOAT")
    assert read_audio(path).tolist() == [0.25, 1.0, -1.0]


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
def test_resampling_keeps_a_sine(tmp_path: Path, rate: int) -> None:
    hz, tolerance = 3000.0, 1e-4
    tone = 0.5 * np.sin(2 * np.pi * hz * np.arange(rate) / rate)
    samples = read_audio(write(tmp_path / "a.wav", np.stack([tone, tone], axis=1), rate, subtype="PCM_24"))
    assert len(samples) == pytest.approx(16000, abs=1)
    ideal = 0.5 * np.sin(2 * np.pi * hz * np.arange(len(samples)) / 16000)
    worst = np.abs(samples - ideal)[800:-800].max()  # the ends see the silence around the clip
    assert worst < tolerance, f"{worst:.2e} from the ideal sine, tolerance {tolerance:.0e}"


def test_resampling_does_not_fold_what_lies_above_the_band(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 11000 * np.arange(44100) / 44100)  # would fold to 5 kHz
    samples = read_audio(write(tmp_path / "a.wav", tone, 44100, subtype="PCM_24"))
    assert np.abs(samples[800:-800]).max() < 1e-4


def test_a_recorder_that_did_not_know_the_length_is_read_to_the_end(tmp_path: Path) -> None:
    data = bytearray(write(tmp_path / "a.wav", NOISE, subtype="PCM_16").read_bytes())
    whole = read_audio(tmp_path / "a.wav")
    for declared in (0x7FFFFFFF, 0xFFFFFFFF):
        data[40:44] = declared.to_bytes(4, "little")
        (tmp_path / "a.wav").write_bytes(data)
        assert np.array_equal(read_audio(tmp_path / "a.wav"), whole)


def break_file(folder: Path, fault: str) -> Path:
    path = folder / "broken.wav"
    match fault:
        case "folder":
            path.mkdir()
        case "empty":
            path.touch()
        case "text":
            path.write_text("this is not audio\n" * 20)
        case "no samples":
            write(path, NOISE[:0])
        case "cut PCM":
            path.write_bytes(write(path, NOISE, subtype="PCM_16").read_bytes()[:3000])
        case "cut float":
            path.write_bytes(write(path, NOISE, subtype="FLOAT").read_bytes()[:3000])
        case "cut header":
            path.write_bytes(write(path, NOISE).read_bytes()[:30])
        case "NaN":
            write(path, np.array([0.1, np.nan], np.float32), subtype="FLOAT")
        case "not scaled":
            write(path, 32768 * NOISE, subtype="FLOAT")
        case "m4a":
            path = folder / "a.m4a"
            path.write_bytes(b"\0\0\0\x20ftypM4A " + bytes(1000))
    return path


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("missing", "no such file"),
        ("folder", "is a folder"),
        ("empty", "is empty"),
        ("text", "not audio"),
        ("no samples", "holds no samples"),
        ("cut PCM", "is cut short: 739 of 4001 samples"),
        ("cut float", "is cut short: 3000 of"),
        ("cut header", "is cut short: 30 of"),
        ("NaN", "not finite"),
        ("not scaled", "scale them to [-1, 1]"),
        ("m4a", "ffmpeg -i a.m4a"),
    ],
)
def test_a_bad_file_gets_one_line_that_names_it(tmp_path: Path, fault: str, says: str) -> None:
    path = break_file(tmp_path, fault)
    with pytest.raises(AudioError) as caught:
        read_audio(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert says in message
    assert "\n" not in message


@pytest.mark.parametrize(("name", "rate"), [("a.flac", 16000), ("a.wav", 44100)])
def test_without_the_optional_packages_the_extra_is_named(tmp_path: Path, name: str, rate: int) -> None:
    """In a Python that has numpy and Sernet only: no `soundfile`, no `soxr`."""
    path = write(tmp_path / name, NOISE, rate)
    program = (
        "import sys; sys.modules['soundfile'] = sys.modules['soxr'] = None\n"
        "from sernet.runtime.audio_file import read_audio\n"
        "try: read_audio(sys.argv[1])\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"AudioError {path}: ")
    assert 'pip install "sernet[audio]"' in done.stdout


def test_pcm_wav_needs_nothing_but_numpy(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(np.array([0, 16384, -32768], "<i2").tobytes())
    program = (
        "import sys; from sernet.runtime.audio_file import read_audio\n"
        "print(read_audio(sys.argv[1]).tolist(), {'soundfile', 'soxr', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[0.0, 0.5, -1.0] set()"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_a_file_of_many_blocks_equals_one_that_is_decoded_and_resampled_at_once(
    tmp_path: Path, name: str, channels: int, rate: int
) -> None:
    noise = np.random.default_rng(8).uniform(-0.9, 0.9, (700_001, channels))
    path = write(tmp_path / name, noise, rate, subtype="PCM_16")
    whole = soundfile.read(path, dtype="float32", always_2d=True)[0].mean(axis=1, dtype=np.float32)
    expected = whole if rate == 16000 else np.clip(soxr.resample(whole, rate, 16000, quality="HQ"), -1, 1)
    assert np.array_equal(read_audio(path), expected)


def peak_bytes(path: Path, **options: Any) -> tuple[int, str]:
    """Most memory that a refusal took, and what it said."""
    tracemalloc.start()
    try:
        with pytest.raises(AudioError) as caught:
            read_audio(path, **options)
        return tracemalloc.get_traced_memory()[1], str(caught.value)
    finally:
        tracemalloc.stop()


def test_what_unpacks_to_hours_is_refused_before_it_does(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", np.zeros(3600 * 16000, np.int16))
    assert path.stat().st_size < 300_000
    with pytest.raises(AudioTooLongError, match="lasts longer than the 10 s that are taken"):
        read_audio(path, longest_s=10)
    held, _ = peak_bytes(path, longest_s=10)
    assert held < 10e6, f"{held:,} bytes, an hour has 230 MB"
    assert len(read_audio(path, longest_s=3600)) == 3600 * 16000


def test_a_header_that_declares_days_takes_no_memory(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", NOISE[:, 0])
    data = bytearray(path.read_bytes())
    data[21] |= 0x0F  # STREAMINFO's count of samples: 36 bits from here on
    data[22:26] = b"\xff" * 4
    path.write_bytes(data)
    held, said = peak_bytes(path)
    assert held < 10e6 and "\n" not in said, (held, said)


@pytest.mark.parametrize(
    ("place", "number", "says"),
    [
        (24, (0).to_bytes(4, "little"), "sample rate of 0 Hz"),
        (24, (1).to_bytes(4, "little"), "sample rate of 1 Hz"),
        (24, (2**31).to_bytes(4, "little"), "sample rate of 2147483648 Hz"),
        (34, (40).to_bytes(2, "little"), "not audio"),
        (22, (0).to_bytes(2, "little"), "not audio"),
        (16, (2**31 - 1).to_bytes(4, "little"), "not audio"),
    ],
)
def test_a_damaged_wav_header_is_one_line(tmp_path: Path, place: int, number: bytes, says: str) -> None:
    data = bytearray(write(tmp_path / "a.wav", NOISE, subtype="PCM_16").read_bytes())
    data[place : place + len(number)] = number
    (tmp_path / "a.wav").write_bytes(data)
    held, said = peak_bytes(tmp_path / "a.wav")
    assert says in said and "\n" not in said and held < 10e6, (held, said)


def test_raw_samples_are_told_what_they_lack(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(NOISE.tobytes())
    with pytest.raises(AudioError, match=r"raw samples say nothing of themselves: ffmpeg"):
        read_audio(tmp_path / "a.raw")


@pytest.mark.parametrize("name", ["clip.wav", "clip.flac"])
def test_a_file_may_last_as_long_as_is_allowed_and_no_longer(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, np.zeros(3 * 16000, np.int16))
    assert len(read_audio(path, longest_s=3)) == 3 * 16000
    with pytest.raises(AudioTooLongError, match=r"lasts longer than the 2\.9 s that are taken"):
        read_audio(path, longest_s=2.9)
