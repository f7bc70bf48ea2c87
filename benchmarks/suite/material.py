"""What is measured: the released networks with the clips of EMO-DB; without these, a network of synthetic speech too.

A fresh clone has the released networks in float, below ``models/trained``, and the released files in ``models``. What
is made of them is kept in the folder of the benchmark, so that another run finds it there.
"""

import dataclasses
from pathlib import Path

from sernet.benchmarks.suite.job import SYNTHETIC, Job
from sernet.benchmarks.tracking import Tracker
from sernet.benchmarks.variant import Variant, find_variants
from sernet.export.exporter import Exporter
from sernet.export.formats import FORMATS
from sernet.export.measured import read_measured
from sernet.runtime.bundle import load_bundle
from sernet.runtime.errors import SernetError
from sernet.training.config import load_preset
from sernet.training.corpora import load_corpus
from sernet.training.corpora.emodb import EMODB
from sernet.training.corpora.loading import LoadedCorpus
from sernet.training.corpora.locate import locate
from sernet.training.evaluation import evaluate_run
from sernet.training.run import Run
from sernet.training.splits import split_clips
from sernet.training.synthetic.corpus import synthesize
from sernet.training.trained_network import restore_run
from sernet.training.trainer import train

ROOT = Path(__file__).resolve().parents[2]
MODELS, RESULTS = ROOT / "models", ROOT / "results"
NETWORKS = ("sernet", "sernet-small", "sernet-nano")
RELEASED = ("int8", "int8-float-io")

_SENTENCES, _TEST_VOICES = 3, ("f5", "m5")
_EPOCHS, _BATCH_SIZE = 16, 8


def prepare(folder: Path, quick: bool, track: Tracker, data: Path | None = None) -> Job:
    """Everything that sections need.

    Args:
        folder: the benchmark's.
        quick: leave out what takes long: the released files are measured alone.
        track: shows how far it is.
        data: where the corpus is looked for first.

    Raises:
        SernetError: the released models are not here: they are in a clone of the repository, not in the package.
    """
    if not MODELS.is_dir():
        raise SernetError(f"{MODELS} is missing: benchmarks run in a clone of the repository, after `make setup`")
    run, models = None, {network: _released(network) for network in NETWORKS}
    if locate(EMODB, data) is not None:
        loaded = load_corpus(EMODB.name, data=data, skip_broken=True)
        if not quick:
            run = restore_run(MODELS / "trained" / "emodb-sernet", folder / "work" / "runs" / "emodb-sernet", data)
            models[NETWORKS[0]] = _exported(run, RESULTS / "emodb-sernet", track)
    else:
        loaded = _synthetic_corpus(folder, track)
        if not quick:
            run = _synthetic_run(folder, loaded, track)
            models = {SYNTHETIC: _exported(run, None, track)} | models
    corpus = {name: getattr(loaded.corpus, name) for name in ("name", "title", "language", "licence", "note")}
    return Job(folder / "work", quick, models, run, corpus, loaded.clips, track)


def released_file(network: str, form: str) -> Path:
    """Where a released network lies in a format; nothing lies there for others."""
    return MODELS / f"{network.replace('sernet', 'emodb', 1)}-{form}.tflite"


def _released(network: str) -> list[Variant]:
    paths = {form: released_file(network, form) for form in RELEASED}
    return [Variant(form, path, load_bundle(path)) for form, path in paths.items()]


def _exported(run: Run, results: Path | None, track: Tracker) -> list[Variant]:
    """The run in all formats, as it would be released; `results` are of its settings."""
    missing = [f for f in FORMATS.values() if not (run.folder / "export" / f"model-{f.name}.tflite").is_file()]
    exporter = Exporter(run)
    for form in track(missing, f"export of {run.folder.name}") if missing else ():
        exporter.export(form, measured=results and read_measured(results, run, form))
    return find_variants(run)


def _synthetic_corpus(folder: Path, track: Tracker) -> LoadedCorpus:
    place = folder / "work" / "synthetic"
    for _ in track([place], "synthetic speech"):
        synthesize(place, sentences=_SENTENCES, takes=1)
    return load_corpus(str(place))


def _synthetic_run(folder: Path, loaded: LoadedCorpus, track: Tracker) -> Run:
    narrow = load_preset("sernet-nano")  # as wide, and with the same schedule: a minute of training is enough
    config = dataclasses.replace(
        load_preset("quick"),
        dataset=str(loaded.root),
        test_speakers=_TEST_VOICES,
        widths=narrow.widths,
        schedule=narrow.schedule,
        learning_rate=narrow.learning_rate,
        epochs=_EPOCHS,
        batch_size=_BATCH_SIZE,
    )
    run = Run.create(folder / "work" / "runs" / SYNTHETIC, config, loaded, split_clips(loaded.clips, config))
    if not run.finished:
        for _ in track([run], f"training for {config.epochs} epochs"):
            evaluate_run(run, train(run))
    return run
