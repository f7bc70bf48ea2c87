"""One exporter for all export tests, so that Keras answers once."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sernet.export.exporter import Exporter
from sernet.runtime.interpreter import open_interpreter
from sernet.training.run import Run


@pytest.fixture(scope="session")
def answer() -> Callable[..., np.ndarray]:
    """What a model, whose input is made to fit, answers."""

    def run(model: bytes, inputs: np.ndarray, *, reference_kernels: bool) -> np.ndarray:
        interpreter = open_interpreter(model, reference_kernels=reference_kernels)
        index = interpreter.get_input_details()[0]["index"]
        interpreter.resize_tensor_input(index, inputs.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(index, inputs)
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    return run


@pytest.fixture(scope="session")
def exporter(tiny_run: Path) -> Exporter:
    """Exports the variants of the tiny run."""
    return Exporter(Run.open(tiny_run))


@pytest.fixture(scope="session")
def exported(exporter: Exporter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every variant of the tiny run."""
    from sernet.export.formats import FORMATS

    folder = tmp_path_factory.mktemp("exported")
    for target in FORMATS.values():
        exporter.export(target, folder)
    return folder
