"""kaldi-native-fbank's front end, in C++: of powers, and made for streams."""

from typing import Any

import numpy as np

from sernet.benchmarks.peers.front_ends import Features
from sernet.runtime.front_end import FrontEnd

PACKAGES = ("kaldi-native-fbank",)


def batch(front_end: FrontEnd) -> Features:
    """The whole waveform at once."""
    return lambda waveform: streaming(front_end, len(waveform))(waveform)


def streaming(front_end: FrontEnd, packet: int) -> Features:
    """Frame after frame, as soon as its last sample is there."""
    import kaldi_native_fbank

    options = _options(front_end)

    def features(waveform: np.ndarray) -> np.ndarray:
        stream: Any = kaldi_native_fbank.OnlineMfcc(options)  # it has no verb that resets it
        frames = []
        for start in range(0, len(waveform), packet):
            stream.accept_waveform(front_end.sample_rate, waveform[start : start + packet])
            while len(frames) < stream.num_frames_ready:
                frames.append(stream.get_frame(len(frames)))
        return np.stack(frames)

    return features


def _options(front_end: FrontEnd) -> Any:
    import kaldi_native_fbank

    options = kaldi_native_fbank.MfccOptions()
    frames, bands = options.frame_opts, options.mel_opts
    frames.samp_freq = front_end.sample_rate
    frames.frame_length_ms = 1e3 * front_end.frame_length / front_end.sample_rate
    frames.frame_shift_ms = 1e3 * front_end.frame_step / front_end.sample_rate
    frames.window_type = "hann"
    frames.dither, frames.preemph_coeff, frames.remove_dc_offset = 0.0, 0.0, False
    bands.num_bins, bands.low_freq, bands.high_freq = front_end.mel_bins, front_end.low_hz, front_end.high_hz
    options.num_ceps, options.use_energy, options.cepstral_lifter = front_end.coefficients, False, 0.0
    return options
