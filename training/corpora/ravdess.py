"""RAVDESS, speech part (Livingstone and Russo, PLoS ONE 2018, doi 10.1371/journal.pone.0196391).

Files are named MM-VV-EE-II-SS-RR-AA: modality (03 audio only), vocal channel (01 speech, 02 song), emotion, intensity,
sentence, repetition, actor.
"""

import re
from pathlib import Path

from sernet.training.corpora.corpus import Corpus, CorpusOptions, Reading
from sernet.training.corpora.file_names import Utterance, read_by_name

LABELS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}
_NAME = re.compile(r"03-01-(0[1-8])-0[12]-(0[12])-0[12]-(0[1-9]|1\d|2[0-4])")


def _parse(path: Path) -> Utterance | None:
    match = _NAME.fullmatch(path.stem)
    return Utterance(LABELS[match[1]], match[3], match[2]) if match else None


def read(root: Path, options: CorpusOptions) -> Reading:
    """Read `root/Actor_NN/*.wav` (or FLAC); songs are left out."""
    return read_by_name("ravdess", root, _parse)


RAVDESS = Corpus(
    name="ravdess",
    title="RAVDESS, Ryerson Audio-Visual Database of Emotional Speech and Song (speech)",
    language="English",
    licence="CC BY-NC-SA 4.0 (no commercial use)",
    home="https://zenodo.org/records/1188976",
    labels=tuple(sorted(LABELS.values())),
    speakers=24,
    # Two intensities of every emotion but neutral.
    published={label: 96 if label == "neutral" else 192 for label in sorted(LABELS.values())},
    obtain="download Audio_Speech_Actors_01-24.zip from https://zenodo.org/records/1188976 and unpack it",
    read=read,
)
