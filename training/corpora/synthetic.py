"""The synthetic corpus, made on the spot by `sernet data synthesize`: a test bench, not speech of people."""

import json
from pathlib import Path

from sernet.training.corpora.corpus import Corpus, CorpusOptions, Reading
from sernet.training.corpora.emodb import EMODB
from sernet.training.corpora.own import MANIFEST, read_manifest

RECIPE = "recipe.json"


def read(root: Path, options: CorpusOptions) -> Reading:
    """Read `root/manifest.csv`, which is written last: without it the corpus is unfinished and gives no clips."""
    manifest = root / MANIFEST
    return read_manifest(manifest, "synthetic") if manifest.is_file() else Reading([], [])


def is_synthetic(root: Path) -> bool:
    """Whether `root` holds a synthetic corpus, wherever it was written.

    A model trained on it must say so, even when its folder is given as if it held own recordings.
    """
    try:
        return json.loads((root / RECIPE).read_text(encoding="utf-8"))["corpus"] == "synthetic"
    except (OSError, ValueError, KeyError, TypeError):
        return False


SYNTHETIC = Corpus(
    name="synthetic",
    title="synthetic corpus (espeak-ng voices, no people)",
    language="German",
    licence="none needed: made on this machine",
    home="",
    labels=EMODB.labels,
    speakers=None,
    published={},
    obtain="run `sernet data synthesize`",
    read=read,
    note="synthetic",
)
