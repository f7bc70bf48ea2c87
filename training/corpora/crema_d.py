"""CREMA-D (Cao et al., IEEE Transactions on Affective Computing 2014, doi 10.1109/TAFFC.2014.2336244).

Files are named ACTOR_SENTENCE_EMOTION_LEVEL.wav, for example 1001_DFA_ANG_XX.wav.
"""

import re
from pathlib import Path

from sernet.training.corpora.corpus import Corpus, CorpusOptions, Reading
from sernet.training.corpora.file_names import Utterance, read_by_name

LABELS = {"ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
# One published file, 1040_ITH_SAD_X.wav, has a single X.
_NAME = re.compile(r"(10\d\d)_([A-Z]{3})_(ANG|DIS|FEA|HAP|NEU|SAD)_(?:LO|MD|HI|XX?)")


def _parse(path: Path) -> Utterance | None:
    match = _NAME.fullmatch(path.stem)
    return Utterance(LABELS[match[3]], match[1], match[2]) if match else None


def read(root: Path, options: CorpusOptions) -> Reading:
    """Read `root/AudioWAV/*.wav`; the label is the emotion that the actor was asked for."""
    return read_by_name("crema_d", root, _parse)


CREMA_D = Corpus(
    name="crema_d",
    title="CREMA-D, Crowd-sourced Emotional Multimodal Actors Dataset",
    language="English",
    licence="ODbL 1.0 (share alike)",
    home="https://github.com/CheyneyComputerScience/CREMA-D",
    labels=tuple(sorted(LABELS.values())),
    speakers=91,
    published={"anger": 1271, "disgust": 1271, "fear": 1271, "happy": 1271, "neutral": 1087, "sad": 1271},
    obtain="clone https://github.com/CheyneyComputerScience/CREMA-D with git-lfs (folder AudioWAV)",
    read=read,
)
