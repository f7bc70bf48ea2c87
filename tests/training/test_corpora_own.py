"""Your own recordings: folders and manifests, good and bad; and the synthetic corpus, which looks like one."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sernet.runtime.errors import SernetError
from sernet.training.corpora import load_corpus


def record(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(160, 0.1), 16_000)


def test_a_folder_for_each_label(tmp_path: Path) -> None:
    for name in ("happy/1.wav", "happy/more/2.flac", "angry/1.wav", "stray.wav"):
        record(tmp_path / "mine" / name)
    (tmp_path / "mine/angry/phone.m4a").write_bytes(b"something")
    loaded = load_corpus(str(tmp_path / "mine"))
    assert loaded.labels == ("angry", "happy")
    assert [(c.path.relative_to(loaded.root).as_posix(), c.label, c.speaker, c.corpus) for c in loaded.clips] == [
        ("angry/1.wav", "angry", None, "mine"),
        ("happy/1.wav", "happy", None, "mine"),
        ("happy/more/2.flac", "happy", None, "mine"),
    ]
    assert "stray.wav" in loaded.left_out[0] and "phone.m4a" in loaded.left_out[1]
    assert loaded.missing == []


def test_a_manifest_with_speakers_and_a_byte_order_mark(tmp_path: Path) -> None:
    record(tmp_path / "audio" / "a.wav")
    record(tmp_path / "audio" / "b.wav")
    manifest = tmp_path / "my recordings.csv"
    manifest.write_text("\ufeffpath,label,speaker,sentence\naudio/a.wav,calm,Ada,s1\naudio/b.wav,cross,,\n", "utf-8")
    loaded = load_corpus(str(manifest))
    assert loaded.labels == ("calm", "cross")
    assert [(c.label, c.speaker, c.sentence) for c in loaded.clips] == [("calm", "Ada", "s1"), ("cross", None, None)]
    assert all(clip.path.is_absolute() and clip.path.is_file() for clip in loaded.clips)


def test_a_folder_with_a_manifest_is_read_by_the_manifest(tmp_path: Path) -> None:
    record(tmp_path / "wav" / "a.wav")
    record(tmp_path / "wav" / "b.wav")
    (tmp_path / "manifest.csv").write_text("path,label\nwav/a.wav,calm\nwav/b.wav,cross\n")
    assert load_corpus(str(tmp_path)).labels == ("calm", "cross")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path;label\na.wav;calm\n", "no column label and no column path"),
        ("path,emotion\na.wav,calm\n", "no column label"),
        ("", "no column"),
        ("path,label\na.wav,\n", "line 2: path or label is empty"),
        ("path,label\na.wav\n", "line 2: path or label is empty"),
        ("path,label\na.wav,calm\na.wav,cross\n", r"line 3: a\.wav is listed twice"),
        ("path,label\na.wav,calm\nsub/../a.wav,cross\n", r"line 3: sub/\.\./a\.wav is listed twice"),
        ('path,label\na.wav,"calm\nor so"\n', "the label has two lines"),
        ("path,label\na.wav,calm\nb.wav,calm\n", "only the label 'calm'"),
        ("path,label\n", "no labelled audio"),
        ("path,label\na.wav,calm\ngone.wav,cross\n", r"gone\.wav \(no such file\)"),
    ],
)
def test_a_bad_manifest_is_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    record(tmp_path / "a.wav")
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(SernetError, match=message) as raised:
        load_corpus(str(tmp_path / "m.csv"))
    assert "\n" not in str(raised.value)


def test_a_trailing_blank_does_not_make_two_speakers_of_one(tmp_path: Path) -> None:
    record(tmp_path / "a.wav")
    record(tmp_path / "b.wav")
    (tmp_path / "m.csv").write_text("path,label,speaker,sentence\na.wav,calm,s1,x\nb.wav,cross,s1 , x\n")
    clips = load_corpus(str(tmp_path / "m.csv")).clips
    assert {(clip.speaker, clip.sentence) for clip in clips} == {("s1", "x")}


def test_a_part_of_a_synthetic_corpus_stays_synthetic(tmp_path: Path) -> None:
    record(tmp_path / "a.wav")
    record(tmp_path / "b.wav")
    (tmp_path / "recipe.json").write_text(json.dumps({"corpus": "synthetic", "seed": 0}))
    (tmp_path / "part.csv").write_text("path,label\na.wav,calm\nb.wav,cross\n")
    assert load_corpus(str(tmp_path / "part.csv")).corpus.note == "synthetic"


def test_a_manifest_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes("path,label\nä.wav,böse\n".encode("latin-1"))
    with pytest.raises(SernetError, match="UTF-8"):
        load_corpus(str(tmp_path / "m.csv"))


def test_a_published_corpus_given_as_own_recordings_is_explained(emodb: Path) -> None:
    with pytest.raises(SernetError, match=r"only the label 'wav'.*by its name with --data"):
        load_corpus(str(emodb))


@pytest.mark.parametrize("given", ["name", "folder", "manifest"])
def test_a_synthetic_corpus_says_so_however_it_is_given(tmp_path: Path, given: str) -> None:
    root = tmp_path / "synthetic"
    record(root / "wav/f1_a01_anger_1.wav")
    record(root / "wav/f1_a01_sadness_1.wav")
    (root / "recipe.json").write_text(json.dumps({"corpus": "synthetic", "seed": 0}))
    (root / "manifest.csv").write_text(
        "path,label,speaker,sentence\nwav/f1_a01_anger_1.wav,anger,f1,a01\nwav/f1_a01_sadness_1.wav,sadness,f1,a01\n"
    )
    names = {"name": "synthetic", "folder": str(root), "manifest": str(root / "manifest.csv")}
    loaded = load_corpus(names[given], data=tmp_path)
    assert loaded.corpus.note == "synthetic" and "synthetic" in loaded.corpus.title
    # All seven outputs, in EMO-DB's order, though only two labels are there.
    assert loaded.labels == ("anger", "boredom", "disgust", "fear", "happiness", "neutral", "sadness")
    assert [(c.label, c.speaker, c.sentence, c.corpus) for c in loaded.clips] == [
        ("anger", "f1", "a01", "synthetic"),
        ("sadness", "f1", "a01", "synthetic"),
    ]


def test_an_unfinished_synthetic_corpus_is_refused(tmp_path: Path) -> None:
    record(tmp_path / "synthetic/wav/f1_a01_anger_1.wav")
    with pytest.raises(SernetError, match="no clips of synthetic: run `sernet data synthesize`"):
        load_corpus("synthetic", data=tmp_path)
