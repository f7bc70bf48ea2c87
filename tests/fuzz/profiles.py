"""Fuzz target: a profile's bytes, read and used for an answer."""

import json
import random
import tempfile
from pathlib import Path

import atheris
from atheris.import_hook import instrument_imports

with instrument_imports(include=["sernet.runtime"]):
    from sernet.runtime.bundle import load_bundle
    from sernet.runtime.profile import load_profile
    from sernet.runtime.recognizer import recognise
    from sernet.runtime.streaming_network import open_network

import numpy as np
from harness import fuzz
from json_mutator import mutated

MODEL = Path(__file__).resolve().parents[2] / "models" / "emodb-nano-int8-float-io.tflite"
BUNDLE = load_bundle(MODEL)
NETWORK = open_network(BUNDLE)
CLIP = np.random.default_rng(0).normal(0, 0.1, 8000).astype(np.float32)
PLACE = Path(tempfile.mkdtemp()) / "profile.json"


def answer(data: bytes) -> None:
    PLACE.write_bytes(data)
    profile = load_profile(PLACE).fitting(BUNDLE)
    str(profile).encode()  # as it is printed
    recognition = recognise(NETWORK, CLIP, profile=profile.heard, leaning=profile.leaning)
    assert abs(sum(recognition.probabilities.values()) - 1) < 1e-3, recognition


def mutate(data: bytes, most: int, seed: int) -> bytes:
    generator = random.Random(seed)
    try:
        if generator.random() < 0.2:
            return atheris.Mutate(data, most)
        return json.dumps(mutated(json.loads(data), generator)).encode()[:most]
    except (ValueError, RecursionError):
        return atheris.Mutate(data, most)


if __name__ == "__main__":
    fuzz(answer, most_bytes=32 << 20, mutator=mutate)
