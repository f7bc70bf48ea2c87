"""python_speech_features' front end: numpy too, but of powers, and with band edges on whole bins."""

import numpy as np

from sernet.benchmarks.peers.front_ends import Features
from sernet.runtime.filter_bank import hann_window
from sernet.runtime.front_end import FrontEnd

PACKAGES = ("python_speech_features",)


def batch(front_end: FrontEnd) -> Features:
    """Its MFCCs; as its functions do, each call makes the mel bands anew."""
    import python_speech_features

    rate = front_end.sample_rate

    def features(waveform: np.ndarray) -> np.ndarray:
        return python_speech_features.mfcc(
            waveform,
            samplerate=rate,
            winlen=front_end.frame_length / rate,
            winstep=front_end.frame_step / rate,
            numcep=front_end.coefficients,
            nfilt=front_end.mel_bins,
            nfft=front_end.frame_length,
            lowfreq=front_end.low_hz,
            highfreq=front_end.high_hz,
            preemph=0,
            ceplifter=0,
            appendEnergy=False,
            winfunc=hann_window,
        )

    return features
