"""What is done with each recording, whichever engine does it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

import sernet
from sernet.runtime.audio_file import read_audio
from sernet.runtime.bundle import Bundle
from sernet.runtime.clip_recognizer import ClipRecognizer
from sernet.runtime.errors import SernetError
from sernet.runtime.leaning import Leaning
from sernet.runtime.normalisation import Heard


@dataclass(frozen=True)
class Work:
    """All that the answers to a folder's recordings depend on, beside the recordings. It can be pickled."""

    folder: str
    """Absolute."""
    bundle: Bundle
    windows: bool = False
    hop_s: float | None = None
    threads: int = 1
    profile: Heard | None = None
    leaning: Leaning | None = None

    def open(self) -> ClipRecognizer:
        """Raises SernetError as `ClipRecognizer` does."""
        return ClipRecognizer(
            self.bundle,
            windows=self.windows,
            hop_s=self.hop_s,
            threads=self.threads,
            profile=self.profile,
            leaning=self.leaning,
        )

    def settings(self) -> dict[str, Any]:
        """Plain values that two works share whose answers may stand in one table."""
        return {
            "sernet": sernet.__version__,
            "model": f"{self.bundle.manifest.name} {self.bundle.fingerprint}",
            "folder": self.folder,
            "windows": self.windows,
            "hop": self.hop_s if self.windows else None,
            "profile": self._profile_fingerprint(),
        }

    def _profile_fingerprint(self) -> str | None:
        if self.profile is None and self.leaning is None:
            return None
        digest = hashlib.sha256()
        for part in filter(None, (self.profile, self.leaning)):
            for value in vars(part).values():
                digest.update(np.asarray(value, np.float64).tobytes())
        return digest.hexdigest()[:16]

    def columns(self) -> list[str]:
        """Names of the values in a row of an `Answer`."""
        return ["start_s", "end_s", "label", *(f"p_{label}" for label in self.bundle.manifest.labels)]


@dataclass(frozen=True)
class Answer:
    """What there is to say of one recording."""

    name: str
    rows: list[list[Any]] = field(default_factory=list)
    """One for each window, or one; values as `Work.columns` names them."""
    problem: str = ""
    """Why there are no rows, in one line."""


def answer(recognizer: ClipRecognizer, folder: str, name: str) -> Answer:
    """Answer a recording; whatever is wrong with it becomes the answer's problem."""
    path = Path(folder, name)
    try:
        recognitions = recognizer.recognitions(read_audio(path, recognizer.sample_rate))
        rows = [[r.start_s, r.end_s, r.label, *r.probabilities.values()] for r in recognitions]
    except SernetError as error:
        return Answer(name, problem=str(error).removeprefix(f"{path}: "))
    except OSError as error:
        return Answer(name, problem=error.strerror or str(error))
    except Exception as error:  # one file's riddle must not end a run over thousands
        return Answer(name, problem=" ".join(f"{type(error).__name__}: {error}".split()))
    return Answer(name, rows)


class Engine(Protocol):
    """Answers recordings, inside of its `with` block."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def answers(self, names: Sequence[str]) -> Iterator[Answer]:
        """Yield an answer for each name, as they are done, in any order.

        Raises:
            SernetError: no worker can be had. What has been yielded stays good.
        """
        ...
