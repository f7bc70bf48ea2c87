"""IEMOCAP (Busso et al., Language Resources and Evaluation 2008, doi 10.1007/s10579-008-9076-6), the four-class task.

Audio: Session{1-5}/sentences/wav/<dialogue>/<utterance>.wav. Labels: Session{1-5}/dialog/EmoEvaluation/<dialogue>.txt,
one line for each utterance: ``[6.2901 - 8.2357]<TAB>Ses01F_impro01_F000<TAB>neu<TAB>[2.5000, 2.5000, 2.5000]``.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from sernet.training.clip import Clip
from sernet.training.corpora.corpus import Corpus, CorpusOptions, Reading
from sernet.training.corpora.file_names import first_few

LABELS = {"ang": "angry", "hap": "happy", "neu": "neutral", "sad": "sad"}
_EVALUATION = re.compile(r"\[[\d.]+ - [\d.]+\]\t(\S+)\t([a-z]+)\t")
# The letter after the session tells who wears the markers; the last one who speaks.
_UTTERANCE = re.compile(r"(Ses0[1-5])[FM]_((impro|script)\w+)_([FM])\w+")
# Clips by label code; the scripted part is the rest of the whole.
_ALL = {"ang": 1103, "hap": 595, "exc": 1041, "neu": 1708, "sad": 1084}
_IMPROVISED = {"ang": 289, "hap": 284, "exc": 663, "neu": 1099, "sad": 608}
_COUNTS = {
    "all": _ALL,
    "impro": _IMPROVISED,
    "script": {code: count - _IMPROVISED[code] for code, count in _ALL.items()},
}


class Iemocap(Corpus):
    """IEMOCAP: its published counts depend on the part that is read."""

    def expected(self, options: CorpusOptions) -> Mapping[str, int]:
        """Published counts, for example 2280 clips for ``impro`` without and 5531 for ``all`` with excited."""
        codes = _COUNTS[options.audio_type]
        counts = {label: codes[code] for code, label in LABELS.items()}
        if options.merge_excited:
            counts["happy"] += codes["exc"]
        return counts


def _sessions(root: Path) -> list[Path]:
    """Session folders in `root`, or one level below (the archive unpacks into IEMOCAP_full_release)."""
    return sorted(root.glob("Session[1-5]")) or sorted(root.glob("*/Session[1-5]"))


def _evaluations(session: Path) -> Iterator[tuple[str, str]]:
    """Utterance and label code of every evaluated utterance of a session."""
    for file in sorted((session / "dialog" / "EmoEvaluation").glob("[!.]*.txt")):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            if match := _EVALUATION.match(line):
                yield match[1], match[2]


def read(root: Path, options: CorpusOptions) -> Reading:
    """Read angry, happy, neutral and sad utterances; with `merge_excited` the excited ones are happy.

    The speaker is the session with the speaker's letter, ``Ses01F``. The sentence is the scenario, ``impro01`` or
    ``script01_1``: actors of every session play the same ones.
    """
    labels = LABELS | ({"exc": "happy"} if options.merge_excited else {})
    clips: list[Clip] = []
    without_audio: list[str] = []
    unknown: list[str] = []
    for session in _sessions(root):
        for utterance, code in _evaluations(session):
            match = _UTTERANCE.fullmatch(utterance)
            if match is None:
                unknown.append(utterance)
            elif code in labels and options.audio_type in ("all", match[3]):
                path = session / "sentences" / "wav" / utterance.rpartition("_")[0] / f"{utterance}.wav"
                if path.is_file():
                    clips.append(Clip(path, labels[code], match[1] + match[4], match[2], "iemocap"))
                else:
                    without_audio.append(utterance)
    left_out = []
    if unknown:
        left_out.append(f"left out {len(unknown)} that are not utterances of iemocap: {first_few(unknown)}")
    if without_audio:
        left_out.append(f"left out {len(without_audio)} labelled utterances without audio: {first_few(without_audio)}")
    return Reading(clips, left_out)


IEMOCAP = Iemocap(
    name="iemocap",
    title="IEMOCAP, Interactive Emotional Dyadic Motion Capture Database",
    language="English",
    licence="licensed by USC SAIL, on request",
    home="https://sail.usc.edu/iemocap/",
    labels=tuple(sorted(LABELS.values())),
    speakers=10,
    published={label: _ALL[code] for code, label in LABELS.items()},
    obtain="ask for a licence at https://sail.usc.edu/iemocap/ and unpack the full release",
    read=read,
    has_options=True,
)
