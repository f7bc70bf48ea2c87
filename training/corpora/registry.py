"""The corpora that go by a name."""

import re

from sernet.training.corpora.corpus import Corpus
from sernet.training.corpora.crema_d import CREMA_D
from sernet.training.corpora.emodb import EMODB
from sernet.training.corpora.iemocap import IEMOCAP
from sernet.training.corpora.ravdess import RAVDESS
from sernet.training.corpora.savee import SAVEE
from sernet.training.corpora.synthetic import SYNTHETIC
from sernet.training.corpora.tess import TESS

CORPORA: dict[str, Corpus] = {
    corpus.name: corpus for corpus in (EMODB, IEMOCAP, RAVDESS, CREMA_D, SAVEE, TESS, SYNTHETIC)
}


def corpus_key(name: str) -> str:
    """`name` without case and punctuation, so that EMO-DB, emodb and EmoDB are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


_BY_KEY = {corpus_key(name): corpus for name, corpus in CORPORA.items()}


def named_corpus(name: str) -> Corpus | None:
    """The corpus called `name` in any usual spelling; None when there is none."""
    return _BY_KEY.get(corpus_key(name)) if re.fullmatch(r"[\w-]+", name) else None
