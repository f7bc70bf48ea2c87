"""IEMOCAP, in a tree of its exact form (the corpus itself is licensed)."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sernet.runtime.errors import SernetError
from sernet.training.corpora import CORPORA, load_corpus
from sernet.training.corpora.corpus import CorpusOptions

# Dialogue, speaker and number of the utterance, label code.
UTTERANCES = [
    ("Ses01F_impro01", "F000", "neu"),
    ("Ses01F_impro01", "M000", "ang"),
    ("Ses01F_impro01", "M001", "xxx"),
    ("Ses01F_impro04", "F001", "hap"),
    ("Ses01F_impro04", "F002", "exc"),
    ("Ses02M_impro05a", "F000", "sad"),
    ("Ses02M_script01_1", "M007", "hap"),
    ("Ses02M_script01_1", "F003", "exc"),
    ("Ses05F_script03_2", "M010", "fru"),
    ("Ses05F_script03_2", "M011", "sad"),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with `iemocap/`, in which every evaluated utterance has its WAV."""
    root = tmp_path / "iemocap"
    for dialogue, turn, code in UTTERANCES:
        session = root / f"Session{dialogue[4]}"
        wav = session / "sentences" / "wav" / dialogue / f"{dialogue}_{turn}.wav"
        wav.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(wav, np.full(160, 0.1), 16_000)
        evaluation = session / "dialog" / "EmoEvaluation" / f"{dialogue}.txt"
        evaluation.parent.mkdir(parents=True, exist_ok=True)
        if not evaluation.exists():
            evaluation.write_text("% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n")
        with evaluation.open("a") as file:
            file.write(
                f"[6.2901 - 8.2357]\t{dialogue}_{turn}\t{code}\t[2.5000, 2.5000, 2.5000]\n"
                "C-E2:\tNeutral;\t()\nC-E3:\tNeutral;\t()\nA-E3:\tval 3; act 2; dom  2;\t()\n\n"
            )
    # Single raters' files lie below, in another form; macOS leaves binary files behind.
    rater = root / "Session1/dialog/EmoEvaluation/Categorical/Ses01F_impro01_e2_cat.txt"
    rater.parent.mkdir()
    rater.write_text("Ses01F_impro01_F000 :Anger; ()\n")
    (root / "Session1/dialog/EmoEvaluation/._Ses01F_impro01.txt").write_bytes(b"\x00\x05\x16\x07\xff")
    return tmp_path


def test_four_classes_with_speakers_and_scenarios(data: Path) -> None:
    loaded = load_corpus("IEMOCAP", data=data)
    assert loaded.labels == ("angry", "happy", "neutral", "sad")
    assert {(c.path.stem, c.label, c.speaker, c.sentence) for c in loaded.clips} == {
        ("Ses01F_impro01_F000", "neutral", "Ses01F", "impro01"),
        ("Ses01F_impro01_M000", "angry", "Ses01M", "impro01"),
        ("Ses01F_impro04_F001", "happy", "Ses01F", "impro04"),
        ("Ses02M_impro05a_F000", "sad", "Ses02F", "impro05a"),
        ("Ses02M_script01_1_M007", "happy", "Ses02M", "script01_1"),
        ("Ses05F_script03_2_M011", "sad", "Ses05M", "script03_2"),
    }
    assert "6 of 4490" in loaded.missing[0]


@pytest.mark.parametrize(
    ("audio_type", "merge_excited", "expected"),
    [
        ("all", True, {"neutral": 1, "angry": 1, "happy": 4, "sad": 2}),
        ("impro", False, {"neutral": 1, "angry": 1, "happy": 1, "sad": 1}),
        ("impro", True, {"neutral": 1, "angry": 1, "happy": 2, "sad": 1}),
        ("script", False, {"happy": 1, "sad": 1}),
        ("script", True, {"happy": 2, "sad": 1}),
    ],
)
def test_audio_type_and_excited(data: Path, audio_type: str, merge_excited: bool, expected: dict[str, int]) -> None:
    loaded = load_corpus("iemocap", data=data, audio_type=audio_type, merge_excited=merge_excited)
    assert Counter(clip.label for clip in loaded.clips) == expected


@pytest.mark.parametrize(
    ("options", "total"),
    [
        (CorpusOptions("all", True), 5531),  # the usual four-class task of the literature
        (CorpusOptions("impro", False), 2280),  # the paper's improvised task
        (CorpusOptions("impro", True), 2943),
        (CorpusOptions("script", True), 5531 - 2943),
        (CorpusOptions("script", False), 4490 - 2280),
    ],
)
def test_expected_counts_are_the_published_ones(options: CorpusOptions, total: int) -> None:
    expected = CORPORA["iemocap"].expected(options)
    assert sum(expected.values()) == total
    assert tuple(expected) == CORPORA["iemocap"].labels


def test_the_archive_s_own_top_folder_is_passed(data: Path) -> None:
    (data / "iemocap").rename(data / "release")
    (data / "iemocap").mkdir()
    (data / "release").rename(data / "iemocap" / "IEMOCAP_full_release")
    assert len(load_corpus("iemocap", data=data).clips) == 6


def test_labels_without_audio_are_named(data: Path) -> None:
    (data / "iemocap/Session5/sentences/wav/Ses05F_script03_2/Ses05F_script03_2_M011.wav").unlink()
    loaded = load_corpus("iemocap", data=data)
    assert len(loaded.clips) == 5
    assert "Ses05F_script03_2_M011" in loaded.left_out[0]


def test_unknown_audio_type_is_refused(data: Path) -> None:
    with pytest.raises(SernetError, match="'improvised': use one of all, impro, script"):
        load_corpus("iemocap", data=data, audio_type="improvised")
