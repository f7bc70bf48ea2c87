"""librosa's front end: the same features as ours, but for its mel bands' rounding."""

import numpy as np

from sernet.benchmarks.peers.front_ends import Features
from sernet.runtime.front_end import FrontEnd

PACKAGES = ("librosa",)


def batch(front_end: FrontEnd) -> Features:
    """Its mel spectrogram and its cosine transform; as its functions do, each call makes the mel bands anew."""
    import librosa

    def features(waveform: np.ndarray) -> np.ndarray:
        bands = librosa.feature.melspectrogram(
            y=waveform,
            sr=front_end.sample_rate,
            n_fft=front_end.frame_length,
            hop_length=front_end.frame_step,
            center=False,
            power=1.0,
            n_mels=front_end.mel_bins,
            fmin=front_end.low_hz,
            fmax=front_end.high_hz,
            htk=True,
            norm=None,
        )
        # its own logarithm is one of powers, in decibels, cut off 80 dB below the loudest
        cepstrum = librosa.feature.mfcc(
            S=np.log(bands + np.float32(front_end.log_offset)), n_mfcc=front_end.coefficients
        )
        cepstrum[0] *= np.sqrt(2)  # its transform is orthonormal; ours is TensorFlow's
        return np.clip(cepstrum, -front_end.clip, front_end.clip).T

    return features
