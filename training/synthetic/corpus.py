"""The synthetic corpus: speakers x sentences x emotions x takes, as WAV files and a manifest.

A test bench, made on the spot, so that the whole chain runs without a network. It is not human speech: figures measured
on it say that the chain works, and nothing about people.
"""

import csv
import hashlib
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy
from scipy.io import wavfile

from sernet.runtime.errors import SernetError
from sernet.training.corpora.own import MANIFEST
from sernet.training.corpora.synthetic import RECIPE, is_synthetic
from sernet.training.synthetic import espeak
from sernet.training.synthetic.prosody import EMOTIONS
from sernet.training.synthetic.rendering import render
from sernet.training.synthetic.speakers import SAMPLE_RATE, SPEAKERS, Speaker, generator, session

SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
"""EMO-DB's sentences by their codes (Burkhardt et al., "A database of German emotional speech", Interspeech 2005)."""

LABELS = tuple(EMOTIONS)


def synthesize(
    root: Path,
    *,
    speakers: int = len(SPEAKERS),
    sentences: int = len(SENTENCES),
    takes: int = 2,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Make the corpus in the folder `root`, and return its manifest's path.

    Writes `wav/<speaker>_<sentence>_<label>_<take>.wav` (16 kHz, mono, PCM16) for `speakers` (1 to 10) x `sentences`
    (1 to 10) x 7 emotions x `takes`, and last of all `manifest.csv` with the columns `path,label,speaker,sentence`; its
    paths are relative to itself. A clip's samples depend on the seed and its own name alone: a run that was killed goes
    on where it stopped, and a larger corpus keeps the clips of a smaller one. Clips of another seed, or made by another
    version of this code or of the libraries below it, are replaced; the file `recipe.json` says whose they are.

    `progress` is called with (clips done, clips in all). Raises SernetError when a number is out of range, when `root`
    cannot be written or holds a manifest that is not ours, or when espeak-ng is missing.
    """
    if not 1 <= speakers <= len(SPEAKERS):
        raise SernetError(f"the synthetic corpus has 1 to {len(SPEAKERS)} speakers, not {speakers}")
    if not 1 <= sentences <= len(SENTENCES):
        raise SernetError(f"the synthetic corpus has 1 to {len(SENTENCES)} sentences, not {sentences}")
    if takes < 1:
        raise SernetError(f"the synthetic corpus needs at least 1 take of each sentence, not {takes}")
    try:
        _prepare(root, seed)
        clips = itertools.product(SPEAKERS[:speakers], list(SENTENCES)[:sentences], LABELS, range(1, takes + 1))
        rows = _render_clips(root, list(clips), seed, progress)
        return _write_manifest(root, rows)
    except OSError as error:
        raise SernetError(f"cannot write the synthetic corpus to {root}: {error.strerror or error}") from error


def _render_clips(
    root: Path, clips: list[tuple[Speaker, str, str, int]], seed: int, progress: Callable[[int, int], None] | None
) -> list[tuple[str, str, str, str]]:
    """The rows of the manifest for clips of a speaker, a sentence, a label and a take."""
    sessions = {speaker: session(speaker, seed) for speaker in {clip[0] for clip in clips}}
    rows = []
    for done, (speaker, sentence, label, take) in enumerate(clips, start=1):
        path = root / "wav" / f"{speaker.code}_{sentence}_{label}_{take}.wav"
        if not path.exists():
            rng = generator(seed, speaker.code, sentence, label, take)
            unfinished = path.with_suffix(".part")
            wavfile.write(unfinished, SAMPLE_RATE, render(SENTENCES[sentence], label, speaker, sessions[speaker], rng))
            unfinished.replace(path)
        rows.append((path.relative_to(root).as_posix(), label, speaker.code, sentence))
        if progress:
            progress(done, len(clips))
    return rows


def _write_manifest(root: Path, rows: list[tuple[str, str, str, str]]) -> Path:
    manifest = root / MANIFEST
    unfinished = manifest.with_suffix(".part")
    with unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("path", "label", "speaker", "sentence"))
        writer.writerows(rows)
    unfinished.replace(manifest)
    return manifest


def _prepare(root: Path, seed: int) -> None:
    """Leave in `root` only clips of this seed and these versions, so that whatever is there can be kept."""
    manifest, note = root / MANIFEST, root / RECIPE
    if manifest.exists() and not is_synthetic(root):
        raise SernetError(f"{manifest} is not a synthetic corpus: name another folder, or move that file away")
    recipe = json.dumps({"corpus": "synthetic", "seed": seed, **_versions()}, indent=2) + "\n"
    (root / "wav").mkdir(parents=True, exist_ok=True)
    if note.exists() and note.read_text(encoding="utf-8") == recipe:
        return
    manifest.unlink(missing_ok=True)
    for clip in (root / "wav").glob("*_*_*_*.wav"):
        _, sentence, label, _ = clip.stem.split("_", 3)
        if sentence in SENTENCES and label in LABELS:
            clip.unlink()
    unfinished = note.with_suffix(".part")
    unfinished.write_text(recipe, encoding="utf-8")
    unfinished.replace(note)


def _versions() -> dict[str, str]:
    """What the samples depend on besides the seed: this folder's code, and the libraries below it."""
    code = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        code.update(file.read_bytes())
    libraries = {"espeak-ng": espeak.version(), "numpy": np.__version__, "scipy": scipy.__version__}
    return {"code": code.hexdigest()[:16], **libraries}
