"""What a device keeps of its owner's voice: sums of features of speech, no audio, in one small JSON file."""

import hashlib
import json
import math
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import sernet
from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import FrontEnd
from sernet.runtime.normalisation import Heard

FORMAT_VERSION = 1
"""Raised when an older reader would misread a profile."""

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

    @classmethod
    def of(cls, heard: Heard, speech_s: float, front_end: FrontEnd) -> "Profile":
        """A profile made now."""
        return cls(heard, speech_s, fingerprint(front_end), datetime.now(UTC).isoformat(timespec="seconds"))

    def heard_by(self, front_end: FrontEnd) -> Heard:
        """`heard`, for a model with this front end; raises ProfileError when it cannot use it."""
        require_normalisation(front_end)
        if self.front_end != fingerprint(front_end) or self.heard.total.shape != (front_end.feature_count,):
            raise ProfileError(f"the profile was made with another front end than the model's: {_ENROL}")
        return self.heard

    def save(self, path: Path) -> None:
        """Write it under its name whole or not at all, readable to its owner alone."""
        values = {"format_version": FORMAT_VERSION} | asdict(self)
        values["heard"] = {"frames": self.heard.frames, "total": self.heard.total.tolist()}
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{os.getpid()}-{path.name}")
        try:
            temporary.touch(mode=0o600)
            temporary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def __str__(self) -> str:
        return f"{self.speech_s:.0f} s of speech, {self.made_at[:10]}"


def load_profile(path: Path | None = None) -> Profile:
    """Read a profile; None reads the one in the default place. Raises ProfileError when it is none."""
    path = default_place() if path is None else path
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NoProfileError(f"there is no profile {path}: `sernet-infer enroll` makes one") from None
    except OSError as error:
        raise ProfileError(f"cannot read the profile {path}: {os.strerror(error.errno or 0)}") from None
    except ValueError:
        raise ProfileError(f"the profile {path} is damaged (no JSON inside): {_ENROL}") from None
    version = values.get("format_version") if isinstance(values, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise ProfileError(f"the profile {path} is of a newer version ({version}): update sernet, or {_ENROL}")
    try:
        return _profile(values)
    except (KeyError, TypeError, ValueError) as error:
        raise ProfileError(f"the profile {path} is damaged ({error}): {_ENROL}") from None


def _profile(values: dict[str, Any]) -> Profile:
    frames, total = float(values["heard"]["frames"]), np.array(values["heard"]["total"], np.float64)
    speech_s = float(values["speech_s"])
    if not (0 < frames < math.inf and 0 < speech_s < math.inf and total.ndim == 1 and np.isfinite(total).all()):
        raise ValueError("numbers that cannot be")
    texts = {name: values[name] for name in ("front_end", "made_at", "made_by")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise TypeError("a text is missing")
    return Profile(Heard(frames, total), speech_s, **texts)


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
