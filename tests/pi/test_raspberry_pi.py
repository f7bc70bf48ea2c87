"""The installed wheel on a Raspberry Pi, emulated: what is installed, that it answers as here, files and live."""

import json
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sernet.export.stream_graph import streaming_bundle
from sernet.runtime.bundle import load_bundle

RATE = 16000
CLIPS = 20
LIMIT = 0.02
"""The largest difference of a probability: kernels of two processors may round a value to neighbouring int8 steps."""
MODULE = ["-m", "sernet.runtime.cli"]
INSTALLED = """
import importlib.metadata as metadata, json, platform, sys
names = sorted(item.metadata["Name"].lower().replace("_", "-").replace(".", "-") for item in metadata.distributions())
print(json.dumps([platform.machine(), sys.maxsize > 2**32, names]))
"""


@pytest.fixture(scope="module")
def clips(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twenty clips of EMO-DB, from all its speakers; without EMO-DB, twenty sounds like voices."""
    try:
        recordings = sorted((request.getfixturevalue("emodb") / "wav").glob("*.wav"))
        return recordings[:: len(recordings) // CLIPS][:CLIPS]
    except pytest.skip.Exception:
        voice, folder = request.getfixturevalue("voice"), tmp_path_factory.mktemp("clips")
        return [_written(folder / f"{k}.wav", voice(2 + k / 10, pitch=100.0 + 10 * k, seed=k)) for k in range(CLIPS)]


def _written(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The released int8 model in its streaming form."""
    whole = load_bundle(Path(__file__).parents[2] / "models" / "emodb-int8.tflite")
    path = tmp_path_factory.mktemp("stream") / "stream-int8.tflite"
    path.write_bytes(streaming_bundle(whole).model)
    return path


def answers(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def here(*arguments: str | Path, **options: Any) -> list[dict[str, Any]]:
    """The answers of this machine."""
    return answers(subprocess.run([sys.executable, *MODULE, *arguments], capture_output=True, text=True, **options))


def check_alike(there: list[dict[str, Any]], expected: list[dict[str, Any]], limit: float) -> None:
    """The same labels at the same times, and no probability further away than the limit."""
    assert len(there) == len(expected) > 0
    pairs = [(a["probabilities"], b["probabilities"]) for a, b in zip(there, expected, strict=True)]
    worst = max(abs(a[label] - b[label]) for a, b in pairs for label in b)
    told = f"largest difference of {len(pairs)} answers: {worst:.2g}, limit {limit:g}"
    print(told)
    names = ("start_s", "end_s", "label")
    assert [[a[name] for name in names] for a in there] == [[b[name] for name in names] for b in expected], told
    assert worst <= limit, told


def test_a_64_bit_pi_installs_numpy_and_litert_alone_in_170_mb(pi_64):
    machine, is_64_bit, names = json.loads(pi_64.run("-c", INSTALLED).stdout)
    litert_asks = ["backports-strenum", "flatbuffers", "ml-dtypes", "protobuf", "tqdm", "typing-extensions"]
    assert (machine, is_64_bit) == ("aarch64", True)
    assert names == sorted(["sernet", "numpy", "ai-edge-litert", *litert_asks])
    size = sum(file.stat().st_size for file in pi_64.site_packages.rglob("*") if file.is_file())
    print(f"{size / 1e6:.1f} MB installed")
    assert size <= 170e6, f"{size / 1e6:.1f} MB installed"


def test_the_program_says_on_a_64_bit_pi_how_it_is_used_and_what_it_runs(pi_64):
    program = pi_64.site_packages / "bin" / "sernet-infer"
    usage = pi_64.run(program, "--help")
    assert usage.returncode == 0 and usage.stdout.startswith("usage: sernet-infer"), usage.stderr
    told = pi_64.run(program, "info")
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1].split() == ["runs", "on:", "ai_edge_litert"]


def test_a_64_bit_pi_answers_files_as_this_machine(pi_64, clips: list[Path]):
    command = ["file", "--json", *clips]
    check_alike(answers(pi_64.run(*MODULE, *command)), here(*command), LIMIT)


def test_a_64_bit_pi_answers_with_a_streaming_model_as_this_machine(pi_64, clips: list[Path], stream: Path):
    command = ["file", "--json", "--model", stream, *clips[:4]]
    check_alike(answers(pi_64.run(*MODULE, *command)), here(*command), LIMIT)


def test_a_64_bit_pi_answers_live_as_this_machine(pi_64, clips: list[Path], tmp_path: Path):
    with wave.open(str(clips[0])) as file:
        samples = file.readframes(3 * RATE)
    raw = tmp_path / "speech.raw"
    raw.write_bytes(samples * 2)
    command = ["mic", "--device", "-", "--json", "--hop", "1"]
    with raw.open("rb") as there, raw.open("rb") as file:
        check_alike(answers(pi_64.run(*MODULE, *command, stdin=there)), here(*command, stdin=file), LIMIT)


def test_a_32_bit_pi_answers_with_tflite_runtime_and_debian_s_numpy(pi_32, clips: list[Path]):
    machine, is_64_bit, names = json.loads(pi_32.run("-c", INSTALLED).stdout)
    assert (machine, is_64_bit, names) == ("armv7l", False, ["sernet", "tflite-runtime"])
    command = ["file", "--json", *clips[:4]]
    there = answers(pi_32.run(*MODULE, *command, debian=True))
    # its kernels are older: they differ from LiteRT's by a few quantisation steps of the logits
    check_alike(there, here(*command), limit=0.06)
