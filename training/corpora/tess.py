"""TESS, Toronto Emotional Speech Set (Pichora-Fuller and Dupuis, 2020, doi 10.5683/SP2/E8H2MF).

Files are named SPEAKER_WORD_EMOTION.wav: 200 words, said by an older (OAF) and a younger (YAF) woman.
"""

import re
from pathlib import Path

from sernet.training.corpora.corpus import Corpus, CorpusOptions, Reading
from sernet.training.corpora.file_names import Utterance, read_by_name

LABELS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "pleasant surprise",
    "sad": "sad",
}
# One published file is called OA_bite_neutral.wav.
_NAME = re.compile(r"(OAF?|YAF)_([a-z]+)_(angry|disgust|fear|happy|neutral|ps|sad)", re.IGNORECASE)


def _parse(path: Path) -> Utterance | None:
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    speaker = "OAF" if match[1].upper().startswith("OA") else "YAF"
    return Utterance(LABELS[match[3].lower()], speaker, match[2].lower())


def read(root: Path, options: CorpusOptions) -> Reading:
    """Read files like `OAF_back_angry.wav` anywhere below `root`."""
    return read_by_name("tess", root, _parse)


TESS = Corpus(
    name="tess",
    title="TESS, Toronto Emotional Speech Set",
    language="English",
    licence="CC BY-NC-ND 4.0 (no commercial use, no derivatives)",
    home="https://doi.org/10.5683/SP2/E8H2MF",
    labels=tuple(sorted(LABELS.values())),
    speakers=2,
    published=dict.fromkeys(sorted(LABELS.values()), 400),
    obtain="download it from https://doi.org/10.5683/SP2/E8H2MF and unpack it",
    read=read,
)
