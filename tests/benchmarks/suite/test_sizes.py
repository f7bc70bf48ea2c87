"""Figures that are the same everywhere, against Keras's layers, the budget's formulas and the gzip program."""

import math
import subprocess

import keras
import pytest

from sernet.benchmarks.suite.material import MODELS
from sernet.benchmarks.suite.sizes import measure
from sernet.training.budget import cost
from sernet.training.config import load_preset
from sernet.training.network import light_sernet, multiply_accumulates
from sernet.training.result import Result
from tests.benchmarks.suite.made_job import NANO, check_contract, make_job, only, released

NETWORKS = ("sernet", "sernet-small", "sernet-nano")


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return measure(make_job(tmp_path_factory.mktemp("sizes"), *NETWORKS))


def test_values_keep_the_contract_and_are_exact(sizes: Result) -> None:
    check_contract(sizes)
    assert {value["kind"] for value in sizes.values} == {"exact"}


@pytest.mark.parametrize("network", NETWORKS)
def test_work_is_that_of_the_network_in_keras(sizes: Result, network: str) -> None:
    widths = load_preset(network).widths
    model = light_sernet(184, 40, 7, widths=widths)
    multiplications = only(sizes, "multiplications", model=network, window_s=3.0)["value"]
    assert multiplications == multiply_accumulates(model) == cost(widths, 184, 40, 7).macs
    kernels = sum(math.prod(weight.shape) for weight in model.weights if weight.name == "kernel")
    biases = 7 + sum(layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    assert only(sizes, "parameters", model=network)["value"] == kernels + biases


def test_layers_of_the_main_network_are_its_layers_in_keras(sizes: Result) -> None:
    found = [value["layer"] for value in sizes.values if value["metric"] == "layer bytes"]
    model = light_sernet(184, 40, 7, widths=load_preset("sernet").widths)
    for layer in model.layers:
        if not isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            continue
        name = layer.name.removesuffix("_convolution")
        found.remove(name)
        outputs = layer.output.shape[-1]
        expected = math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1])
        assert only(sizes, "layer multiplications", model="sernet", layer=name)["value"] == expected
        assert only(sizes, "layer bytes", model="sernet", layer=name)["value"] == (
            math.prod(layer.kernel.shape) + 4 * outputs
        )
    assert not found


def test_compressed_bytes_are_those_of_the_gzip_program(sizes: Result) -> None:
    for variant in released(NANO):
        packed = subprocess.run(["gzip", "-9", "-n", "-c", variant.path], capture_output=True, check=True).stdout
        ours = only(sizes, "gzip", model=NANO, format=variant.name)["value"]
        assert ours == pytest.approx(len(packed), rel=0.005), "zlib and gzip differ by at most 0.5 %"
        assert only(sizes, "file", model=NANO, format=variant.name)["value"] == len(variant.path.read_bytes())


def test_released_files_are_named(sizes: Result) -> None:
    assert sizes.details["files"]["sernet-nano int8"] == "emodb-nano-int8.tflite"
    assert all((MODELS / name).is_file() for name in sizes.details["files"].values())
