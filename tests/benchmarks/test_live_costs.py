"""`sernet live` on the program itself, with less audio than people would give it."""

import json
from pathlib import Path

import numpy as np
import pytest

from sernet.benchmarks.live import measurement
from sernet.cli import main
from sernet.export.stream_graph import streaming_bundle
from sernet.runtime.bundle import load_bundle

NANO = Path(__file__).resolve().parents[2] / "models" / "emodb-nano-int8-float-io.tflite"


@pytest.fixture(autouse=True)
def little_audio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement, "SHORT_S", 4)
    monkeypatch.setattr(measurement, "LONG_S", 24)


def test_both_ways_are_measured_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["live", "--model", str(NANO), "--repetitions", "2", "--out", str(tmp_path)]
    assert main([*options, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((tmp_path / "result.json").read_text())
    values = {value.get("way", value["metric"]): value["value"] for value in told["values"]}
    shares = told["details"]["processor time by second of audio"]
    for way in ("sliding windows", "streaming"):
        assert len(shares[way]) == 2 and values[way] == np.median(shares[way])
        assert 0 < values[way] < 1, "the machine would not keep up"
    ratio = values["streaming to sliding windows ratio"]
    assert ratio == values["streaming"] / values["sliding windows"]
    assert 0 < values["start to answer median"] < 30


def test_recordings_are_joined_with_pauses_until_there_is_enough() -> None:
    clips = [np.full(3, 0.5, np.float32), np.full(2, -0.5, np.float32)]
    expected = np.array([0.5] * 3 + [0] + [-0.5] * 2 + [0] + [0.5] * 3)
    assert np.array_equal(measurement.stream_of(clips, 10, 1), np.rint(32767 * expected))


def test_a_model_that_streams_and_one_that_cannot_run_are_refused(tmp_path: Path, capsys) -> None:
    path = tmp_path / "streaming.tflite"
    path.write_bytes(streaming_bundle(load_bundle(NANO)).model)
    assert main(["live", "--model", str(path)]) == 2
    assert "streams already" in capsys.readouterr().err
    assert main(["live", "--repetitions", "0"]) == 2
    assert "--repetitions" in capsys.readouterr().err
