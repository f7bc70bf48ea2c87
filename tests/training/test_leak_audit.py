"""The leak audit finds what the two sides share, and stops what the protocol forbids."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from sernet.runtime.errors import SernetError
from sernet.training.clip import Clip
from sernet.training.leak_audit import audit_folds, audit_table, require_no_leak
from sernet.training.protocols import PROTOCOLS, Fold


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    """Eight files of four speakers and two sentences; all differ."""
    found = []
    for speaker in "abcd":
        for sentence in ("one", "two"):
            path = tmp_path / f"{speaker}_{sentence}.wav"
            path.write_bytes(f"{speaker} says {sentence}".encode())
            found.append(Clip(path, "anger", speaker, sentence, "own"))
    return found


def test_an_honest_fold_passes_and_says_what_it_shares(clips: list[Clip]):
    audits = audit_folds(PROTOCOLS["loso"].folds(clips, 0))
    require_no_leak(PROTOCOLS["loso"], audits)
    assert [(a.fold, a.train, a.test) for a in audits] == [(speaker, 6, 2) for speaker in "abcd"]
    assert {(a.speakers, a.sentences, a.files) for a in audits} == {((), ("one", "two"), ())}


@pytest.mark.parametrize("name", ["loso", "loso-peek", "text", "group-kfold", "cross-corpus"])
def test_a_shared_speaker_is_stopped_where_speakers_may_not_be_shared(name: str, clips: list[Clip]):
    audits = audit_folds([Fold("x", tuple(clips[1:]), tuple(clips[:1]))])
    assert audits[0].speakers == ("a",)
    with pytest.raises(SernetError, match=rf"fold x leaks: speaker a on both sides, which {name} forbids"):
        require_no_leak(PROTOCOLS[name], audits)
    require_no_leak(PROTOCOLS["random-peek"], audits)


def test_a_shared_sentence_is_stopped_under_text_alone(clips: list[Clip]):
    audits = audit_folds([Fold("x", tuple(clips[2:]), tuple(clips[:1]))])
    require_no_leak(PROTOCOLS["loso"], audits)
    with pytest.raises(SernetError, match="sentence one on both sides, which text forbids"):
        require_no_leak(PROTOCOLS["text"], audits)


@pytest.mark.parametrize("copy", [shutil.copy, os.link, os.symlink])
def test_the_same_recording_under_another_name_is_stopped_everywhere(copy, clips: list[Clip], tmp_path: Path):
    copy(clips[0].path, tmp_path / "copy.wav")
    disguised = replace(clips[0], path=tmp_path / "copy.wav", speaker="z", sentence="three")
    audits = audit_folds([Fold("x", (disguised, *clips[2:]), tuple(clips[:1]))])
    assert audits[0].files == (str(clips[0].path),)
    for protocol in PROTOCOLS.values():
        with pytest.raises(SernetError, match=r"leaks: file .*a_one.wav on both sides"):
            require_no_leak(protocol, audits)


def test_speakers_of_two_corpora_are_two_people_whatever_they_are_called(clips: list[Clip]):
    others = [replace(clip, corpus="other") for clip in clips[:2]]
    (audit,) = audit_folds([Fold("x", tuple(others), tuple(clips[2:]))])
    assert audit.speakers == audit.sentences == ()


def test_clips_without_a_speaker_may_all_be_one(clips: list[Clip]):
    nameless = [replace(clip, speaker=None, sentence=None) for clip in clips]
    (audit,) = audit_folds([Fold("x", tuple(nameless[1:]), tuple(nameless[:1]))])
    assert audit.speakers == ("unknown",) and audit.sentences == ()


def test_an_empty_side_and_a_missing_file_are_told_in_one_line(clips: list[Clip], tmp_path: Path):
    with pytest.raises(SernetError, match="fold x of loso has 0 clips to train on"):
        require_no_leak(PROTOCOLS["loso"], audit_folds([Fold("x", (), tuple(clips))]))
    gone = replace(clips[0], path=tmp_path / "gone.wav")
    with pytest.raises(SernetError, match=r"cannot read .*gone.wav: No such file"):
        audit_folds([Fold("x", (gone,), tuple(clips))])


def test_the_table_has_a_row_for_each_fold(clips: list[Clip]):
    console = Console(width=120, record=True, quiet=True)
    with console.capture() as captured:
        console.quiet = False
        console.print(audit_table(PROTOCOLS["loso"], audit_folds(PROTOCOLS["loso"].folds(clips, 0))))
    lines = [line.split() for line in captured.get().splitlines()]
    assert ["a", "6", "2", "0", "2", "0"] in lines and ["d", "6", "2", "0", "2", "0"] in lines


def test_real_corpora_hold_no_recording_twice_across_speakers(emodb: Path, ravdess: Path):
    from sernet.training.corpora import CORPORA
    from sernet.training.corpora.corpus import CorpusOptions

    for name, root in (("emodb", emodb), ("ravdess", ravdess)):
        found = CORPORA[name].read(root, CorpusOptions()).clips
        for protocol in ("loso", "text", "group-kfold", "random-peek"):
            require_no_leak(PROTOCOLS[protocol], audit_folds(PROTOCOLS[protocol].folds(found, 0)))
