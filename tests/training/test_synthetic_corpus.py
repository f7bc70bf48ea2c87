"""The synthetic corpus: what it holds, that it is always the same, and that it goes on after a kill."""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import wave
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import signal as dsp
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sernet.runtime.errors import SernetError
from sernet.training.synthetic.corpus import LABELS, SENTENCES, synthesize
from sernet.training.synthetic.rendering import render
from sernet.training.synthetic.speakers import SAMPLE_RATE, SPEAKERS, generator, session


def rows(manifest: Path) -> list[dict[str, str]]:
    with manifest.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def digests(root: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(root.rglob("*.*"))}


def samples(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two speakers, a woman and a man, one take: 140 clips."""
    root = tmp_path_factory.mktemp("synthetic")
    synthesize(root, speakers=2, takes=1)
    return root


def test_every_speaker_says_every_sentence_with_every_emotion(corpus: Path) -> None:
    listed = rows(corpus / "manifest.csv")
    assert Counter((row["speaker"], row["sentence"], row["label"]) for row in listed) == Counter(
        (speaker, sentence, label) for speaker in ("f1", "m1") for sentence in SENTENCES for label in LABELS
    )
    assert len(listed) == 2 * 10 * 7
    assert {corpus / row["path"] for row in listed} == set((corpus / "wav").iterdir())


def test_clips_are_named_after_speaker_sentence_label_and_take(corpus: Path) -> None:
    for row in rows(corpus / "manifest.csv"):
        assert row["path"] == f"wav/{row['speaker']}_{row['sentence']}_{row['label']}_1.wav"


def test_clips_are_16_khz_mono_pcm16_of_a_sentences_length_and_never_clipped(corpus: Path) -> None:
    for path in (corpus / "wav").iterdir():
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
            assert 1 < file.getnframes() / 16_000 < 8
        assert 300 < np.abs(samples(path).astype(int)).max() < 32_000


def test_no_two_clips_are_alike(corpus: Path) -> None:
    found = digests(corpus / "wav")
    assert len(set(found.values())) == len(found)


def test_a_killed_run_leaves_no_manifest_and_goes_on_to_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from sernet.training.synthetic.corpus import synthesize\n"
        "synthesize(Path(sys.argv[1]), speakers=2, takes=1, progress=lambda done, total: print(done, flush=True))"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while int(process.stdout.readline()) < 20:
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "manifest.csv").exists()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "wav").glob("*.wav")}
    assert 20 <= len(kept) < 140

    synthesize(tmp_path, speakers=2, takes=1)
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    assert digests(tmp_path) == digests(corpus)


def test_lost_clips_are_made_again_in_any_order(corpus: Path, tmp_path: Path) -> None:
    synthesize(tmp_path, speakers=1, takes=1)
    for path in sorted((tmp_path / "wav").iterdir())[::3]:
        path.unlink()
    synthesize(tmp_path, speakers=1, takes=1)
    full = digests(corpus)
    remade = digests(tmp_path / "wav")
    assert len(remade) == 70
    assert remade.items() <= full.items()


def test_another_seed_replaces_every_clip(tmp_path: Path) -> None:
    synthesize(tmp_path, speakers=1, takes=1, seed=0)
    before = digests(tmp_path / "wav")
    mine = tmp_path / "wav" / "my_own.wav"
    mine.write_bytes(b"not a clip of this corpus")
    synthesize(tmp_path, speakers=1, takes=1, seed=1)
    after = digests(tmp_path / "wav")
    assert mine.exists()
    assert all(after[name] != before[name] for name in before)
    assert json.loads((tmp_path / "recipe.json").read_text())["seed"] == 1


def test_progress_counts_up_to_all_clips(corpus: Path) -> None:
    calls: list[tuple[int, int]] = []
    manifest = synthesize(corpus, speakers=2, takes=1, progress=lambda done, total: calls.append((done, total)))
    assert manifest == corpus / "manifest.csv"
    assert calls == [(done, 140) for done in range(1, 141)]


def test_a_manifest_of_somebody_else_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,label\nmine.wav,anger\n")
    with pytest.raises(SernetError, match="name another folder"):
        synthesize(tmp_path, speakers=1, takes=1)
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.csv"]
    (tmp_path / "recipe.json").write_text('{"dish": "soup"}')
    with pytest.raises(SernetError, match="name another folder"):
        synthesize(tmp_path, speakers=1, takes=1)
    assert (tmp_path / "manifest.csv").read_text() == "path,label\nmine.wav,anger\n"


@pytest.mark.parametrize(
    "numbers",
    [{"speakers": 0}, {"speakers": 11}, {"speakers": -1}, {"sentences": 0}, {"sentences": 11}, {"takes": 0}],
    ids=str,
)
def test_impossible_numbers_are_refused_before_anything_is_written(tmp_path: Path, numbers: dict[str, Any]) -> None:
    with pytest.raises(SernetError, match=next(iter(numbers)).rstrip("s")):
        synthesize(tmp_path / "new", **numbers)
    assert not (tmp_path / "new").exists()


def test_fewer_sentences_are_the_first_ones_with_the_same_samples(tmp_path: Path) -> None:
    few, more = tmp_path / "few", tmp_path / "more"
    synthesize(few, speakers=1, sentences=1, takes=1)
    synthesize(more, speakers=1, sentences=2, takes=1)
    clips = sorted(path.name for path in (few / "wav").iterdir())
    assert len(clips) == len(LABELS)
    assert all((few / "wav" / name).read_bytes() == (more / "wav" / name).read_bytes() for name in clips)
    assert len(list((more / "wav").iterdir())) == 2 * len(LABELS)


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SernetError, match="cannot write the synthetic corpus to"):
        synthesize(tmp_path / "file" / "corpus", speakers=1, takes=1)


def test_anger_is_louder_and_sadness_slower_in_every_speaker(corpus: Path) -> None:
    for speaker in ("f1", "m1"):
        clips = {label: [samples(p) for p in (corpus / "wav").glob(f"{speaker}_*_{label}_1.wav")] for label in LABELS}
        level = {
            label: np.mean([10 * np.log10(np.mean(clip.astype(float) ** 2)) for clip in found])
            for label, found in clips.items()
        }
        length = {label: np.mean([clip.size for clip in found]) for label, found in clips.items()}
        assert level["anger"] > level["neutral"] + 2 > level["sadness"] + 4
        assert length["sadness"] > 1.1 * length["neutral"]


def pitches(waveform: np.ndarray) -> np.ndarray:
    """Pitch in semitones above 50 Hz of the voiced frames of a 16 kHz waveform, by autocorrelation."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform - waveform.mean(), 640)[::320] * np.hanning(640)
    energy = np.sum(frames**2, axis=1)
    spectra = np.abs(np.fft.rfft(frames[energy > 0.01 * energy.max()], 2048)) ** 2
    peaks = np.fft.irfft(spectra)[:, :320]
    lags = 40 + np.argmax(peaks[:, 40:240], axis=1)
    voiced = peaks[np.arange(len(lags)), lags] > 0.3 * peaks[:, 0]
    return 12 * np.log2(SAMPLE_RATE / lags[voiced] / 50)


def statistics(waveform: np.ndarray) -> list[float]:
    """Mean and deviation of pitch, energy and six bands of the spectrum, and the length."""
    semitones = pitches(waveform)
    frequencies, _, spectrum = dsp.stft(waveform, SAMPLE_RATE, nperseg=512)
    power = np.abs(spectrum) ** 2 + 1e-9
    energy = 10 * np.log10(power.sum(axis=0))
    loud = energy > energy.max() - 30
    bands = np.digitize(frequencies, [500, 1000, 2000, 3500, 5500])
    shares = [10 * np.log10(power[bands == band][:, loud].sum(axis=0)) - energy[loud] for band in range(6)]
    tracks = [semitones, energy[loud], *shares]
    return [waveform.size, *(float(f(track)) for track in tracks for f in (np.mean, np.std))]


def test_simple_statistics_tell_emotions_of_unseen_speakers_above_chance_and_below_certainty() -> None:
    features, labels, speakers, sentences = [], [], [], []
    for speaker in SPEAKERS:
        recording = session(speaker, 0)
        for sentence in ("a01", "a07", "b10"):
            for label in LABELS:
                rng = generator(0, speaker.code, sentence, label, 1)
                clip = render(SENTENCES[sentence], label, speaker, recording, rng)
                features.append(statistics(clip / 32768))
                labels.append(label)
                speakers.append(speaker.code)
                sentences.append(sentence)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    across = LeaveOneGroupOut()
    emotion = cross_val_score(classifier, features, labels, groups=speakers, cv=across).mean()
    speaker = cross_val_score(classifier, features, speakers, groups=sentences, cv=across).mean()
    assert 0.45 < emotion < 0.95, f"leave one speaker out: {emotion:.3f}, chance 0.143"
    assert speaker > 0.4, f"ten speakers, unseen sentences: {speaker:.3f}, chance 0.1"
    by_label = {label: np.array(features)[np.array(labels) == label, 1].mean() for label in LABELS}
    assert min(by_label["fear"], by_label["anger"]) > by_label["neutral"] + 1 > by_label["sadness"]
