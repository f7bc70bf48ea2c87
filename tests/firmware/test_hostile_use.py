"""Nothing that is given to the engine, or to its generator, breaks them: sanitizers and fuzzers.

How long the fuzzers run: SERNET_FUZZ_S seconds, 10 by default.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from sernet.export.c_engine.writer import c_model, write_c
from sernet.runtime.errors import SernetError

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware_example"
NANO = FIRMWARE.parent / "models" / "emodb-nano-int8.tflite"
SECONDS = float(os.environ.get("SERNET_FUZZ_S", "10"))
SANITIZERS = "address,undefined"
LONG_ENOUGH = pytest.mark.timeout(SECONDS + 600)
INCLUDES = [f"-I{FIRMWARE / part}" for part in ("engine", "boards", "checks")]
ENGINE = sorted((FIRMWARE / "engine").glob("*.c"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_c(NANO, tmp_path_factory.mktemp("model") / "model")


def build(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and ("libclang_rt" in done.stderr or "cannot find -l" in done.stderr):
        pytest.skip(f"the sanitizers are not installed: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", ["golden", "samples"])
def test_sanitizers_find_nothing(model: Path, tmp_path: Path, program: str) -> None:
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler: apt install gcc")
    golden = [model / "golden.c"] if program == "golden" else []
    sources = [
        *ENGINE,
        model / "model.c",
        *golden,
        FIRMWARE / "checks" / f"{program}.c",
        FIRMWARE / "boards/host/board.c",
    ]
    flags = ["-g", "-O1", f"-fsanitize={SANITIZERS}", "-fno-sanitize-recover=all", '-DBOARD_NAME="host"']
    build([compiler, *flags, *INCLUDES, f"-I{model}", *sources, "-o", tmp_path / program])
    random = np.random.default_rng(0)
    loud = random.choice([-32768, 32767], 40000).astype("<i2")
    quiet = random.integers(-3, 4, 70000).astype("<i2")
    tone = np.rint(32767 * np.sign(np.sin(np.arange(60000) * 0.05))).astype("<i2")
    clips = [loud, quiet, tone, np.full(30000, -32768, "<i2"), np.zeros(1100, "<i2"), quiet[:1]]
    (tmp_path / "clips").write_bytes(b"".join(np.int32(len(clip)).tobytes() + clip.tobytes() for clip in clips[:-1]))
    done = subprocess.run([tmp_path / program, tmp_path / "clips"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "done" in done.stdout or "golden passed" in done.stdout


@LONG_ENOUGH
def test_fuzzing_the_calls_finds_nothing(model: Path, tmp_path: Path) -> None:
    clang = shutil.which("clang") or shutil.which("clang-14")
    if clang is None:
        pytest.skip("clang is not installed: apt install clang libclang-rt-14-dev")
    target = FIRMWARE / "fuzz" / "push.c"
    flags = ["-g", "-O1", f"-fsanitize=fuzzer,{SANITIZERS}", "-fno-sanitize-recover=all"]
    build([clang, *flags, *INCLUDES, f"-I{model}", *ENGINE, model / "model.c", target, "-o", tmp_path / "push"])
    (tmp_path / "corpus").mkdir()
    # No limit on memory: the engine takes none, and Linux hands pytest's largest down to what it starts.
    options = [
        f"-max_total_time={SECONDS:.0f}",
        "-max_len=4096",
        "-timeout=60",
        "-rss_limit_mb=0",
        "-print_final_stats=1",
    ]
    command = [tmp_path / "push", *options, tmp_path / "corpus"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS + 300)
    print("\n".join(line for line in done.stderr.splitlines() if line.startswith("stat::")))
    assert done.returncode == 0, done.stderr[-4000:]


@LONG_ENOUGH
def test_fuzzing_the_generator_finds_nothing() -> None:
    """Bytes of a model are changed at random: a plan comes out, or a refusal; nothing else, and never for long."""
    content = NANO.read_bytes()
    seed = time.time_ns()
    print("seed", seed)
    random = np.random.default_rng(seed)
    end, counts = time.monotonic() + SECONDS, {"plan": 0, "refusal": 0}
    while time.monotonic() < end:
        hostile = bytearray(content)
        for place in random.integers(8, len(content), random.integers(0, 9)):
            hostile[place] = random.integers(0, 256)
        for place in random.integers(8, 8192, random.integers(0, 5)):
            hostile[place : place + 4] = random.integers(0, 256, 4, dtype=np.uint8).tobytes()
        cut = random.integers(8, len(content)) if random.random() < 0.2 else len(content)
        begun = time.monotonic()
        try:
            c_model(bytes(hostile[:cut]), NANO)
            counts["plan"] += 1
        except SernetError:
            counts["refusal"] += 1
        assert time.monotonic() - begun < 10
    print(counts)
    assert min(counts.values()) > 0
