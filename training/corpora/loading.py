"""From a corpus's name, or the path of your own recordings, to Clips that can be trusted."""

from dataclasses import dataclass, replace
from pathlib import Path

from sernet.runtime.errors import SernetError
from sernet.training.clip import Clip
from sernet.training.corpora.corpus import Corpus, CorpusOptions
from sernet.training.corpora.integrity import BrokenFile, broken_files, differences
from sernet.training.corpora.locate import require
from sernet.training.corpora.own import MANIFEST, own_corpus
from sernet.training.corpora.registry import CORPORA, named_corpus
from sernet.training.corpora.synthetic import SYNTHETIC, is_synthetic


@dataclass(frozen=True)
class LoadedCorpus:
    """A corpus in a folder, with its usable clips."""

    corpus: Corpus
    """Title, licence, language, and the note that every report must carry."""
    root: Path
    clips: list[Clip]
    """Sorted by path; never empty."""
    broken: list[BrokenFile]
    """Files that were skipped; empty unless `skip_broken` was set."""
    missing: list[str]
    """Lines that say how the clips differ from the published counts; empty when they agree."""
    left_out: list[str]
    """Lines that name files which do not belong to the corpus."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in the order of a model's outputs."""
        return self.corpus.labels


def load_corpus(
    name_or_path: str,
    *,
    data: Path | None = None,
    audio_type: str = "all",
    merge_excited: bool = False,
    skip_broken: bool = False,
) -> LoadedCorpus:
    """Load a corpus by name (``emodb``, ``EMO-DB``, ...), or your own recordings by path.

    A path is a folder with one folder per label, a folder that holds ``manifest.csv``, or a ``.csv`` manifest. `data`
    is where named corpora are looked for first. `audio_type` (``all``, ``impro``, ``script``) and `merge_excited` are
    for IEMOCAP alone.

    Raises SernetError when the corpus is unknown, not found or without clips, and when files are broken unless
    `skip_broken` is set.
    """
    options = CorpusOptions(audio_type, merge_excited)
    corpus, root = _corpus_and_root(name_or_path, data)
    if options != CorpusOptions() and not corpus.has_options:
        raise SernetError(f"{corpus.name} has no audio types and no excited clips: leave these options out")
    reading = corpus.read(root, options)
    if not reading.clips:
        raise SernetError(f"{root} holds no clips of {corpus.name}: {corpus.obtain}")
    broken = broken_files(reading.clips)
    if broken and not skip_broken:
        names = ", ".join(f"{file.path} ({file.reason})" for file in broken)
        raise SernetError(
            f"{len(broken)} of {len(reading.clips)} clips are broken: {names}; use --skip-broken to go on"
        )
    skipped = {file.path for file in broken}
    clips = sorted((clip for clip in reading.clips if clip.path not in skipped), key=lambda clip: clip.path)
    if not clips:
        raise SernetError(f"every clip of {corpus.name} at {root} is broken, for example {broken[0].path}")
    return LoadedCorpus(corpus, root, clips, broken, differences(corpus, reading.clips, options), reading.left_out)


def _corpus_and_root(name_or_path: str, data: Path | None) -> tuple[Corpus, Path]:
    if corpus := named_corpus(name_or_path):
        return corpus, require(corpus, data)
    place = Path(name_or_path).expanduser().absolute()
    folder = place.parent if place.is_file() else place
    if is_synthetic(folder) and place in (folder, folder / MANIFEST):
        return SYNTHETIC, folder
    if place.is_dir() or (place.is_file() and place.suffix.lower() == ".csv"):
        own = own_corpus(place)  # a part of the synthetic corpus stays synthetic
        return (replace(own, note=SYNTHETIC.note) if is_synthetic(folder) else own), place
    raise SernetError(
        f"{name_or_path!r} is neither a corpus ({', '.join(CORPORA)}) nor a folder or .csv manifest of your own"
    )
