"""A run folder: what training leaves for export and benchmarks to read."""

import dataclasses
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras

from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import FrontEnd
from sernet.training.atomic import write_text
from sernet.training.clip import Clip
from sernet.training.config import TrainConfig
from sernet.training.corpora import LoadedCorpus
from sernet.training.network import light_sernet
from sernet.training.splits import Split

FRONT_END = "front_end.json"
"""The front end as training fitted it."""


@dataclass(frozen=True)
class Run:
    """A training run in its folder.

    ``run.json`` (settings, labels, corpus, split) is there from the start, ``model.keras`` and ``result.json`` when
    training has ended.
    """

    folder: Path
    config: TrainConfig
    labels: tuple[str, ...]
    """In output order."""
    corpus: dict[str, str]
    """Name, title, language, licence and note of the training corpus."""
    split: Split

    @classmethod
    def create(cls, folder: Path, config: TrainConfig, loaded: LoadedCorpus, split: Split) -> "Run":
        """A new run folder, or the one already there when it was made with the very same settings and clips.

        Raises:
            SernetError: the folder holds a run with other settings.
        """
        corpus = {name: getattr(loaded.corpus, name) for name in ("name", "title", "language", "licence", "note")}
        present = {clip.label for clip in loaded.clips}
        run = cls(folder, config, tuple(label for label in loaded.labels if label in present), corpus, split)
        run.begin()
        return run

    def begin(self) -> None:
        """Write ``run.json``, or find the very same one there.

        Raises:
            SernetError: the folder holds a run with other settings.
        """
        if (self.folder / "run.json").is_file():
            if differing := self.differences(Run.open(self.folder)):
                raise SernetError(
                    f"{self.folder} holds a run with another {', '.join(differing)}: choose another --out, or delete it"
                )
        else:
            write_text(self.folder / "run.json", json.dumps(self.to_json(), indent=1) + "\n")
        write_text(self.folder / "labels.txt", "\n".join(self.labels) + "\n")

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """Read a run folder. Raises SernetError when it is none."""
        try:
            values = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            sides = {name: tuple(_clip(item) for item in side) for name, side in values["split"].items()}
            config = TrainConfig.from_json(values["config"])
            return cls(folder, config, tuple(values["labels"]), values["corpus"], Split(**sides))
        except OSError:
            raise SernetError(f"{folder} is not a training run (no run.json): `sernet train` makes one") from None
        except (ValueError, KeyError, TypeError) as error:
            raise SernetError(f"{folder / 'run.json'} cannot be read ({error}): train again") from None

    def to_json(self) -> dict[str, Any]:
        """What ``run.json`` holds."""
        return {
            "config": self.config.to_json(),
            "labels": list(self.labels),
            "corpus": self.corpus,
            "split": {name: [_plain(clip) for clip in side] for name, side in self.split.sides.items()},
        }

    def differences(self, other: "Run") -> list[str]:
        """Names of the settings in which two runs differ; empty when one can go on as the other."""
        mine, theirs = self.to_json(), other.to_json()
        settings = [name for name in mine["config"] if mine["config"][name] != theirs["config"].get(name)]
        return settings + [name for name in ("labels", "split") if mine[name] != theirs[name]]

    @property
    def finished(self) -> bool:
        """Whether the run has been trained and measured."""
        return all((self.folder / name).is_file() for name in ("model.keras", "result.json"))

    @property
    def result(self) -> dict[str, Any]:
        """The Result document of the training; raises SernetError before the run has been measured."""
        if not self.finished:
            raise SernetError(f"{self.folder} has not been measured yet: run the same `sernet train` again")
        try:
            return json.loads((self.folder / "result.json").read_text(encoding="utf-8"))
        except ValueError:
            raise SernetError(
                f"{self.folder / 'result.json'} is damaged: delete it, and run the same `sernet train` again"
            ) from None

    @property
    def front_end(self) -> FrontEnd:
        """The configuration's front end; where it normalises, fitted to the training clips.

        Raises SernetError when that is asked for before training has begun.
        """
        if self.config.front_end.normalisation is None:
            return self.config.front_end
        try:
            return FrontEnd.from_json(json.loads((self.folder / FRONT_END).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            raise SernetError(f"{self.folder / FRONT_END} is missing or damaged: train again") from None

    @cached_property
    def model(self) -> keras.Model:
        """The trained network; raises SernetError before training has ended."""
        path = self.folder / "model.keras"
        if not path.is_file():
            raise SernetError(f"{self.folder} has not been trained to its end: run the same `sernet train` again")
        return load_network(path)

    @cached_property
    def any_length_model(self) -> keras.Model:
        """The trained network for any number of frames: it is fully convolutional."""
        config = self.config
        model = light_sernet(None, config.front_end.feature_count, len(self.labels), widths=config.widths)
        model.set_weights(self.model.get_weights())
        return model

    def targets(self, clips: Sequence[Clip]) -> list[int]:
        """Class index of each clip."""
        return [self.labels.index(clip.label) for clip in clips]


def load_network(path: Path) -> keras.Model:
    """The network that training wrote to `path`; raises SernetError when it is missing or damaged."""
    try:
        model = keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        raise SernetError(f"{path} is damaged: delete it, and run the same `sernet train` again") from None
    assert isinstance(model, keras.Model)
    return model


def _plain(clip: Clip) -> dict[str, str | None]:
    return dataclasses.asdict(clip) | {"path": str(clip.path)}


def _clip(values: dict[str, Any]) -> Clip:
    return dataclasses.replace(Clip(**values), path=Path(values["path"]))
