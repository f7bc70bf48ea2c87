"""Readings: the ways in which a fold's trained model answers its test clips."""

import dataclasses
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np

from sernet.export.checks import check_structure
from sernet.export.converter import convert
from sernet.export.exporter import CALIBRATION_CLIPS
from sernet.export.formats import FORMATS
from sernet.runtime.bundle import Bundle, Manifest, pack_bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.network import Network
from sernet.training.clip import Clip
from sernet.training.evaluation import predict
from sernet.training.features import clip_features
from sernet.training.run import Run

Answer = Callable[[Run, Sequence[Clip]], np.ndarray]
"""From a trained run and clips to probabilities (clips, classes)."""


@dataclass(frozen=True)
class Reading:
    """One way of answering."""

    name: str
    summary: str
    answer: Answer


def int8_probabilities(run: Run, clips: Sequence[Clip]) -> np.ndarray:
    """The answers of the model exported to full int8, by LiteRT: (clips, classes).

    Ranges are taken from training clips alone, the same that `sernet export` would take.
    """
    target, config = FORMATS["int8"], run.config
    chosen = np.random.default_rng(config.seed).permutation(len(run.split.train))[:CALIBRATION_CLIPS]
    flatbuffer = convert(run.model, target, _features(run, [run.split.train[index] for index in chosen])[..., None])
    check_structure(flatbuffer, target, run.model.count_params(), fused=False)
    manifest = Manifest(run.folder.name, run.labels, config.front_end, config.input_duration, target.name)
    network = Network(Bundle(manifest, pack_bundle(flatbuffer, manifest)))
    return np.stack([network.probabilities(features) for features in _features(run, clips)])


READINGS: dict[str, Reading] = {
    reading.name: reading
    for reading in (
        Reading("float", "the trained float model, by Keras", predict),
        Reading("int8", "exported to full int8 with ranges from training clips, by LiteRT", int8_probabilities),
    )
}
"""Each is one line here; a fold is answered in all of them."""


def read_fold(run: Run, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Probabilities (clips, classes) of the run's test clips by name of the reading.

    Where the kept epoch was picked on the test clips, each reading is also made of the last epoch, which depends on
    the training clips alone (`last_epoch` gives its name).

    Raises SernetError for an unknown reading.
    """
    if unknown := sorted(set(names) - set(READINGS)):
        raise SernetError(f"no reading {', '.join(unknown)}: use {', '.join(READINGS)}")
    models = {name: (READINGS[name], run) for name in names}
    if run.config.keep == "best":
        last = LastEpoch(*(getattr(run, field.name) for field in dataclasses.fields(Run)))
        models |= {last_epoch(name): (READINGS[name], last) for name in names}
    return {name: reading.answer(model, run.split.test) for name, (reading, model) in models.items()}


def last_epoch(name: str) -> str:
    """Name of the reading `name` by the model of the last epoch, beside one of the picked epoch."""
    return "last" if name == "float" else f"last-{name}"


class LastEpoch(Run):
    """A run that answers with the weights of its last epoch instead of those it kept."""

    @cached_property
    def model(self) -> keras.Model:
        """The network after the last epoch."""
        path = self.folder / "last.keras"
        try:
            model = keras.saving.load_model(path, compile=False)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            raise SernetError(f"{path} is missing or damaged: delete {self.folder} to train this fold again") from None
        assert isinstance(model, keras.Model)
        return model


def _features(run: Run, clips: Sequence[Clip]) -> np.ndarray:
    return np.stack([clip_features(clip, run.config.front_end, run.config.input_duration) for clip in clips])
