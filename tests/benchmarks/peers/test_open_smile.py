"""openSMILE's features: as many as the literature says, of the right samples, and never beside TensorFlow."""

import math
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest

from sernet.benchmarks.peers import feature_table as feature_table_module
from sernet.benchmarks.peers.feature_table import feature_table
from sernet.benchmarks.peers.open_smile import LICENCE, OpenSmile
from sernet.benchmarks.tracking import untracked
from sernet.runtime.errors import SernetError
from sernet.training.clip import Clip
from sernet.training.corpora import load_corpus

pytestmark = pytest.mark.usefixtures("peers_installed")


@pytest.fixture(scope="module")
def clips(tiny_corpus: Path) -> list[Clip]:
    """The first two of each pitch."""
    clips = load_corpus(str(tiny_corpus)).clips
    return [clip for label in ("low", "high") for clip in [c for c in clips if c.label == label][:2]]


@pytest.mark.parametrize(("feature_set", "dimension"), [("eGeMAPSv02", 88), ("ComParE_2016", 6373)])
def test_feature_sets_have_the_published_dimension(
    clips: list[Clip], tmp_path: Path, feature_set: str, dimension: int
) -> None:
    table = feature_table(OpenSmile(feature_set), clips, tmp_path, untracked)
    assert table.shape == (len(clips), dimension) and table.dtype == np.float32


def test_the_pitch_is_that_of_the_samples(clips: list[Clip], tmp_path: Path) -> None:
    """The first feature of eGeMAPS is the mean pitch in semitones above 27.5 Hz; the clips are of 200 and 900 Hz."""
    table = feature_table(OpenSmile("eGeMAPSv02"), clips, tmp_path, untracked)
    low = [row[0] for clip, row in zip(clips, table, strict=True) if clip.label == "low"]
    assert low == pytest.approx([12 * math.log2(200 / 27.5)] * 2, abs=0.3)


def test_features_are_made_once(clips: list[Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = feature_table(OpenSmile("eGeMAPSv02"), clips, tmp_path, untracked)
    monkeypatch.setattr(feature_table_module, "apart", lambda *_: pytest.fail("the features were made again"))
    np.testing.assert_array_equal(feature_table(OpenSmile("eGeMAPSv02"), clips, tmp_path, untracked), first)
    clips[0].path.touch()
    with pytest.raises(pytest.fail.Exception):
        feature_table(OpenSmile("eGeMAPSv02"), clips, tmp_path, untracked)


def test_a_process_with_tensorflow_is_refused_before_it_crashes() -> None:
    import tensorflow  # noqa: F401

    with pytest.raises(SernetError, match="TensorFlow"):
        OpenSmile("eGeMAPSv02").features(np.zeros(16000, np.float32))


def test_the_licence_is_the_one_that_the_package_has() -> None:
    (licence,) = [file for file in distribution("opensmile").files or () if file.name == "LICENSE"]
    text = " ".join(licence.read_text().split())
    assert LICENCE in text and "non-commercial purpose" in text
