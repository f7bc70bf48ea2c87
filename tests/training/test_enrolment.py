"""What a device has heard before a clip: other clips of its speaker, as many as are asked for, and never itself."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sernet.runtime.front_end import FrontEnd
from sernet.runtime.normalisation import Normalisation
from sernet.training.clip import Clip
from sernet.training.enrolment import enrol
from sernet.training.network_inputs import raw_features

FRONT_END = FrontEnd(input_type="mel_spectrogram", mel_bins=40, normalisation=Normalisation((0.0,) * 40, (1.0,) * 40))
STEP_S = 256 / 16000


@pytest.fixture(scope="module")
def clips(voice, tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """Five clips of anna, two of ben, one of nobody knows whom."""
    folder = tmp_path_factory.mktemp("clips")
    made = []
    for number, speaker in enumerate(["anna"] * 5 + ["ben"] * 2 + [None]):
        path = folder / f"{number}.wav"
        soundfile.write(path, voice(0.6 + 0.1 * number, seed=number), 16000)
        made.append(Clip(path, "neutral", speaker, "one", "own"))
    return made


def test_everything_else_of_the_same_speaker_is_heard_and_nothing_more(clips: list[Clip]):
    enrolled = enrol(clips, FRONT_END, None)
    assert [set(one.clips) for one in enrolled] == [
        *({0, 1, 2, 3, 4} - {number} for number in range(5)),
        {6},
        {5},
        set(),
    ]
    for one in enrolled[:7]:
        features = [FRONT_END.hear(raw_features(clips[place], FRONT_END, 0.0)) for place in one.clips]
        assert one.heard is not None and one.heard.frames == sum(each.frames for each in features)
        np.testing.assert_allclose(one.heard.total, sum(each.total for each in features))
    assert enrolled[7].heard is None


def test_hearing_ends_within_the_clip_that_makes_the_seconds_full(clips: list[Clip]):
    for one in enrol(clips, FRONT_END, 1.0)[:5]:
        assert one.heard is not None and one.heard.frames * STEP_S == pytest.approx(1.0)
        frames = [FRONT_END.hear(raw_features(clips[place], FRONT_END, 0.0)).frames for place in one.clips]
        assert sum(frames[:-1]) * STEP_S < 1.0 <= sum(frames) * STEP_S


def test_the_order_is_the_clips_own_wherever_it_lies(clips: list[Clip], tmp_path: Path):
    moved = [dataclasses.replace(clip, path=Path(shutil.copy(clip.path, tmp_path))) for clip in clips]
    orders, again = ([one.clips for one in enrol(some, FRONT_END, None)] for some in (clips, moved))
    assert orders == again
    assert any(list(order) != sorted(order) for order in orders)
