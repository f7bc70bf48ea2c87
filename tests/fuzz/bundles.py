"""Fuzz target: the description behind a flatbuffer, read and used for live answers.

An input is what stands behind the flatbuffer of a real bundle, and its first byte says of which. The flatbuffer itself
stays whole: LiteRT checks its structure and not its values, and is not made for hostile ones.
"""

import io
import json
import random
import zipfile
from pathlib import Path

import atheris
from atheris.import_hook import instrument_imports

with instrument_imports(include=["sernet.runtime", "zipfile"]):
    from sernet.runtime.bundle import Bundle, load_bundle, read_bundle
    from sernet.runtime.recognizer import Recognizer

import numpy as np
from harness import main
from json_mutator import mutated

from sernet.export.stream_graph import streaming_bundle

MODEL = Path(__file__).resolve().parents[2] / "models" / "emodb-nano-int8-float-io.tflite"
SPEECH = np.random.default_rng(0).normal(0, 0.1, 17600).astype(np.float32)
NAME = "model.tflite"


def halves(bundle: Bundle) -> tuple[bytes, bytes]:
    """The flatbuffer, and the zip behind it."""
    with zipfile.ZipFile(io.BytesIO(bundle.model)) as archive:
        end = min(info.header_offset for info in archive.infolist())
    return bundle.model[:end], bundle.model[end:]


WHOLE = load_bundle(MODEL)
PAIRS = [halves(WHOLE), halves(streaming_bundle(WHOLE))]


def answer(data: bytes) -> None:
    bundle = read_bundle(PAIRS[data[0] % len(PAIRS)][0] + data[1:] if data else b"", Path(NAME))
    json.dumps(bundle.manifest.to_json())
    recognizer = Recognizer(bundle)
    recognizer.accept(SPEECH)
    recognizer.finish()
    while recognizer.ready():
        recognition = recognizer.pop()
        recognition.label.encode()  # as it is printed
        total = sum(recognition.probabilities.values())
        assert len(recognition.probabilities) == len(bundle.manifest.labels) and abs(total - 1) < 1e-3, recognition


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """Mostly another description in a zip that is whole."""
    generator = random.Random(seed)
    kind = generator.randrange(len(PAIRS))
    if generator.random() < 0.15:
        return atheris.Mutate(data, most)
    try:
        with zipfile.ZipFile(io.BytesIO(data[1:])) as archive:
            values = json.loads(archive.read("sernet.json"))
        kind = data[0]
    except Exception:
        with zipfile.ZipFile(io.BytesIO(PAIRS[kind][1])) as archive:
            values = json.loads(archive.read("sernet.json"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        text = json.dumps(mutated(values, generator))
        archive.writestr("sernet.json", text, generator.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    return (bytes([kind]) + buffer.getvalue())[:most]


def write_seeds(folder: Path) -> None:
    """The descriptions of a network for windows and of one that streams."""
    for kind, (_, behind) in enumerate(PAIRS):
        (folder / f"{kind}").write_bytes(bytes([kind]) + behind)


if __name__ == "__main__":
    main(answer, write_seeds, most_bytes=64 << 20, mutator=mutate)
