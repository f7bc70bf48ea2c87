"""The exported variants of a run, and how big they are."""

import gzip
import io
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sernet.export.formats import FORMATS
from sernet.runtime.bundle import Bundle, load_bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.network import Network
from sernet.training.clip import Clip
from sernet.training.features import clip_waveform
from sernet.training.network_inputs import middle, network_inputs
from sernet.training.run import Run

GZIP_LEVEL = 9


@dataclass(frozen=True)
class Variant:
    """One exported file of a run."""

    name: str
    """For example ``int8``: the file's name without ``model-``."""
    path: Path
    bundle: Bundle

    @property
    def fused(self) -> bool:
        """Whether the front end is part of the model."""
        return self.bundle.manifest.input_kind == "waveform"

    @property
    def measured(self) -> list[dict[str, Any]]:
        """UA and WA of the run's settings, from the first protocol that `sernet evaluate` measured them under.

        Those of networks in full int8 for a variant with activations in int8, of float ones for any other; none where
        the bundle does not carry them.
        """
        manifest = self.bundle.manifest
        reading = "int8" if manifest.quantisation.startswith("int8") else "float"
        fitting = [
            item
            for item in manifest.accuracy
            if item["metric"] in ("UA", "WA") and item.get("reading") == reading and item["protocol"] != "cross-corpus"
        ]
        return [item for item in fitting if item["protocol"] == fitting[0]["protocol"]]

    @cached_property
    def flatbuffer_bytes(self) -> int:
        """Bytes of the model alone: the description's zip begins behind it."""
        with zipfile.ZipFile(io.BytesIO(self.bundle.model)) as archive:
            return min(entry.header_offset for entry in archive.infolist())

    @cached_property
    def gzip_bytes(self) -> int:
        """Bytes of the whole file as a download takes them."""
        return len(gzip.compress(self.bundle.model, GZIP_LEVEL, mtime=0))

    def network(self, threads: int = 1) -> Network:
        """The network, ready to answer; raises SernetError with the file's path when no interpreter opens it."""
        try:
            return Network(self.bundle, threads=threads)
        except SernetError as error:
            raise SernetError(f"{self.path}: {error}") from None

    def network_input(self, clip: Clip) -> np.ndarray:
        """A clip as the network takes it: features (frames, feature_count), or (samples,) when fused."""
        manifest = self.bundle.manifest
        if self.fused:
            return clip_waveform(clip, manifest.front_end, manifest.window_s)
        return network_inputs([clip], manifest.front_end, manifest.window_s)[0]

    def window_input(self, clip: Clip) -> np.ndarray:
        """The same, one window long."""
        whole = self.network_input(clip)
        return whole if self.fused else middle(whole, self.network().input_tensor["shape"][1])


def find_variants(run: Run) -> list[Variant]:
    """Every ``RUN/export/model-*.tflite``, in the order of `FORMATS`; the first is the reference of all ratios.

    Raises:
        SernetError: there is none, one was exported from another run, or no interpreter opens it.
        BundleError: one is no bundle.
    """
    folder = run.folder / "export"
    variants = []
    for path in sorted(folder.glob("model-*.tflite")):
        bundle = load_bundle(path)
        manifest, config = bundle.manifest, run.config
        same_input = (manifest.front_end, manifest.window_s) == (run.front_end, config.input_duration)
        if manifest.labels != run.labels or not same_input:
            raise SernetError(
                f"{path} has other labels or another input than {run.folder}: `sernet export` makes it anew"
            )
        variant = Variant(path.stem.removeprefix("model-"), path, bundle)
        variant.network()  # one that cannot be opened is told of now, not after minutes
        variants.append(variant)
    if not variants:
        raise SernetError(f"no exported variants in {folder}: `sernet export {run.folder} --format all` makes them")
    order = list(FORMATS)
    return sorted(variants, key=lambda variant: order.index(variant.name) if variant.name in order else len(order))
