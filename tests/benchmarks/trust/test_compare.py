"""`sernet bench compare`: what counts as a change, by the kind of a value; and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from sernet.benchmarks.trust.comparison import Comparison, Verdict, compare
from sernet.benchmarks.trust.document import name_of
from sernet.cli import main
from sernet.training.result import Result

ROOT = Path(__file__).resolve().parents[3]

Value = dict[str, Any]


def exact(value: float, metric: str = "file", **more: Any) -> Value:
    return {"metric": metric, "model": "sernet", "value": value, "kind": "exact"} | more


def ratio(value: float, low: float, high: float) -> Value:
    return {"metric": "latency ratio", "model": "sernet", "value": value, "low": low, "high": high, "kind": "ratio"}


def accuracy(value: float, low: float, high: float) -> Value:
    return {"metric": "UA", "model": "sernet", "value": value, "low": low, "high": high, "kind": "accuracy"}


def time(value: float) -> Value:
    return {"metric": "latency median", "unit": "ms", "value": value, "kind": "machine"}


def document(*values: Value, what: str = "sizes") -> dict[str, Any]:
    return Result(what, "sernet", "none: cost alone", "EMO-DB", len(values), 0, list(values)).to_json()


def of(first: Value, second: Value) -> Comparison:
    return compare("sizes", document(first), document(second))


def verdict(first: Value, second: Value) -> Verdict:
    (pair,) = of(first, second).pairs
    return pair.verdict


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
    return tmp_path / "before", tmp_path / "after"


def write(folder: Path, name: str, *values: Value, **more: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(document(*values, what=path.stem) | more))
    return path


def test_exact_numbers_changed_or_did_not():
    assert verdict(exact(495296), exact(495296)) is Verdict.SAME
    assert verdict(exact(495296), exact(495297)) is Verdict.CHANGED
    assert list(of(exact(495296), exact(495295)).failures) == ["file (sernet) was 495,296, is 495,295"]


def test_counts_of_instructions_may_differ_by_ticks():
    first, same, more = (exact(value, "network", unit="instructions") for value in (75e6, 75.03e6, 75.05e6))
    assert (verdict(first, same), verdict(first, more)) == (Verdict.SAME, Verdict.CHANGED)


def test_exact_numbers_of_more_or_fewer_inputs_are_not_judged():
    assert verdict(exact(1, n=1), exact(3, n=3)) is Verdict.OTHERS
    assert verdict(exact(3, n=1), exact(3, n=3)) is Verdict.SAME


def test_values_in_one_alone_are_listed(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]):
    first = write(folders[0], "sizes.json", exact(1), exact(2, "gzip"), time(3))
    second = write(folders[1], "sizes.json", exact(1, format="int8"))
    assert main(["bench", "compare", str(first), str(second)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {"only in A: sernet: file, gzip", "only in A: latency median", "only in B: int8, sernet: file"} < set(lines)


def test_a_ratio_changed_when_its_noise_does_not_reach_the_others():
    before = ratio(0.5, 0.4, 0.6)
    assert verdict(before, ratio(0.69, 0.6, 0.8)) is Verdict.NOISE
    assert verdict(before, ratio(0.62, 0.61, 0.8)) is Verdict.CHANGED
    assert verdict(before, ratio(0.35, 0.3, 0.39)) is Verdict.CHANGED


def test_a_ratio_shuts_the_gate_when_it_left_its_noise_by_more_than_a_tenth():
    before = ratio(0.5, 0.4, 0.6)
    assert not list(of(before, ratio(0.649, 0.61, 0.8)).failures)
    assert list(of(before, ratio(0.651, 0.61, 0.8)).failures) == ["latency ratio (sernet) was 0.5 [0.4, 0.6], is 0.651"]
    assert not list(of(before, ratio(0.7, 0.59, 0.8)).failures)


def test_accuracies_changed_when_intervals_do_not_overlap():
    before = accuracy(0.8, 0.77, 0.84)
    assert verdict(before, accuracy(0.8, 0.77, 0.84)) is Verdict.SAME
    assert verdict(before, accuracy(0.83, 0.8, 0.86)) is Verdict.OVERLAP
    assert verdict(before, accuracy(0.9, 0.85, 0.95)) is Verdict.CHANGED
    old = {key: value for key, value in before.items() if key != "kind"}  # as `sernet evaluate` writes it
    assert verdict(old, accuracy(0.9, 0.85, 0.95)) is Verdict.CHANGED


def test_what_has_neither_kind_nor_interval_is_not_judged():
    bare = {"metric": "flash bytes", "value": 3}
    assert verdict(bare, bare | {"value": 5}) is Verdict.UNJUDGED
    assert verdict(exact(1), {**time(2), "metric": "file", "model": "sernet"}) is Verdict.UNJUDGED


def test_values_are_found_by_everything_that_names_them():
    first = [exact(1, format="int8"), exact(2, format="float32"), exact(3, threads=1)]
    second = [exact(2, format="float32", n=4, unit="bytes"), exact(1, format="int8"), exact(3, threads=2)]
    found = compare("sizes", document(*first), document(*second))
    assert [pair.verdict for pair in found.pairs] == [Verdict.SAME, Verdict.SAME]
    assert (found.only_first, found.only_second) == ([name_of(first[2])], [name_of(second[2])])
    assert list(found.failures) == ["file (sernet, threads 1) is gone"]


def test_times_are_shown_of_one_machine_alone_and_are_never_a_change(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
):
    first, second = (write(folder, "latency.json", time(value)) for folder, value in zip(folders, (1, 9), strict=True))
    assert main(["bench", "compare", str(first), str(second), "--gate"]) == 0
    shown = capsys.readouterr().out
    assert "| latency median | 1 ms | 9 ms | +8 (+800.0 %) | of this machine alone |" in shown
    assert "0 changed, 0 the same, of 1 in both" in shown
    other = {"system": "Linux aarch64", "processor": "Cortex-A72", "cores": 4, "python": "3.11.7"}
    write(folders[1], "latency.json", time(9), machine=other)
    assert main(["bench", "compare", str(first), str(second), "--gate"]) == 0
    shown = capsys.readouterr().out
    assert "9 ms" not in shown and "1 times or sizes in memory are of two machines: not compared" in shown
    assert main(["bench", "compare", str(first), str(second), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["comparisons"]
    assert told["values"] == [] and told["same_machine"] is False


def test_folders_are_compared_by_file_name(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]):
    before, after = folders
    write(before, "sizes.json", exact(100), exact(7, "gzip"))
    write(after, "sizes.json", exact(110), exact(7, "gzip"))
    write(before, "latency.json", ratio(0.5, 0.4, 0.6))
    write(after, "latency.json", ratio(0.55, 0.5, 0.7))
    write(after, "browser.json", time(3))
    assert main(["bench", "compare", str(before), str(after)]) == 0
    shown = capsys.readouterr().out
    assert "| file (sernet) | 100 | 110 | +10 (+10.0 %) | changed |" in shown
    assert "gzip" not in shown and "1 changed, 1 the same, of 2 in both" in shown
    assert "| latency ratio (sernet) | 0.5 [0.4, 0.6] | 0.55 [0.5, 0.7] | +0.05 (+10.0 %) | within the noise |" in shown
    assert f"{after / 'browser.json'}: the other folder has no such file" in shown


def test_the_gate_says_in_one_line_what_shuts_it(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]):
    before, after = folders
    write(before, "sizes.json", exact(100), exact(50, "gzip"))
    write(after, "sizes.json", exact(99))
    assert main(["bench", "compare", str(before), str(after)]) == 0
    capsys.readouterr()
    assert main(["bench", "compare", str(before), str(after), "--gate"]) == 1
    line = capsys.readouterr().out.strip().splitlines()[-1]
    assert line == "regression: sizes.json: file (sernet) was 100, is 99; sizes.json: gzip (sernet) is gone"
    assert main(["bench", "compare", str(before), str(before), "--gate"]) == 0


def test_committed_evaluations_are_compared_as_accuracies(capsys: pytest.CaptureFixture[str]):
    paths = [str(ROOT / "results" / f"emodb-{preset}" / "loso-float.json") for preset in ("paper", "sernet")]
    assert main(["bench", "compare", *paths]) == 0
    shown = capsys.readouterr().out
    # the README's row of `paper` and `sernet`, float, under loso
    assert "| UA | 74.5 % [69.5, 78.1] | 80.8 % [76.8, 84.1] | +6.3 points | intervals overlap |" in shown
    assert "`sernet evaluate --compare`" in shown
    assert "B: emodb-sernet (float); loso; EMO-DB, Berlin Database of Emotional Speech; n = 535" in shown


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "cannot read"),
        ("{", "no JSON document"),
        ('{"what": "sizes"}', "no Result"),
        (json.dumps(document(what="latency")), "one is of sizes, the other of latency"),
        (json.dumps(document(exact(1), exact(2))), "two values of file (sernet)"),
        (json.dumps(document(exact(float("nan")))), "no JSON document"),
    ],
)
def test_foreign_files_are_one_line(
    content: str | None, line: str, folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
):
    first, second = write(folders[0], "sizes.json", exact(1)), folders[1] / "sizes.json"
    if content is not None:
        second.write_text(content)
    assert main(["bench", "compare", str(first), str(second)]) == 2
    printed = capsys.readouterr()
    (said,) = printed.err.strip().splitlines()
    assert line in said and not printed.out


def test_folders_without_a_file_in_common_are_one_line(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]):
    write(folders[0], "sizes.json", exact(1))
    assert main(["bench", "compare", *map(str, folders)]) == 2
    assert "give two folders of Results" in capsys.readouterr().err
    assert main(["bench", "compare", str(folders[0]), str(folders[0] / "sizes.json")]) == 2
    assert "a folder and a file" in capsys.readouterr().err
