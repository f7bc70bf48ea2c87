"""The device gives the network what evaluation gave it: the same numbers from the same clip and profile."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from sernet.runtime import Network, load_bundle
from sernet.runtime.audio_file import read_audio
from sernet.training.clip import Clip
from sernet.training.network_inputs import network_inputs


@pytest.mark.parametrize("seconds", [0.4, 1.0, 2.1])
@pytest.mark.parametrize("known", [False, True])
def test_a_clip_is_the_same_input_on_the_device(
    normalising_bundle: Path, voice, tmp_path: Path, seconds: float, known: bool
):
    bundle = load_bundle(normalising_bundle)
    front_end, network = bundle.manifest.front_end, Network(bundle)
    profile = front_end.hear(front_end.features(voice(20))) if known else None
    soundfile.write(tmp_path / "a.wav", voice(seconds, pitch=210.0, seed=7), front_end.sample_rate)
    clip = Clip(path=tmp_path / "a.wav", label="anger", speaker="s", sentence="1", corpus="own")
    (inputs,) = network_inputs([clip], front_end, bundle.manifest.window_s, profiles=[profile])
    found = network.waveform_probabilities(read_audio(clip.path), profile)
    np.testing.assert_array_equal(found, network.probabilities(inputs))
