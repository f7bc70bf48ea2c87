"""Where a corpus is looked for, and in which order."""

from pathlib import Path

import pytest

from sernet.runtime.errors import SernetError
from sernet.training.corpora import CORPORA
from sernet.training.corpora.locate import locate, require

EMODB = CORPORA["emodb"]


@pytest.fixture
def roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """All four places, each with an `emodb` folder, none of the machine's own."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("SERNET_DATA", str(tmp_path / "environment"))
    roots = {
        "--data": tmp_path / "option",
        "SERNET_DATA": tmp_path / "environment",
        "./data": tmp_path / "work" / "data",
        "cache": tmp_path / "cache" / "sernet",
    }
    for root in roots.values():
        (root / "emodb").mkdir(parents=True)
    return roots


def test_the_first_place_that_has_it_wins(roots: dict[str, Path]) -> None:
    for root in roots.values():
        assert locate(EMODB, roots["--data"]) == root / "emodb"
        (root / "emodb").rmdir()
    assert locate(EMODB, roots["--data"]) is None


def test_not_found_says_where_and_how(roots: dict[str, Path]) -> None:
    for root in roots.values():
        (root / "emodb").rmdir()
    with pytest.raises(SernetError) as raised:
        require(EMODB, roots["--data"])
    message = str(raised.value)
    for root in roots.values():
        assert str(root / "emodb") in message
    assert "sernet data fetch emodb" in message and "SERNET_DATA" in message and "\n" not in message


@pytest.mark.parametrize("folder", ["EMO-DB", "EmoDB", "emo_db"])
def test_usual_spellings_of_the_folder_are_found(roots: dict[str, Path], folder: str) -> None:
    (roots["--data"] / "emodb").rename(roots["--data"] / folder)
    assert locate(EMODB, roots["--data"]) == roots["--data"] / folder


def test_data_may_be_the_corpus_itself(roots: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "download" / "wav").mkdir(parents=True)
    (tmp_path / "download" / "wav" / "03a01Fa.wav").touch()
    assert locate(EMODB, tmp_path / "download") == tmp_path / "download"


def test_a_mistyped_folder_is_refused_not_passed_over(roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SernetError, match=r"--data names .*/optoin"):
        locate(EMODB, roots["--data"].with_name("optoin"))
    monkeypatch.setenv("SERNET_DATA", "/nowhere/at/all")
    with pytest.raises(SernetError, match="SERNET_DATA names /nowhere/at/all"):
        locate(EMODB)
