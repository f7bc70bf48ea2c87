"""What a device keeps of its owner's voice: sums of features and of answers, no audio, in one small JSON file."""

import hashlib
import json
import math
import os
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import sernet
from sernet.runtime.bundle import Bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import FrontEnd
from sernet.runtime.leaning import Leaning
from sernet.runtime.normalisation import Heard

FORMAT_VERSION = 1
"""Raised when an older reader would misread a profile; additions do not raise it."""

_MOST_CHARACTERS = 2**20
# Features are logarithms of magnitudes; what is further from 0 was never measured.
_LARGEST_MEAN = 1e6

_ENROL = "enrol again with `sernet-infer enroll`"


class ProfileError(SernetError):
    """A profile that is not there, is damaged, or does not fit the model."""


class NoProfileError(ProfileError):
    """There is no such file."""


@dataclass(frozen=True)
class Profile:
    """A speaker's feature statistics, from ordinary speech without labels."""

    heard: Heard
    """As `FrontEnd.network_input` takes it."""
    speech_s: float
    """Seconds of speech it was made from; `heard` may be worth less."""
    front_end: str
    """The `fingerprint` of the features."""
    made_at: str
    """When: ISO 8601, UTC."""
    made_by: str = f"sernet {sernet.__version__}"
    """The program that made it."""
    leaning: Leaning | None = None
    """How the answers of one model lean for this voice; None unless the speech went through many moods."""
    model: str | None = None
    """The `fingerprint` of that model. Without a `leaning` beside it: of one whose leaning was left out."""

    @classmethod
    def of(
        cls,
        heard: Heard,
        speech_s: float,
        front_end: FrontEnd,
        leaning: Leaning | None = None,
        model: str | None = None,
    ) -> "Profile":
        """A profile made now."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(heard, speech_s, fingerprint(front_end), now, leaning=leaning, model=model)

    def fitting(self, bundle: Bundle) -> "Profile":
        """As much of it as this model can use: without the leaning when that is another model's.

        Raises ProfileError as `heard_by` does, and for a leaning that cannot be this model's.
        """
        self.heard_by(bundle.manifest.front_end)
        if self.leaning is None:
            return self
        if self.model != bundle.fingerprint:
            return replace(self, leaning=None)
        if self.leaning.total.shape != (len(bundle.manifest.labels),):
            raise ProfileError(f"the profile's leaning is damaged (not one number for each emotion): {_ENROL}")
        return self

    def heard_by(self, front_end: FrontEnd) -> Heard:
        """`heard`, for a model with this front end; raises ProfileError when it cannot use it."""
        require_normalisation(front_end)
        if self.front_end != fingerprint(front_end) or self.heard.total.shape != (front_end.feature_count,):
            raise ProfileError(f"the profile was made with another front end than the model's: {_ENROL}")
        return self.heard

    def save(self, path: Path) -> None:
        """Write it under its name whole or not at all, readable to its owner alone."""
        known = {name: value for name, value in asdict(self).items() if value is not None}
        values = {"format_version": FORMAT_VERSION} | known
        values["heard"] = {"frames": self.heard.frames, "total": self.heard.total.tolist()}
        if self.leaning is not None:
            values["leaning"] = {"answers": self.leaning.answers, "total": self.leaning.total.tolist()}
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{os.getpid()}-{path.name}")
        try:
            temporary.touch(mode=0o600)
            temporary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def __str__(self) -> str:
        told = f"{self.speech_s:.0f} s of speech, {self.made_at[:10]}"
        if self.leaning is not None:
            return f"{told}; knows how its answers lean"
        return told if self.model is None else f"{told}; its leaning is of another model: enrol again with --varied"


def load_profile(path: Path | None = None) -> Profile:
    """Read a profile; None reads the one in the default place. Raises ProfileError when it is none."""
    path = default_place() if path is None else path
    try:
        with path.open(encoding="utf-8") as file:
            values = json.loads(file.read(_MOST_CHARACTERS))
    except FileNotFoundError:
        raise NoProfileError(f"there is no profile {path}: `sernet-infer enroll` makes one") from None
    except OSError as error:
        raise ProfileError(f"cannot read the profile {path}: {os.strerror(error.errno or 0)}") from None
    except (ValueError, RecursionError):
        raise ProfileError(f"the profile {path} is damaged (no JSON inside): {_ENROL}") from None
    version = values.get("format_version") if isinstance(values, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise ProfileError(f"the profile {path} is of a newer version ({version}): update sernet, or {_ENROL}")
    try:
        return _profile(values)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ProfileError(f"the profile {path} is damaged ({error}): {_ENROL}") from None


def _profile(values: dict[str, Any]) -> Profile:
    heard, speech_s = Heard(*_sums(values["heard"], "frames")), float(values["speech_s"])
    if not 0 < speech_s < math.inf:
        raise ValueError("numbers that cannot be")
    leaning = None if values.get("leaning") is None else Leaning(*_sums(values["leaning"], "answers"))
    names = ("front_end", "made_at", "made_by") if leaning is None else ("front_end", "made_at", "made_by", "model")
    texts = {name: values[name] for name in names}
    if not all(isinstance(text, str) and text.isprintable() for text in texts.values()):
        raise TypeError("a text is missing")
    return Profile(heard, speech_s, leaning=leaning, **texts)


def _sums(values: dict[str, Any], count: str) -> tuple[float, np.ndarray]:
    """How many were added, and their sum (any,), float64."""
    number, total = float(values[count]), np.array(values["total"], np.float64)
    if not (0 < number < math.inf and total.ndim == 1 and (np.abs(total) <= _LARGEST_MEAN * number).all()):
        raise ValueError("numbers that cannot be")
    return number, total


def default_place() -> Path:
    """`$SERNET_PROFILE`, else `sernet/profile.json` in `$XDG_DATA_HOME`, else in ``~/.local/share``."""
    if named := os.environ.get("SERNET_PROFILE"):
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME", "")
    try:
        folder = Path(data) if Path(data).is_absolute() else Path.home() / ".local" / "share"
    except RuntimeError:  # a user without a home
        raise ProfileError("there is no home folder to keep a profile in: name a file in SERNET_PROFILE") from None
    return folder / "sernet" / "profile.json"


def fingerprint(front_end: FrontEnd) -> str:
    """What two front ends share whose features are the same before normalisation: 16 hexadecimal digits."""
    raw = {name: value for name, value in front_end.to_json().items() if name != "normalisation" and value is not None}
    plain = {name: float(value) if isinstance(value, int | float) else value for name, value in raw.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def require_normalisation(front_end: FrontEnd) -> None:
    """Raises ProfileError when a model with this front end would not look at a profile."""
    if front_end.normalisation is None:
        raise ProfileError("this model has no use for a profile: its front end does not normalise")
