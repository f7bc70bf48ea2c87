"""Corpora of emotional speech: where they lie, what they hold, and their clips."""

from sernet.training.corpora.corpus import Corpus
from sernet.training.corpora.loading import LoadedCorpus, load_corpus
from sernet.training.corpora.registry import CORPORA

__all__ = ["CORPORA", "Corpus", "LoadedCorpus", "load_corpus"]
