"""The paper's experiments: its settings, and the figures it published for some of them.

Aftab, Morsali, Ghaemmaghami and Champagne, Light-SERNet, ICASSP 2022, arXiv 2110.03435.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from sernet.training.config import Loss, TrainConfig, load_preset
from sernet.training.corpora import CORPORA, Corpus

PRESET = "paper"
"""Of every experiment; each says in what it differs."""

SOURCE = "Aftab et al., ICASSP 2022, arXiv 2110.03435"
"""Of every published figure here."""

PUBLISHED_PROTOCOL = "random-peek"
"""Under which the published figures were measured."""

WITHOUT_EXCITED = "excited does not count as happiness, as in the paper's improvised task of 2280 clips"
EXCITED_UNKNOWN = (
    "excited does not count as happiness; whether it does in the paper's task of both parts is not known here, so "
    "published figures may be of other clips"
)


@dataclass(frozen=True)
class Experiment:
    """One setting of the paper."""

    corpus_name: str
    input_duration: float
    """Seconds."""
    loss: Loss
    audio_type: str = "all"
    """Part of IEMOCAP."""
    published: Mapping[str, float] = field(default_factory=dict)
    """Shares of 1 by metric; empty where no figure is quoted here."""
    note: str = ""
    """What a reader of its figures must know."""

    @property
    def name(self) -> str:
        """As `sernet evaluate` names corpus and preset, then what is not the preset's: ``emodb-paper-focal``."""
        preset = load_preset(PRESET)
        mine = (self.audio_type, f"{self.input_duration:g}s", self.loss)
        usual = (preset.audio_type, f"{preset.input_duration:g}s", preset.loss)
        changed = [part for part, default in zip(mine, usual, strict=True) if part != default]
        return "-".join([self.corpus_name, PRESET, *changed])

    @property
    def title(self) -> str:
        """In words, for a table."""
        part = f" {self.audio_type}" if self.corpus.has_options else ""
        return f"{self.corpus.title.split(',')[0]}{part} {self.input_duration:g} s, {self.loss.replace('_', ' ')}"

    @property
    def corpus(self) -> Corpus:
        """Its corpus, which may not be here."""
        return CORPORA[self.corpus_name]

    def config(self, epochs: int | None = None) -> TrainConfig:
        """Settings, with another number of epochs if given. Raises SernetError when that is none."""
        preset = load_preset(PRESET)
        return dataclasses.replace(
            preset,
            dataset=self.corpus_name,
            input_duration=self.input_duration,
            audio_type=self.audio_type,
            merge_excited=False,
            loss=self.loss,
            epochs=preset.epochs if epochs is None else epochs,
        )


EXPERIMENTS = (
    Experiment("emodb", 3.0, "cross_entropy", published={"UA": 0.9415, "WA": 0.9421}),
    Experiment("emodb", 3.0, "focal", published={"UA": 0.9288, "WA": 0.9308}),
    Experiment("iemocap", 3.0, "cross_entropy", "all", note=EXCITED_UNKNOWN),
    Experiment("iemocap", 3.0, "focal", "all", note=EXCITED_UNKNOWN),
    Experiment("iemocap", 3.0, "cross_entropy", "impro", note=WITHOUT_EXCITED),
    Experiment("iemocap", 3.0, "focal", "impro", note=WITHOUT_EXCITED),
    Experiment("iemocap", 7.0, "cross_entropy", "all", note=EXCITED_UNKNOWN),
    Experiment("iemocap", 7.0, "focal", "all", {"UA": 0.7076, "WA": 0.7023}, EXCITED_UNKNOWN),
    Experiment("iemocap", 7.0, "cross_entropy", "impro", note=WITHOUT_EXCITED),
    Experiment("iemocap", 7.0, "focal", "impro", {"UA": 0.7078, "WA": 0.7987}, WITHOUT_EXCITED),
)
"""In the order of the table."""
