"""Fuzz target: a profile's bytes, read and used for an answer."""

import dataclasses
import json
import random
import tempfile
from pathlib import Path

import atheris
from atheris.import_hook import instrument_imports

with instrument_imports(include=["sernet.runtime"]):
    from sernet.runtime.bundle import load_bundle
    from sernet.runtime.leaning import Leaning
    from sernet.runtime.normalisation import Heard
    from sernet.runtime.profile import Profile, load_profile
    from sernet.runtime.recognizer import recognise
    from sernet.runtime.streaming_network import open_network

import numpy as np
from harness import main
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


def write_seeds(folder: Path) -> None:
    """Profiles of a voice, with what is known of its leaning and without."""
    front_end = BUNDLE.manifest.front_end
    plain = Profile.of(Heard(1234.5, np.linspace(-9e3, 9e3, front_end.feature_count)), 19.75, front_end)
    leaning = Leaning(7.0, np.linspace(-1, 1, len(BUNDLE.manifest.labels)))
    plain.save(folder / "plain.json")
    dataclasses.replace(plain, leaning=leaning, model=BUNDLE.fingerprint).save(folder / "varied.json")


if __name__ == "__main__":
    main(answer, write_seeds, most_bytes=32 << 20, mutator=mutate)
