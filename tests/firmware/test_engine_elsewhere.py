"""The same engine on a host: as a shared library from Python, and as WebAssembly."""

import json
import shutil
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sernet.export.c_engine.writer import write_c
from sernet.export.stream_graph import streaming_bundle
from sernet.runtime import StreamingNetwork, load_bundle
from sernet.runtime.c_engine import CEngine
from sernet.runtime.cli import main
from sernet.runtime.errors import SernetError

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware_example"
NANO = FIRMWARE.parent / "models" / "emodb-nano-int8.tflite"


@pytest.fixture(scope="module")
def engine(engine_of: Callable[[Path], CEngine]) -> CEngine:
    return engine_of(NANO)


def rows_of(count: int, seed: int = 0) -> np.ndarray:
    walk = np.cumsum(np.random.default_rng(seed).normal(0, 9, (count, 40)), axis=0)
    return np.clip(np.rint(walk), -128, 127).astype(np.int8)


def answer(engine: CEngine, rows: np.ndarray) -> np.ndarray:
    engine.reset()
    engine.push_features(rows)
    return engine.finish()


@pytest.mark.parametrize("count", [1, 31, 64, 187, 500])
def test_the_library_answers_as_the_streaming_model(engine: CEngine, count: int) -> None:
    network = StreamingNetwork(streaming_bundle(load_bundle(NANO)), reference_kernels=True)
    np.testing.assert_array_equal(answer(engine, rows_of(count)), network.raw_output(rows_of(count)))


def test_the_library_gives_the_label_of_sernet_infer(
    engine: CEngine, emodb: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    streaming = tmp_path / "stream.tflite"
    streaming.write_bytes(streaming_bundle(load_bundle(NANO)).model)
    paths = sorted((emodb / "wav").glob("*.wav"))[::11][:48]
    assert main(["file", "--json", "--no-profile", "--model", str(streaming), *map(str, paths)]) == 0
    expected = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for path, told in zip(paths, expected, strict=True):
        engine.reset()
        engine.push_samples(soundfile.read(path, dtype="int16")[0])
        label, probabilities = engine.decide(engine.finish())
        assert label == told["label"], path.name
        difference = np.abs(probabilities - list(told["probabilities"].values())).max()
        assert difference < 0.15, f"{path.name}: probabilities {difference:.3f} apart, tolerance 0.15"
    assert len({told["label"] for told in expected}) > 4


def test_it_counts_blocks_and_says_what_it_is(engine: CEngine) -> None:
    engine.reset()
    assert [engine.push_features(rows_of(32)) for _ in range(5)] == [0, 0, 1, 1, 1]
    assert engine.labels == load_bundle(NANO).manifest.labels
    assert engine.checksum == zlib.crc32(NANO.read_bytes())
    assert (engine.feature_count, engine.sample_rate) == (40, 16000)


def test_wrong_use_is_told(engine: CEngine, tmp_path: Path) -> None:
    with pytest.raises(SernetError, match=r"not \(any, 40\)"):
        engine.push_features(np.zeros((3, 39), np.int8))
    (tmp_path / "no.so").write_text("no library")
    with pytest.raises(SernetError, match="not a library of the C engine"):
        CEngine(tmp_path / "no.so")


def test_as_webassembly_it_answers_the_same(engine: CEngine, tmp_path: Path) -> None:
    clang, node = shutil.which("clang") or shutil.which("clang-14"), shutil.which("node")
    if clang is None or node is None or not Path("/usr/include/wasm32-wasi").is_dir():
        pytest.skip("apt install clang lld wasi-libc libclang-rt-14-dev-wasm32 nodejs")
    names = ["number", "label", "checksum", "net_reset", "net_push", "net_finish", "net_logits", "label_of"]
    names += ["stream_reset", "stream_push", "stream_finish"]
    exports = [f"-Wl,--export={name}" for name in (*(f"sernet_{name}" for name in names), "malloc")]
    model = write_c(NANO, tmp_path / "model")
    sources = [*sorted((FIRMWARE / "engine").glob("*.c")), FIRMWARE / "library" / "library.c", model / "model.c"]
    command = [clang, "--target=wasm32-wasi", "--sysroot=/usr", "-O3", "-nostartfiles", "-Wl,--no-entry", *exports]
    subprocess.run(
        [*command, "-I", FIRMWARE / "engine", "-I", model, *sources, "-o", tmp_path / "sernet.wasm"], check=True
    )
    for count in (1, 45, 187):
        (tmp_path / "rows").write_bytes(rows_of(count).tobytes())
        script = Path(__file__).with_name("rows.mjs")
        done = subprocess.run(
            [node, script, tmp_path / "sernet.wasm", tmp_path / "rows"], capture_output=True, text=True, check=True
        )
        assert json.loads(done.stdout) == answer(engine, rows_of(count)).tolist()
