"""EMO-DB, the Berlin Database of Emotional Speech.

Burkhardt et al., Interspeech 2005, doi 10.21437/Interspeech.2005-446.
Files are named SSTTTEv.wav: SS speaker, TTT code of the sentence, E letter of the German emotion word, v version.
"""

from pathlib import Path

from sernet.training.corpora.checksums import published_checksums
from sernet.training.corpora.corpus import Corpus, CorpusOptions, Reading
from sernet.training.corpora.file_names import Utterance, read_by_name

LABELS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "N": "neutral",
    "T": "sadness",
}
CHECKSUMS = "emodb.sha256"


def read(root: Path, options: CorpusOptions) -> Reading:
    """Read `root/wav/*.wav` or `root/*.wav`.

    Only the 535 published clips are taken: newer releases add recordings, named alike, whose emotion listeners did not
    recognise, and results on those are not comparable.
    """
    published = {Path(name).stem for name in published_checksums(CHECKSUMS)}

    def parse(path: Path) -> Utterance | None:
        name = path.stem
        return Utterance(LABELS[name[5]], name[:2], name[2:5]) if name in published else None

    return read_by_name("emodb", root, parse)


EMODB = Corpus(
    name="emodb",
    title="EMO-DB, Berlin Database of Emotional Speech",
    language="German",
    licence="CC0 1.0",
    home="http://emodb.bilderbar.info/",
    labels=tuple(sorted(LABELS.values())),
    speakers=10,
    published={
        "anger": 127,
        "boredom": 81,
        "disgust": 46,
        "fear": 69,
        "happiness": 71,
        "neutral": 79,
        "sadness": 62,
    },
    obtain="run `sernet data fetch emodb`",
    read=read,
    checksum_file=CHECKSUMS,
)
