"""Speed and vocal tract, against tones, the runtime's own mel matrix, and each other."""

from pathlib import Path

import numpy as np
import pytest

from sernet.runtime.audio_file import read_audio
from sernet.runtime.errors import SernetError
from sernet.runtime.filter_bank import mel_matrix
from sernet.runtime.front_end import FrontEnd
from sernet.training.augmentation.level import SAMPLE_RATE
from sernet.training.augmentation.speed import change_speed
from sernet.training.augmentation.vocal_tract import warped_frequencies, warped_mel_matrix

FRONT_ENDS = (
    FrontEnd(),
    FrontEnd(input_type="mel_spectrogram", mel_bins=64, low_hz=20.0, high_hz=8000.0),
    FrontEnd(sample_rate=22050, frame_length=512),
)
BINS_HZ = np.linspace(0, 8000, 513)


@pytest.mark.parametrize("factor", [0.9, 1.0, 1.1, 1.0375])
def test_speed_moves_a_tone_and_its_length_by_the_factor(factor: float):
    tone = np.sin(2 * np.pi * 1000 * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    faster = change_speed(tone, factor)
    assert faster.dtype == np.float32 and abs(len(faster) - len(tone) / factor) <= 1
    middle = faster[4000:20000]
    wanted = np.sin(2 * np.pi * 1000 * factor * np.arange(4000, 20000) / SAMPLE_RATE)
    worst = np.abs(middle - wanted).max()
    assert worst < 1e-3, f"worst difference to a tone of {1000 * factor:g} Hz {worst:.1e}, tolerance 1e-3"


@pytest.mark.parametrize("samples", [0, 1, 2, 100])
def test_a_short_clip_changes_speed(samples: int):
    assert abs(len(change_speed(np.ones(samples), 0.9)) - samples / 0.9) <= 1


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_without_a_warp_the_matrix_is_the_front_ends_own(front_end: FrontEnd):
    own = mel_matrix(
        front_end.mel_bins, front_end.frame_length // 2 + 1, front_end.sample_rate, front_end.low_hz, front_end.high_hz
    )
    np.testing.assert_array_equal(warped_mel_matrix(front_end, 1.0), own)


@pytest.mark.parametrize("alpha", [0.85, 0.95, 1.05, 1.15])
def test_the_warp_is_jaitly_and_hintons(alpha: float):
    nyquist, limit = 8000.0, 4800.0
    bend = limit * min(alpha, 1)
    theirs = [  # their formula, term by term
        f * alpha if f <= bend / alpha else nyquist - (nyquist - bend) / (nyquist - bend / alpha) * (nyquist - f)
        for f in BINS_HZ.tolist()
    ]
    warped = warped_frequencies(BINS_HZ, alpha, SAMPLE_RATE)
    np.testing.assert_allclose(warped, theirs, rtol=1e-12)
    assert warped[0] == 0 and warped[-1] == nyquist and (np.diff(warped) > 0).all()
    assert np.abs(np.diff(warped, 2)).max() < 8.0, "the warp must not jump at its bend"


@pytest.mark.parametrize("alpha", [0.85, 0.93, 1.07, 1.15])
def test_a_formant_at_f_lands_in_the_band_of_alpha_times_f(alpha: float):
    front_end = FrontEnd()
    plain, warped = warped_mel_matrix(front_end, 1.0), warped_mel_matrix(front_end, alpha)
    assert warped.shape == (513, 128) and warped.dtype == np.float32
    for formant in (500.0, 1500.0, 2500.0, 3500.0):
        there, moved = (np.argmin(np.abs(BINS_HZ - hertz)) for hertz in (formant, alpha * formant))
        assert abs(int(np.argmax(warped[there])) - int(np.argmax(plain[moved]))) <= 1


@pytest.mark.parametrize("alpha", [0.85, 1.15])
def test_a_warp_moves_the_spectrum_of_speech_as_the_same_change_of_speed_does(emodb: Path, alpha: float):
    front_end = FrontEnd(input_type="mel_spectrogram", mel_bins=40)  # wide bands: the pitch's harmonics do not show
    spectra = FrontEnd(input_type="spectrogram")
    speech = read_audio(sorted((emodb / "wav").glob("*.wav"))[0])

    def mean_log_bands(waveform: np.ndarray, warp: float) -> np.ndarray:
        bands = spectra.features(waveform) @ warped_mel_matrix(front_end, warp)
        mean = np.log(np.mean(np.square(bands), axis=0))[5:28]  # 250 to 3900 Hz: below the bend
        return mean - mean.mean()

    sped = mean_log_bands(change_speed(speech, alpha), 1.0)
    right, none, wrong = (
        float(np.sqrt(np.mean((mean_log_bands(speech, warp) - sped) ** 2))) for warp in (alpha, 1.0, 2 - alpha)
    )
    assert right < 0.5 * none < 0.5 * wrong, (
        f"RMS difference warped {right:.2f}, plain {none:.2f}, opposite {wrong:.2f}"
    )


@pytest.mark.parametrize("alpha", [0.85, 1.0, 1.15])
def test_every_band_hears_something_under_every_warp(alpha: float):
    assert (warped_mel_matrix(FrontEnd(), alpha).sum(axis=0) > 0).all()


def test_what_cannot_be_is_refused():
    for bad in (0.0, -1.0, np.nan, 3.0):
        with pytest.raises(SernetError, match="speed"):
            change_speed(np.ones(100), bad)
        with pytest.raises(SernetError, match="warp"):
            warped_mel_matrix(FrontEnd(), bad)
    with pytest.raises(SernetError, match="no mel bands"):
        warped_mel_matrix(FrontEnd(input_type="spectrogram"), 1.1)
    with pytest.raises(SernetError, match="sample rate"):
        warped_mel_matrix(FrontEnd(sample_rate=8000, high_hz=4000.0), 1.1)
