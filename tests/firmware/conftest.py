"""The engine built for this machine, with any model in it."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sernet.export.c_engine.writer import write_c
from sernet.runtime.c_engine import CEngine

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware_example"
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wno-sign-conversion", "-Werror"]


@pytest.fixture(scope="session")
def shared_library() -> Callable[..., Path]:
    """Compiles sources, paths below `firmware_example` or others, with a model's folder into a shared library."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")

    def build(target: Path, model: Path, *sources: str | Path, options: Sequence[str] = ()) -> Path:
        if compiler is None:
            pytest.skip("no C compiler: apt install gcc")
        command = [compiler, *STRICT, "-O2", "-shared", "-fPIC", "-I", FIRMWARE / "engine", "-I", model]
        files = [model / "model.c", *(FIRMWARE / source for source in sources)]
        subprocess.run([*command, *options, *files, "-o", target], check=True)
        return target

    return build


@pytest.fixture(scope="session")
def engine_of(shared_library: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., CEngine]:
    """An engine for the model in a .tflite file, compiled with options."""
    sources = [*sorted((FIRMWARE / "engine").glob("*.c")), "library/library.c"]

    def build(path: Path, *options: str) -> CEngine:
        folder = tmp_path_factory.mktemp("engine")
        model = write_c(path, folder / "model")
        return CEngine(shared_library(folder / "libsernet.so", model, *sources, options=options))

    return build


@pytest.fixture(scope="session")
def int8_model() -> Callable[..., bytes]:
    """A network of random weights and any shape, as a full-integer flatbuffer."""
    import keras
    import numpy as np

    from sernet.export.converter import convert
    from sernet.export.formats import FORMATS

    def make(
        columns: int = 24,
        classes: int = 4,
        channels: tuple[int, ...] = (5, 7, 9),
        pools: tuple[tuple[int, int], ...] = ((2, 2), (2, 1), (1, 1)),
        kernels: tuple[tuple[int, int], ...] = ((3, 3), (3, 3), (1, 1)),
        branches: tuple[tuple[int, int], ...] = ((1, 5), (5, 1)),
        padding: str = "same",
        activation: str = "relu",
        target: str = "int8",
    ) -> bytes:
        keras.utils.set_random_seed(0)
        source = rows = keras.Input((48, columns, 1))
        for stage, (outputs, pool, kernel) in enumerate(zip(channels, pools, kernels, strict=True)):
            parts = []
            for size in (*branches, kernel) if stage == 0 else (kernel,):
                convolution = keras.layers.Conv2D(
                    outputs, size, padding="same", activation=activation, bias_initializer="random_normal"
                )
                part = convolution(rows)
                parts.append(keras.layers.AveragePooling2D(pool, padding=padding)(part) if pool != (1, 1) else part)
            rows = parts[0] if len(parts) == 1 else keras.layers.Concatenate()(parts)
        mean = keras.layers.GlobalAveragePooling2D()(rows)
        model = keras.Model(source, keras.layers.Dense(classes, activation="softmax")(mean))
        calibration = np.random.default_rng(0).normal(0, 2, (20, 48, columns, 1)).astype(np.float32)
        return convert(model, FORMATS[target], calibration if FORMATS[target].full_integer else None)

    return make
