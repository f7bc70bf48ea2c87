"""What others reach on a corpus: the figures that ours stand among, each with the protocol it was measured under."""

from dataclasses import dataclass

from sernet.benchmarks.anchors import HUMAN_LISTENERS
from sernet.benchmarks.evaluation.experiments import EXPERIMENTS, PUBLISHED_PROTOCOL, Experiment
from sernet.benchmarks.tables import NOTHING


@dataclass(frozen=True)
class Anchor:
    """A system that `sernet evaluate` did not measure."""

    system: str
    corpus: str
    """Name, as in `CORPORA`."""
    protocol: str | None
    """The one of ours that it was measured under; None for people, who were not trained."""
    ua: str
    """In percent, as its source has it."""
    wa: str
    source: str
    url: str = ""

    @property
    def title(self) -> str:
        """System and source, as Markdown."""
        return f"{self.system} ({f'[{self.source}]({self.url})' if self.url else self.source})"


def _people(corpus: str) -> Anchor:
    ua, wa = (f"{100 * HUMAN_LISTENERS[corpus][metric]:.1f}" for metric in ("UA", "WA"))
    source, url = "Burkhardt et al. 2005", "https://doi.org/10.21437/Interspeech.2005-446"
    return Anchor("human listeners", corpus, None, ua, wa, source, url)


def _paper(experiment: Experiment) -> Anchor:
    ua, wa = (f"{100 * experiment.published[metric]:.2f}" for metric in ("UA", "WA"))
    system, corpus = f"Light-SERNet, {experiment.loss.replace('_', ' ')}", experiment.corpus_name
    source, url = "Aftab et al. 2022", "https://arxiv.org/abs/2110.03435"
    return Anchor(system, corpus, PUBLISHED_PROTOCOL, ua, wa, source, url)


_COMPARE, _EGEMAPS = (f"openSMILE {features} + linear SVM" for features in ("ComParE_2016", "eGeMAPSv02"))
_HERE = "measured for this project"

ANCHORS = (
    _people("emodb"),
    Anchor(_EGEMAPS, "emodb", "loso", "67.1", "68.2", _HERE),
    Anchor(_COMPARE, "emodb", "loso", "78.6", "80.0", _HERE),
    Anchor(f"{_COMPARE}, features normalised per speaker", "emodb", "loso-enrolled", "85.6", "86.4", _HERE),
    Anchor("Light-SERNet, public code", "emodb", PUBLISHED_PROTOCOL, NOTHING, "94.0-95.3", "re-run by others"),
    *(_paper(experiment) for experiment in EXPERIMENTS if experiment.corpus_name == "emodb" and experiment.published),
    Anchor(
        "ResLSTM, 46.8 k parameters",
        "ravdess",
        "group-kfold",
        "62.3 ± 1.2",
        NOTHING,
        "Krasnoproshin and Vashkevich 2026",
        "https://arxiv.org/abs/2606.03359",
    ),
)
"""In the order of the tables."""


def anchors_of(corpus: str, protocol: str | None) -> tuple[Anchor, ...]:
    """Those of a corpus that were measured under a protocol."""
    return tuple(anchor for anchor in ANCHORS if (anchor.corpus, anchor.protocol) == (corpus, protocol))
