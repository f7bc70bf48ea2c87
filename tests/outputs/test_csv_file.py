"""The table: what csv.DictReader, an independent reader, finds in it, whatever happened to the program before."""

import csv
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sernet.runtime.errors import SernetError
from sernet.runtime.live.events import Interruption
from sernet.runtime.outputs.csv_file import CsvFile

from .conftest import LABELS, answer


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def starts(path: Path) -> list[float]:
    return [float(row["start_s"]) for row in rows(path)]


def test_a_row_holds_the_answer_and_when_it_came(tmp_path: Path) -> None:
    with CsvFile(tmp_path / "t.csv", LABELS) as table:
        table.event(answer(7))
        table.event(Interruption(3.0, "gone", None))
        (row,) = rows(tmp_path / "t.csv")  # at once
    came = datetime.fromisoformat(row.pop("time"))
    assert came.tzinfo and abs(datetime.now(UTC) - came) < timedelta(minutes=5)
    assert row == {
        "event": "window",
        "start_s": "7.0",
        "end_s": "10.0",
        "label": "anger",
        "steady_label": "neutral, calm",
        "p_anger": "0.75",
        "p_neutral, calm": "0.25",
        "level_dbfs": "-20.5",
        "voice": "0.5",
        "latency_ms": "12.25",
        "dropped": "1600",
        "overruns": "2",
    }


def test_a_program_that_starts_again_continues_the_table(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    for number in range(3):
        with CsvFile(path, LABELS) as table:
            table.event(answer(number))
    assert starts(path) == [0, 1, 2]


def test_a_killed_program_leaves_whole_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    program = f"""
import itertools, os, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from conftest import LABELS, answer
from pathlib import Path
from sernet.runtime.outputs.csv_file import CsvFile
with CsvFile(Path({str(path)!r}), LABELS) as table:
    for number in range(100):
        table.event(answer(number))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == -9
    assert starts(path) == list(range(100))


def test_half_a_row_at_the_end_is_cut_off_and_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.csv"
    with CsvFile(path, LABELS) as table:
        table.event(answer(0))
        table.event(answer(1))
    path.write_bytes(path.read_bytes()[:-20])
    with CsvFile(path, LABELS) as table:
        table.event(answer(2))
    assert starts(path) == [0, 2]
    assert capfd.readouterr().err == f"{path}: half a row at its end was cut off\n"


@pytest.mark.parametrize("content", ["time,event,other\n1,2,3\n", "no table", "time", "\n"])
def test_a_file_with_another_header_is_refused_and_left_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(SernetError, match=r"t\.csv: holds other columns"), CsvFile(path, LABELS):
        pass
    assert path.read_text() == content


def test_another_model_s_labels_are_another_header(tmp_path: Path) -> None:
    with CsvFile(tmp_path / "t.csv", LABELS):
        pass
    with pytest.raises(SernetError, match="name another file"), CsvFile(tmp_path / "t.csv", ("anger", "joy")):
        pass


def test_a_table_that_is_moved_away_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with CsvFile(path, LABELS) as table:
        table.event(answer(0))
        path.rename(tmp_path / "t.csv.1")
        table.event(answer(1))
    assert (starts(tmp_path / "t.csv.1"), starts(path)) == ([0], [1])


def test_a_full_disk_leaves_rows_out_and_is_told_once(on_small_disk: Callable[[str], subprocess.CompletedProcess]):
    done = on_small_disk(f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from conftest import LABELS, answer
from pathlib import Path
from sernet.runtime.outputs.csv_file import CsvFile
path, ballast = Path("/mnt/t.csv"), Path("/mnt/ballast")
ballast.write_bytes(bytes(100_000))
with CsvFile(path, LABELS) as table:
    for number in range(2000):
        table.event(answer(number))
    full = path.read_text()
    ballast.unlink()
    table.event(answer(5000))
text = path.read_text()
assert text.startswith(full) and full.endswith("\\n"), full[-200:]
lines = text.splitlines()
assert {{line.count(",") for line in lines[1:]}} == {{lines[1].count(",")}}
assert lines[-1].split(",")[2] == "5000.0"
print(2000 - (len(lines) - 2))
""")
    assert done.returncode == 0, done.stderr
    missing = int(done.stdout)
    assert 0 < missing < 2000
    assert done.stderr.splitlines() == [
        "/mnt/t.csv: No space left on device; rows are left out",
        f"/mnt/t.csv: goes on; rows left out: {missing}",
    ]
