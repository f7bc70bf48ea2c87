"""SAVEE (Haq and Jackson, in: Machine Audition, 2010): four British English men.

Files are DC/a01.wav or DC_a01.wav: speaker, letters of the emotion, number of the sentence. Sentences are numbered
within an emotion, so the code keeps the emotion's letters; the names do not tell which texts the emotions share.
"""

import re
from pathlib import Path

from sernet.training.corpora.corpus import Corpus, CorpusOptions, Reading
from sernet.training.corpora.file_names import Utterance, read_by_name

LABELS = {
    "a": "anger",
    "d": "disgust",
    "f": "fear",
    "h": "happiness",
    "n": "neutral",
    "sa": "sadness",
    "su": "surprise",
}
SPEAKERS = ("DC", "JE", "JK", "KL")
_NAME = re.compile(r"(?:(DC|JE|JK|KL)_)?(sa|su|a|d|f|h|n)([0-3]\d)")


def _parse(path: Path) -> Utterance | None:
    match = _NAME.fullmatch(path.stem)
    speaker = (match[1] or path.parent.name) if match else None
    if match is None or speaker not in SPEAKERS:
        return None
    return Utterance(LABELS[match[2]], speaker, match[2] + match[3])


def read(root: Path, options: CorpusOptions) -> Reading:
    """Read `root/AudioData/DC/a01.wav` or `root/DC_a01.wav`, and so on."""
    return read_by_name("savee", root, _parse)


SAVEE = Corpus(
    name="savee",
    title="SAVEE, Surrey Audio-Visual Expressed Emotion",
    language="English",
    licence="research only, on request",
    home="http://kahlan.eps.surrey.ac.uk/savee/",
    labels=tuple(sorted(LABELS.values())),
    speakers=4,
    published={label: 120 if label == "neutral" else 60 for label in sorted(LABELS.values())},
    obtain="register at http://kahlan.eps.surrey.ac.uk/savee/ and unpack AudioData.zip",
    read=read,
)
