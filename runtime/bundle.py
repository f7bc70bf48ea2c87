"""The Bundle contract: one .tflite file that describes itself.

A zip with `sernet.json` and `labels.txt` is appended to the flatbuffer, TensorFlow Lite's own convention for associated
files: `unzip model.tflite` works, interpreters ignore it, and the standard library reads it.
"""

import dataclasses
import hashlib
import io
import json
import math
import os
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import sernet
from sernet.runtime.calibration import Calibration
from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import FrontEnd
from sernet.runtime.stream_plan import StreamPlan

FORMAT_VERSION = 1
"""Raised when an older reader would misread a bundle; additions do not raise it."""

DEFAULT_BUNDLE = Path(__file__).parent / "models" / "default.tflite"
"""The small model that ships with the package."""

_FLATBUFFER_IDENTIFIER = b"TFL3"  # bytes 4 to 8 of every TensorFlow Lite model
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # fixed, so that the same model makes the same bytes


class BundleError(SernetError):
    """A file that is not a bundle this version can read."""


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself: everything a device needs beside the network."""

    name: str
    """Short name of the model."""
    labels: tuple[str, ...]
    """Classes in output order."""
    front_end: FrontEnd
    """How samples become the network's input."""
    window_s: float
    """Length of the clips the network was trained on, in seconds."""
    quantisation: str
    """float32, float16, dynamic, int8 or int8-float-io."""
    input_kind: Literal["features", "waveform", "stream"] = "features"
    """What the model takes: the front end's features, samples when the front end is fused into it, or a block of
    features and its state when it streams."""
    stream: StreamPlan | None = None
    """How a model that streams is fed."""
    temperature: float = 1.0
    """Logits are divided by this: calibrates the probabilities."""
    bias: tuple[float, ...] = ()
    """Then these are added, one for each label, or none."""
    uncertain_below: float = 0.0
    """An answer whose probability is lower is called uncertain, in [0, 1]."""
    corpus: dict[str, str] = field(default_factory=dict)
    """Training corpus: name, title, language, licence, note."""
    accuracy: tuple[dict[str, Any], ...] = ()
    """Measured accuracies, each with metric, value, interval, protocol and n."""
    made_by: str = f"sernet {sernet.__version__}"
    """The program that made the bundle."""

    def __post_init__(self) -> None:
        """Raises BundleError for a value that no device can work with."""
        fits = {
            "labels": len(self.labels) > 1 and all(isinstance(label, str) for label in self.labels),
            "window_s": isinstance(self.window_s, int | float) and 0 < self.window_s < float("inf"),
            "input_kind": self.input_kind in ("features", "waveform", "stream"),
            "stream": (self.stream is None) == (self.input_kind != "stream"),
            "temperature": isinstance(self.temperature, int | float) and self.temperature > 0,
            "bias": len(self.bias) in (0, len(self.labels)) and all(map(_is_finite, self.bias)),
            "uncertain_below": isinstance(self.uncertain_below, int | float),
            "corpus": isinstance(self.corpus, dict),
            "accuracy": all({"metric", "value", "low", "high", "protocol", "n"} <= set(item) for item in self.accuracy),
        }
        if wrong := [name for name, right in fits.items() if not right]:
            raise BundleError(f"its description has an unusable {', '.join(wrong)}: export it again")

    @property
    def calibration(self) -> Calibration:
        """What makes probabilities of the network's."""
        return Calibration(self.temperature, self.bias)

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values, with the format's version."""
        return {"format_version": FORMAT_VERSION} | dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Manifest":
        """The opposite of `to_json`; ignores names it does not know.

        Raises:
            BundleError: a newer format, or a name or a value is missing or wrong.
        """
        if not isinstance(values, dict):
            raise BundleError("its description is not a JSON object: export it again")
        version = values.get("format_version")
        if not isinstance(version, int) or version > FORMAT_VERSION:
            raise BundleError(
                f"its format is version {version} and sernet {sernet.__version__} reads {FORMAT_VERSION}: update sernet"
            )
        for name, kind in (("labels", list), ("front_end", dict)):
            if not isinstance(values.get(name), kind):
                raise BundleError(f"its description is incomplete (no {name}): export it again")
        known = {f.name for f in dataclasses.fields(cls)} & set(values)
        try:
            return cls(
                **{name: values[name] for name in known - {"front_end", "labels", "bias", "accuracy", "stream"}},
                stream=None if values.get("stream") is None else StreamPlan.from_json(values["stream"]),
                labels=tuple(values["labels"]),
                bias=tuple(values.get("bias", ())),
                accuracy=tuple(values.get("accuracy", ())),
                front_end=FrontEnd.from_json(values["front_end"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"its description is incomplete ({error}): export it again") from None


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


@dataclass(frozen=True)
class Bundle:
    """A model and its description."""

    manifest: Manifest
    model: bytes
    """The file's bytes: the flatbuffer, with the zip behind it."""

    @property
    def window_samples(self) -> int:
        """Samples in the window the network was trained on."""
        return self.manifest.front_end.sample_count(self.manifest.window_s)

    @property
    def fingerprint(self) -> str:
        """What two bundles share that give the same answers, for they are the same file: 16 hexadecimal digits."""
        return hashlib.sha256(self.model).hexdigest()[:16]


def pack_bundle(flatbuffer: bytes, manifest: Manifest) -> bytes:
    """The bytes of a bundle: the flatbuffer with its description appended."""
    buffer = io.BytesIO(flatbuffer)
    texts = {"sernet.json": json.dumps(manifest.to_json(), indent=2), "labels.txt": "\n".join(manifest.labels)}
    with zipfile.ZipFile(buffer, "a") as archive:
        for name, text in texts.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), f"{text}\n", zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def load_bundle(path: Path | str | None = None) -> Bundle:
    """Read a bundle; None reads the model that ships with the package.

    Raises:
        BundleError: no such file, not a TensorFlow Lite model, without a description, or of a newer format.
    """
    path = DEFAULT_BUNDLE if path is None else Path(path)
    if re.match(r"\.\d+-", path.name):  # the temporary name of an export, which was killed before it published
        raise BundleError(f"{path} was never published: its export was killed; run it again")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BundleError(f"cannot read the model {path}: {os.strerror(error.errno or 0)}") from None
    return read_bundle(content, path)


def read_bundle(content: bytes, path: Path) -> Bundle:
    """The bundle that these bytes of the file `path` are. Raises BundleError as `load_bundle` does."""
    if content[4:8] != _FLATBUFFER_IDENTIFIER:
        raise BundleError(f"{path} is not a TensorFlow Lite model")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            values = json.loads(archive.read("sernet.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise BundleError(f"{path} does not describe itself (no sernet.json inside): export it with sernet") from None
    try:
        return Bundle(Manifest.from_json(values), content)
    except SernetError as error:
        raise BundleError(f"cannot use {path}: {error}") from None
