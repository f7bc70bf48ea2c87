"""The picture of enrolment is made of the results, and the same results make the same picture."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from sernet.cli import main

READINGS = {
    "loso-float": 0.7,
    "loso-enrolled-enrolled-30": 0.75,
    "loso-enrolled-enrolled": 0.8,
    "loso-enrolled-varied-60": 0.8,
    "loso-enrolled-calibrated-enrolled-30": 0.77,
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of known and unknown speakers, their records gone."""
    details = {"all_folds": True, "folds": ["03"], "seeds": [0, 1, 2], "epochs": 9, "labels": ["anger", "neutral"]}
    folder = tmp_path / "results" / "emodb-sernet"
    folder.mkdir(parents=True)
    for name, value in READINGS.items():
        figures = {"value": value, "low": value - 0.1, "high": value + 0.1, "resampled": "speakers"}
        values = [{"metric": metric} | figures for metric in ("UA", "WA")]
        (folder / f"{name}.json").write_text(json.dumps({"n": 535, "values": values, "details": details}))
    return folder.parent


def test_it_has_a_curve_for_each_kind_of_reading_and_is_reproducible(results: Path, tmp_path: Path):
    for name in ("one.svg", "two.svg"):
        assert main(["evaluate", "--out", str(results), "--plot", str(tmp_path / name)]) == 0
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    texts = {element.text for element in ElementTree.parse(tmp_path / "one.svg").iter() if element.text}
    curves = {"features only (enrolled-N)", "in many moods (varied-N)", "features only (enrolled-N), calibrated"}
    assert texts >= curves | {"0 s", "30 s", "60 s", "all other clips", "human listeners: 93.0"}
    assert any("n = 535, seeds: 3; 95 % intervals over speakers" in text for text in texts)


def test_without_a_known_speaker_there_is_nothing_to_draw(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for path in (results / "emodb-sernet").glob("loso-enrolled-*"):
        path.unlink()
    assert main(["evaluate", "--out", str(results), "--plot", str(tmp_path / "one.svg")]) == 2
    error = capsys.readouterr().err
    assert "holds no result of loso-enrolled" in error and error.count("\n") == 1
    assert not (tmp_path / "one.svg").exists()
