"""What a run keeps for the next one: nothing is lost, nothing wrong is taken over."""

from pathlib import Path

import pytest

from sernet.runtime.bulk.journal import Journal
from sernet.runtime.bulk.recordings import Recording
from sernet.runtime.bulk.work import Answer
from sernet.runtime.errors import SernetError

SETTINGS = {"model": "one", "hop": None}
A, B = Recording("a.wav", 10, 1), Recording("b\udce9.wav", 20, 2)


def begin(path: Path) -> None:
    journal = Journal(path, SETTINGS)
    journal.append(B, Answer(B.name, [[0.0, 3.0, "anger", 0.1], [0.5, 3.5, "fear", 0.2]]))
    journal.append(A, Answer(A.name, [[0.0, 1.0, "anger", 1 / 3]]))
    journal.close()


def test_answers_come_back_exactly_in_the_order_asked_for(tmp_path: Path):
    begin(tmp_path / "journal")
    journal = Journal(tmp_path / "journal", SETTINGS)
    assert journal.holds(A) and journal.holds(B)
    assert list(journal.rows([A.name, "c.wav", B.name])) == [
        (A.name, [0.0, 1.0, "anger", 1 / 3]),
        (B.name, [0.0, 3.0, "anger", 0.1]),
        (B.name, [0.5, 3.5, "fear", 0.2]),
    ]
    journal.remove()
    assert not (tmp_path / "journal").exists()


@pytest.mark.parametrize("changed", [Recording("a.wav", 11, 1), Recording("a.wav", 10, 3)], ids=["size", "mtime"])
def test_a_changed_file_is_not_answered_and_its_later_answer_counts(changed: Recording, tmp_path: Path):
    begin(tmp_path / "journal")
    journal = Journal(tmp_path / "journal", SETTINGS)
    assert not journal.holds(changed)
    journal.append(changed, Answer("a.wav", [[0.0, 2.0, "fear", 0.5]]))
    journal.close()
    journal = Journal(tmp_path / "journal", SETTINGS)
    assert journal.holds(changed) and not journal.holds(A)
    assert list(journal.rows(["a.wav"])) == [("a.wav", [0.0, 2.0, "fear", 0.5])]
    journal.close()


def test_wherever_the_last_line_was_torn_the_others_stay_good(tmp_path: Path):
    begin(tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    header, first, _ = content.splitlines(keepends=True)
    for length in range(len(content)):
        path = tmp_path / "torn"
        path.write_bytes(content[:length])
        journal = Journal(path, SETTINGS)
        assert journal.holds(B) == (length >= len(header + first)) and not journal.holds(A)
        journal.append(B, Answer(B.name, [[0.0, 3.0, "anger", 0.1], [0.5, 3.5, "fear", 0.2]]))
        journal.append(A, Answer(A.name, [[0.0, 1.0, "anger", 1 / 3]]))
        assert len(list(journal.rows([A.name, B.name]))) == 3
        journal.close()
        assert path.read_bytes().endswith(content[len(header) :])
        path.unlink()


def test_a_line_of_zeros_is_passed_over(tmp_path: Path):
    begin(tmp_path / "journal")
    lines = (tmp_path / "journal").read_bytes().splitlines(keepends=True)
    (tmp_path / "journal").write_bytes(lines[0] + b"\0" * 50 + b"\n" + lines[2])
    journal = Journal(tmp_path / "journal", SETTINGS)
    assert journal.holds(A) and not journal.holds(B)
    journal.close()


def test_answers_of_another_model_are_refused_and_kept_unless_told_to_start_afresh(tmp_path: Path):
    begin(tmp_path / "journal")
    before = (tmp_path / "journal").read_bytes()
    with pytest.raises(SernetError, match=r"was begun with another model: give .* or --overwrite"):
        Journal(tmp_path / "journal", SETTINGS | {"model": "other"})
    assert (tmp_path / "journal").read_bytes() == before
    journal = Journal(tmp_path / "journal", SETTINGS | {"model": "other"}, afresh=True)
    assert not journal.holds(A)
    journal.close()
    assert not (tmp_path / "journal").exists(), "it holds no answer"


def test_two_runs_cannot_write_one_table(tmp_path: Path):
    journal = Journal(tmp_path / "journal", SETTINGS)
    with pytest.raises(SernetError, match="is being written by another run"):
        Journal(tmp_path / "journal", SETTINGS)
    journal.append(A, Answer(A.name, [[0.0, 1.0, "anger", 1.0]]))
    journal.close()
    journal = Journal(tmp_path / "journal", SETTINGS)
    assert journal.holds(A)
    journal.close()
