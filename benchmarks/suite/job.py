"""What every section of the benchmark is given: the models, the clips, and how much time there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sernet.benchmarks.tracking import Tracker
from sernet.benchmarks.variant import Variant
from sernet.training.clip import Clip
from sernet.training.run import Run

SYNTHETIC = "synthetic"
"""Name of the network that hears synthetic speech, where there are no recordings."""


@dataclass(frozen=True)
class Job:
    """One benchmark."""

    work: Path
    """Folder for what a section builds or keeps between runs."""
    quick: bool
    """Whether all sections together have 3 minutes instead of 30."""
    models: Mapping[str, Sequence[Variant]]
    """Exported files by network (``sernet``, ``sernet-small``, ...), the main network first. Of the main network in
    all formats, float32 first; of the others, and in a quick benchmark of all, ``int8`` and ``int8-float-io``."""
    run: Run | None
    """The float network that the main one's files were made of; None in a quick benchmark."""
    corpus: Mapping[str, str]
    """Name, title, language, licence and note of the clips; a synthetic corpus says so in its note."""
    clips: Sequence[Clip]
    """All clips of the corpus, sorted by path."""
    track: Tracker
    """Passes items on and shows how far a section is."""

    @property
    def main(self) -> str:
        """Name of the network that stands for the others where one must."""
        return next(iter(self.models))

    @property
    def few_turns(self) -> bool:
        """Whether times are measured in fewer turns: without recordings, all sections together have 10 minutes."""
        return self.quick or self.main == SYNTHETIC

    def variant(self, model: str, form: str) -> Variant:
        """A network's file in a format; raises KeyError where there is none."""
        for variant in self.models[model]:
            if variant.name == form:
                return variant
        raise KeyError(f"{model}, {form}")
