"""The Bundle contract: one .tflite file that describes itself.

A zip with `sernet.json` and `labels.txt` is appended to the flatbuffer, TensorFlow Lite's own convention for associated
files: `unzip model.tflite` works, interpreters ignore it, and the standard library reads it.
"""

import dataclasses
import hashlib
import io
import json
import os
import re
import reprlib
import sys
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
_LARGEST = sys.float_info.max  # what is larger is infinite, or an integer that no float holds
_MOST_DESCRIPTION_BYTES = 2**20  # a few kilobytes of zip can unpack to gigabytes

LONGEST_WINDOW_S = 60
"""A window's feature maps take some 1.4 MB a second; a minute is what a small device can afford."""


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
            "name": _is_text(self.name),
            "labels": len(self.labels) > 1
            and all(map(_is_text, self.labels))
            and len(set(self.labels)) == len(self.labels),
            "window_s": _is_between(0, self.window_s, LONGEST_WINDOW_S) and self._window_frames() > 0,
            "quantisation": _is_text(self.quantisation),
            "input_kind": self.input_kind in ("features", "waveform", "stream"),
            "stream": (self.stream is None) == (self.input_kind != "stream"),
            "temperature": _is_between(0.001, self.temperature, 1000),
            "bias": len(self.bias) in (0, len(self.labels)) and all(_is_between(-100, bias, 100) for bias in self.bias),
            "uncertain_below": _is_plain(self.uncertain_below, number=True),
            "corpus": isinstance(self.corpus, dict) and all(map(_is_text, [*self.corpus, *self.corpus.values()])),
            "accuracy": all(map(_is_accuracy, self.accuracy)),
            "made_by": _is_text(self.made_by),
        }
        if wrong := [name for name, right in fits.items() if not right]:
            raise BundleError(f"its description has an unusable {', '.join(wrong)}: export it again")

    def _window_frames(self) -> int:
        return self.front_end.frame_count(self.front_end.sample_count(self.window_s))

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
                f"its format is version {reprlib.repr(version)} and sernet {sernet.__version__} reads "
                f"{FORMAT_VERSION}: update sernet"
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
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BundleError(f"its description is incomplete ({error}): export it again") from None


def _is_between(low: float, value: object, high: float) -> bool:
    return isinstance(value, int | float) and low <= value <= high


def _is_text(value: object) -> bool:
    """A string that can be printed: no half of a character, nothing that a terminal obeys."""
    return isinstance(value, str) and value.isprintable()


def _is_plain(value: object, *, number: bool = False) -> bool:
    """A number, or a text."""
    return _is_between(-_LARGEST, value, _LARGEST) or (not number and _is_text(value))


def _is_accuracy(item: object) -> bool:
    """A measured figure with what it is a figure of; plain values alone, and lists of them."""
    return (
        isinstance(item, dict)
        and all(_is_plain(each) for value in item.values() for each in (value if isinstance(value, list) else [value]))
        and all(_is_text(item.get(name)) for name in ("metric", "protocol"))
        and all(_is_plain(item.get(name), number=True) for name in ("value", "low", "high", "n"))
    )


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
    """The bytes of a bundle: the flatbuffer with its description appended, by which a damaged one is told."""
    buffer = io.BytesIO(flatbuffer)
    values = manifest.to_json() | {"model_sha256": hashlib.sha256(flatbuffer).hexdigest()}
    texts = {"sernet.json": json.dumps(values, indent=2), "labels.txt": "\n".join(manifest.labels)}
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
            if archive.getinfo("sernet.json").compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError("unpacking of others cannot be bounded")
            with archive.open("sernet.json") as file:
                values = json.loads(file.read(_MOST_DESCRIPTION_BYTES))
            flatbuffer = content[: min(info.header_offset for info in archive.infolist())]
    except (zipfile.BadZipFile, KeyError, ValueError, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise BundleError(f"{path} does not describe itself (no sernet.json inside): export it with sernet") from None
    try:
        manifest = Manifest.from_json(values)
    except SernetError as error:
        raise BundleError(f"cannot use {path}: {error}") from None
    # An interpreter checks how a flatbuffer is built, and not what stands in it: a damaged one can end the process.
    whole = values.get("model_sha256")  # older bundles do not say
    if whole is not None and whole != hashlib.sha256(flatbuffer).hexdigest():
        raise BundleError(f"{path} is damaged: its network is not the one that was packed; copy or export it again")
    return Bundle(manifest, content)
