"""`sernet export --format c` writes what the engine can compute, and refuses everything else in one line."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sernet.cli import main
from sernet.export.c_engine.graph_reader import RowStreamError, row_streams
from sernet.export.flatbuffer import operator_name, read_model
from sernet.export.graph_builder import ModelBuilder

NANO = Path(__file__).resolve().parents[2] / "models" / "emodb-nano-int8.tflite"


def export(path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that refuses a file."""
    assert main(["export", "--from-tflite", str(path), "--format", "c", "--out", str(folder)]) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1, errors
    assert not list(folder.parent.glob(f"*{folder.name}*")), "something was written"
    return errors[0]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"target": "float32"}, "is not int8"),
        ({"target": "dynamic"}, "is not int8"),
        ({"kernels": ((2, 2), (3, 3), (1, 1))}, "even kernel"),
        ({"pools": ((3, 1), (1, 1), (1, 1))}, "as much as the clip's length asks for"),
        ({"pools": ((3, 2), (1, 1), (1, 1))}, "4 are the most"),
        ({"activation": "tanh"}, r"TANH.*can be streamed"),
    ],
)
def test_other_models_are_refused(
    int8_model: Callable[..., bytes],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: dict[str, Any],
    reason: str,
) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(int8_model(**options))
    with pytest.raises(RowStreamError, match=reason):
        row_streams(path.read_bytes())
    assert str(path) in export(path, tmp_path / "out", capsys)


def test_unequal_scales_of_a_concatenation_are_refused() -> None:
    model = read_model(NANO.read_bytes())
    (graph,) = model.subgraphs
    (concatenation,) = [one for one in graph.operators if operator_name(model, one) == "CONCATENATION"]
    graph.tensors[concatenation.inputs[1]].quantization.scale = [0.5]
    with pytest.raises(RowStreamError, match=r"AVERAGE_POOL_2D|CONCATENATION.*another scale"):
        row_streams(ModelBuilder.of(model).to_bytes())


def test_a_second_softmax_is_refused() -> None:
    model = read_model(NANO.read_bytes())
    (graph,) = model.subgraphs
    softmax = copy.deepcopy(graph.operators[-1])
    softmax.inputs, softmax.outputs = graph.outputs, [len(graph.tensors)]
    graph.tensors.append(copy.deepcopy(graph.tensors[graph.outputs[0]]))
    graph.operators.append(softmax)
    graph.outputs = softmax.outputs
    with pytest.raises(RowStreamError, match=r"SOFTMAX.*is not the fully connected layer's output"):
        row_streams(ModelBuilder.of(model).to_bytes())


def test_unfit_files_are_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = NANO.read_bytes()
    for name, wrong in (
        ("empty", b""),
        ("text", b"not a model at all"),
        ("truncated", content[: len(content) // 3]),
        ("headless", b"\0\0\0\0" + content[4:]),
    ):
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(wrong)
        assert "cannot become C" in export(path, tmp_path / "out", capsys), name


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear diary")
    assert main(["export", "--from-tflite", str(NANO), "--format", "c", "--out", str(tmp_path / "mine")]) == 2
    assert "name another folder" in capsys.readouterr().err
    assert (tmp_path / "mine" / "diary.txt").is_file()


def test_what_was_generated_is_replaced_as_a_whole(tmp_path: Path) -> None:
    command = ["export", "--from-tflite", str(NANO), "--format", "c", "--out", str(tmp_path / "c")]
    assert main(command) == 0
    first = {path.name: path.read_bytes() for path in (tmp_path / "c").iterdir()}
    (tmp_path / "c" / "stale.c").write_text("")
    assert main(command) == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "c").iterdir()} == first
    assert sorted(first) == ["golden.c", "model.c", "model.h"]
