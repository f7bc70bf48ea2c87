"""What a device installs: the wheel, numpy and one interpreter, in a fresh virtual environment."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of noise, 16 kHz PCM16."""
    path = tmp_path_factory.mktemp("clip") / "clip.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 16000), 16000)
    return path


def environment(folder: Path, *installs: list[str]) -> Path:
    """A fresh virtual environment after these `pip install` commands; skips where packages are not to be had."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    for arguments in installs:
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", *arguments], capture_output=True, text=True)
        if done.returncode and "No matching distribution" in done.stderr:
            pytest.skip(f"no package index is reached: pip cannot install {' '.join(arguments)}")
        assert done.returncode == 0, done.stderr
    return python


@pytest.fixture(scope="module")
def base(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of the base install."""
    return environment(tmp_path_factory.mktemp("base") / "venv", [str(wheel)])


def installed(python: Path) -> set[str]:
    """Distributions in an environment, without pip's own."""
    done = subprocess.run([python, "-m", "pip", "list", "--format", "json"], capture_output=True, text=True, check=True)
    names = {item["name"].lower().replace("_", "-").replace(".", "-") for item in json.loads(done.stdout)}
    return names - {"pip", "setuptools"}


def imported(python: Path, clip: Path) -> tuple[dict, set[str]]:
    """The answer of `sernet-infer file`, and the packages beyond the standard library that it imported."""
    program = f"""
import sys
import venv
from sernet.runtime.cli import main
assert main(["file", "--json", {str(clip)!r}]) == 0
print(*{{name.partition(".")[0] for name in sys.modules}} - set(sys.stdlib_module_names))
"""
    done = subprocess.run([python, "-P", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answer, modules = done.stdout.splitlines()
    # what the environment itself and the Cython inside numpy 1 leave behind
    left_behind = {name for name in modules.split() if name.startswith(("__main__", "_distutils_hack", "_cython"))}
    return json.loads(answer), set(modules.split()) - left_behind - {"cython_runtime"}


def answer_here(clip: Path) -> dict:
    """The answer of this environment."""
    command = [sys.executable, "-m", "sernet.runtime.cli", "file", "--json", str(clip)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_the_base_install_is_numpy_and_litert_alone(base: Path, clip: Path, tmp_path: Path):
    litert_asks = {"backports-strenum", "flatbuffers", "ml-dtypes", "protobuf", "tqdm", "typing-extensions"}
    assert installed(base) == {"sernet", "numpy", "ai-edge-litert"} | litert_asks
    answer, modules = imported(base, clip)
    assert modules == {"sernet", "numpy", "ai_edge_litert"}
    assert answer == answer_here(clip)

    soundfile.write(tmp_path / "clip.flac", np.zeros(16000), 16000)
    command = [base, "-P", "-m", "sernet.runtime.cli", "file", tmp_path / "clip.flac"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "sernet[audio]" in done.stderr, "it names the extra that reads other files"


def test_the_base_install_takes_at_most_170_mb(base: Path):
    """The files of all installed distributions, byte code included; not of pip, which came before."""
    program = """
from importlib.metadata import distributions
ours = [item for item in distributions() if item.metadata["Name"] not in ("pip", "setuptools")]
print(len(ours), sum(path.locate().stat().st_size for item in ours for path in item.files if path.locate().exists()))
"""
    done = subprocess.run([base, "-P", "-c", program], capture_output=True, text=True, check=True)
    count, size = map(int, done.stdout.split())
    print(f"{size / 1e6:.1f} MB installed")
    assert count == len(installed(base)) and 50e6 < size <= 170e6, f"{size / 1e6:.1f} MB installed"


def test_an_answer_takes_at_most_70_mb_of_memory(base: Path, clip: Path):
    program = f"""
from sernet.runtime.cli import main
assert main(["file", {str(clip)!r}]) == 0
from sernet.benchmarks.first_answer import peak_memory
print(peak_memory())
"""
    done = subprocess.run([base, "-P", "-c", program], capture_output=True, text=True, check=True)
    peak = int(done.stdout.splitlines()[-1])
    print(f"{peak / 1e6:.1f} MB at most")
    assert peak <= 70e6, f"{peak / 1e6:.1f} MB at most"


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="tflite-runtime 2.14 has no wheel for Python 3.12 and later")
def test_tflite_runtime_takes_the_place_of_litert(wheel: Path, clip: Path, tmp_path: Path):
    old = ["numpy==1.26.4", "tflite-runtime==2.14.0"]
    python = environment(tmp_path / "venv", old, ["--no-deps", str(wheel)])
    assert installed(python) == {"sernet", "numpy", "tflite-runtime"}
    answer, modules = imported(python, clip)
    assert modules == {"sernet", "numpy", "tflite_runtime"}
    expected = answer_here(clip)
    # the kernels of the two differ by a few quantisation steps of the logits
    assert answer["probabilities"] == pytest.approx(expected["probabilities"], abs=0.06)
    assert answer["label"] == expected["label"]
