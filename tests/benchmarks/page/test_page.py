"""The page says what the Results say, and nothing else."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from sernet.benchmarks.page.devices import choices
from sernet.benchmarks.page.results import Results
from sernet.benchmarks.page.writer import write_page
from sernet.benchmarks.suite.sections import SECTIONS
from sernet.runtime.errors import SernetError
from sernet.training.result import Result

ROOT = Path(__file__).resolve().parents[3]
EVALUATED = {reading: ROOT / "results" / "emodb-sernet" / f"loso-{reading}.json" for reading in ("float", "int8")}


def values(sections: dict[str, Result], section: str, metric: str) -> list[dict[str, Any]]:
    return [item for item in sections[section].values if item["metric"] == metric]


def changed(section: Result, change: dict[tuple[str, str], float], metric: str, second: str) -> Result:
    """The section with other values of a metric, by model and a second key."""
    items = [
        item | {"value": change[key]}
        if item["metric"] == metric and (key := (item["model"], item[second])) in change
        else item
        for item in section.values
    ]
    return dataclasses.replace(section, values=items)


def charted(parsed: Any, name: str) -> list[dict[str, Any]]:
    """The rows of a chart."""
    (rows,) = json.loads(parsed.scripts[f"spec-{name}"])["datasets"].values()
    return rows


def chosen(folder: Path) -> dict[str, str]:
    """What each kind of device takes: its first word and the file."""
    found = choices(Results.read(folder))
    return {one.device.name.split(",")[0]: one.candidate.name if one.candidate else one.why for one in found}


def test_each_device_takes_what_its_rules_say(sections, save, tmp_path: Path):
    taken = chosen(save(tmp_path, sections))
    assert taken["Raspberry Pi"] == "test-net, int8-float-io", "the fastest of those within a point of the best"
    assert taken["Phone's browser"] == "test-net, int8-float-io"
    assert taken["Cortex-M55"] == "test-net, int8"
    assert taken["Cortex-M4"] == "test-small, int8", "the larger network takes too many cycles"
    assert taken["Cortex-M0+"] == "test-small, int8", "a quarter of the cycles is left"
    assert taken["Cortex-M7"] == "not measured: needs boards"


def test_a_cheaper_file_is_taken_when_it_is_at_most_a_point_behind(sections, save, tmp_path: Path):
    nearly = changed(sections["answers"], {("test-small", "int8"): 0.8025}, "UA", "reading")
    taken = chosen(save(tmp_path, sections | {"answers": nearly}))
    assert taken["Raspberry Pi"] == taken["Phone's browser"] == "test-small, int8-float-io"


def test_a_file_that_is_not_released_is_not_advised(sections, save, tmp_path: Path):
    files = {
        name: file for name, file in sections["sizes"].details["files"].items() if name != "test-net int8-float-io"
    }
    some = dataclasses.replace(sections["sizes"], details=sections["sizes"].details | {"files": files})
    assert chosen(save(tmp_path, sections | {"sizes": some}))["Raspberry Pi"] == "test-net, float32"


def test_a_browser_takes_what_is_made_for_it_where_none_was_at_hand(sections, save, tmp_path: Path):
    smallest = changed(sections["sizes"], {("test-net", "float32"): 1}, "gzip", "format")
    without = {name: one for name, one in sections.items() if name != "browser"} | {"sizes": smallest}
    found = choices(Results.read(save(tmp_path, without)))
    (phone,) = [one for one in found if one.device.name.startswith("Phone")]
    assert phone.candidate and phone.candidate.name == "test-net, int8-float-io"
    assert phone.candidate.time == "not measured"


def test_a_file_that_a_device_cannot_open_is_not_taken_however_fast(sections, save, tmp_path: Path):
    fast = changed(sections["latency"], {("test-net", "int8"): 1e-3}, "latency ratio", "format")
    assert chosen(save(tmp_path, sections | {"latency": fast}))["Raspberry Pi"] == "test-net, int8-float-io"


@pytest.mark.parametrize(
    ("metric", "value", "told"), [("flash", 3_000_000, "3 MB of flash"), ("RAM", 70_000, "70 kB of RAM")]
)
def test_what_does_not_fit_a_microcontroller_is_told(
    sections, save, tmp_path: Path, metric: str, value: int, told: str
):
    large = changed(sections["boards"], {("test-small", "mps2-an386"): value}, metric, "board")
    found = choices(Results.read(save(tmp_path, sections | {"boards": large})))
    (m4,) = [one for one in found if one.device.name.startswith("Cortex-M4")]
    assert m4.candidate is None and told in m4.why


def test_networks_of_synthetic_speech_are_advised_to_nobody(sections, save, tmp_path: Path):
    items = [
        item | {"corpus": "synthetic corpus" if item["model"] == "test-net" else item["corpus"]}
        for item in sections["answers"].values
    ]
    synthetic = dataclasses.replace(sections["answers"], values=items)
    taken = chosen(save(tmp_path, sections | {"answers": synthetic}))
    assert taken["Raspberry Pi"] == "test-small, int8-float-io"
    assert taken["Cortex-M55"] == "not measured: needs boards"


def test_tables_show_the_figures_of_the_results(sections, parsed):
    bytes_shown = {(row["network"], row["format"]): row for row in parsed.tables["Bytes"]}
    for metric in ("file", "flatbuffer", "gzip"):
        items = values(sections, "sizes", metric)
        assert len(items) == len(bytes_shown) == 5
        for item in items:
            assert bytes_shown[item["model"], item["format"]][f"{metric}, bytes"] == f"{item['value']:,}"

    times = {(row["network"], row["format"]): row for row in parsed.tables["Latency"]}
    for item in values(sections, "latency", "latency ratio"):
        row = times[item["model"], item["format"]]
        assert row["ratio [noise]"] == f"{item['value']:.3g} [{item['low']:.3g}, {item['high']:.3g}]"
    assert (
        times["test-net", "float32"]["median, ms"] == "2"
        and times["test-net", "float32"]["90th percentile, ms"] == "2.5"
    )

    accuracy = parsed.tables["Accuracy in floats and in integers; 95 % intervals"]
    assert {(row["network"], row["reading"]): row["UA, %"] for row in accuracy} == {
        (
            item["model"],
            item["reading"],
        ): f"{100 * item['value']:.1f} [{100 * item['low']:.1f}, {100 * item['high']:.1f}]"
        for item in values(sections, "answers", "UA")
        if item["condition"] == "clean" and item["protocol"] == "loso"
    }
    (other,) = parsed.tables["Under other protocols, and of other readings; 95 % intervals"]
    assert other["UA, %"] == "95.0 [90.0, 99.0]"
    noisy = parsed.tables["Accuracy in noise, rooms and telephones; 95 % intervals"]
    assert {row["UA, %"] for row in noisy} == {"40.6 [35.6, 44.6]", "39.5 [34.5, 43.5]"}

    boards = {
        (row["network"], row["board"]): row
        for row in parsed.tables["Microcontrollers; instructions for a second of audio"]
    }
    m4 = boards["test-small", "Cortex-M4 (mps2-an386)"]
    assert m4["network, M instructions a second"] == "20" and m4["front end, M instructions a second"] == "2"
    assert (m4["RAM, bytes"], m4["flash, bytes"], m4["clips exact"], m4["of"]) == ("12,000", "150,000", "2", "3")


def test_a_pi_goes_by_times_measured_in_turns(sections, save, tmp_path: Path):
    """A machine that was busy for a while makes a median slow, not a ratio."""
    busy = changed(sections["latency"], {("test-net", "int8-float-io"): 50.0}, "latency median", "format")
    assert chosen(save(tmp_path, sections | {"latency": busy}))["Raspberry Pi"] == "test-net, int8-float-io"


def test_the_first_screen_holds_the_figures_of_what_is_advised(parsed):
    rows = {row["your device"].split(",")[0]: row for row in parsed.tables["What a device should take"]}
    pi = rows["Raspberry Pi"]
    assert (pi["take"], pi["storage"], pi["what listening costs"]) == (
        "test-net, int8-float-io (test-net-int8-float-io.tflite)",
        "1.3 kB file",
        "0.75 ms a window",
    )
    assert pi["UA, % [95 %]"] == "80.8 [75.8, 84.8]" and pi["RAM"] == "50 MB, Python and all"
    assert rows["Cortex-M4"]["take"] == "test-small, int8 (test-small-int8.tflite)"
    assert rows["Phone's browser"]["storage"] == "1.17 kB to download"
    assert rows["Cortex-M4"]["what listening costs"] == "22 M instructions a second of audio, 34% of its cycles"
    words = " ".join(parsed.words["take"].split())
    assert "+10.8 [+5.0, +15.0] points of UA: test-net minus" in words, "the stronger of two peers"
    assert "; loso, n = 60, test data: nothing was measured" in words
    assert "1/50 of its time" in words and "4 ms against 200 ms" in words
    assert "1/8 of its size" in words and "60 MB against 480 MB" in words
    assert "leave one speaker out" in words


def test_the_page_contains_the_results_it_is_made_of(report: Path, sections, parsed):
    for name in sections:
        assert parsed.document(name) == json.loads((report.parent / "results" / f"{name}.json").read_text())
    assert {row["Result"] for row in parsed.tables["Results"]} == {f"{name}.json" for name in sections}
    assert "0123456789ab" in parsed.words["provenance"]
    assert "test data has none <yet>" in parsed.words["left-out"]


def test_names_are_text(report: Path, parsed):
    peer = '<script>alert("peer")</script> | <b>SVM</b> & co'
    assert peer in [row["network"] for row in parsed.tables["Accuracy, time from samples to label, and size"]]
    assert "b" not in parsed.tags and "i" not in parsed.tags
    assert all(not text.startswith("alert") for text in parsed.scripts.values())
    assert "made up by a test <b>alone</b>" in parsed.words["accuracy"] and "code" in parsed.tags
    markdown = (report.parent / "report.md").read_text()
    assert "<script" not in markdown and '| &lt;script>alert("peer")&lt;/script> \\| ' in markdown


def test_the_markdown_holds_the_same_tables(report: Path, parsed):
    markdown = (report.parent / "report.md").read_text()
    for title, rows in parsed.tables.items():
        assert f"**{title}**" in markdown
        for row in rows:
            cells = [cell.replace("&", "&amp;").replace("<", "&lt;").replace("|", r"\|") for cell in row.values()]
            assert f"| {' | '.join(cells)} |" in markdown, title
    assert "latency.json](results/latency.json) (`sernet bench --only latency`)" in markdown


def test_sections_that_were_not_measured_are_told(sections, save, parse, tmp_path: Path):
    page = write_page(save(tmp_path, {"sizes": sections["sizes"]}))
    found = parse(page)
    for name in set(SECTIONS) - {"sizes"}:
        part = "accuracy" if name == "answers" else name
        assert f"Not measured: sernet bench --only {name} measures it." in found.words[part]
        assert f"sernet bench --only {name}" in (tmp_path / "report.md").read_text()
    assert len(found.tables["Left out"]) == len(SECTIONS) - 1
    rows = {row["your device"].split(",")[0]: row for row in found.tables["What a device should take"]}
    assert rows.pop("Phone's browser")["why"].endswith("least download; accuracy not measured")
    assert {row["take"] for row in rows.values()} == {"-"}
    assert all(row["why"].startswith("not measured: needs") for row in rows.values())
    assert "not measured" in found.words["take"] and len(found.tables["Bytes"]) == 5


@pytest.mark.parametrize("section", SECTIONS)
def test_any_section_alone_makes_a_page(sections, save, parse, tmp_path: Path, section: str):
    found = parse(write_page(save(tmp_path, {section: sections[section]})))
    assert len(found.tables["Left out"]) >= len(SECTIONS) - 1
    assert found.document(section)["what"] == section


def test_synthetic_speech_is_told_at_the_top(sections, save, parse, parsed, tmp_path: Path):
    synthetic = dataclasses.replace(sections["latency"], corpus="synthetic corpus (test data)")
    found = parse(write_page(save(tmp_path, sections | {"latency": synthetic})))
    assert "Synthetic speech: no person speaks in what these sections measured: latency." in found.words[""]
    assert "Synthetic speech" not in parsed.words[""]


def test_a_folder_without_results_is_refused(tmp_path: Path):
    with pytest.raises(SernetError, match="holds no results"):
        write_page(tmp_path)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"schema_version": 99, "values": []}', '{"schema_version": 1, "values": [{}]}']
)
def test_what_is_no_result_is_refused_and_leaves_no_page(sections, save, tmp_path: Path, content: str):
    save(tmp_path, {"sizes": sections["sizes"]})
    (tmp_path / "results" / "memory.json").write_text(content)
    with pytest.raises(SernetError, match=r"memory\.json is not a Result that can be shown"):
        write_page(tmp_path)
    assert not list(tmp_path.glob("report*"))


@pytest.mark.skipif(
    not all(path.is_file() for path in EVALUATED.values()), reason="the repository's results are not here"
)
def test_figures_of_the_repositorys_evaluations_are_shown_as_they_are(save, parse, tmp_path: Path):
    """Accuracy, confusions and speakers of real networks on real recordings."""
    kept = {reading: json.loads(path.read_text()) for reading, path in EVALUATED.items()}
    items = [
        {
            "model": "sernet",
            "reading": reading,
            "protocol": content["protocol"],
            "condition": "clean",
            "n": content["n"],
        }
        | {"corpus": content["corpus"], "kind": "accuracy"}
        | {name: item[name] for name in ("metric", "value", "low", "high")}
        for reading, content in kept.items()
        for item in content["values"]
        if "label" not in item
    ]
    pictures = {
        name: {f"sernet {reading} loso": content["details"][name] for reading, content in kept.items()}
        for name in ("confusion", "speakers")
    }
    content = kept["float"]
    answers = Result(
        *("answers", "sernet", "loso", content["corpus"], content["n"], 0, items),
        details={"labels": content["details"]["labels"]} | pictures,
    )
    found = parse(write_page(save(tmp_path, {"answers": answers})))
    for row in found.tables["Accuracy in floats and in integers; 95 % intervals"]:
        figures = {item["metric"]: item for item in kept[row["reading"]]["values"] if "label" not in item}
        for metric in ("UA", "WA", "weighted F1", "ECE", "AURC"):
            value, low, high = (100 * figures[metric][name] for name in ("value", "low", "high"))
            assert row[f"{metric}, %"] == f"{value:.1f} [{low:.1f}, {high:.1f}]"
    cells = charted(found, "confusion-int8")
    counts = [[cell["count"] for cell in cells[7 * row : 7 * row + 7]] for row in range(7)]
    assert counts == kept["int8"]["details"]["confusion"]
    for point in charted(found, "speakers"):
        own = {row["speaker"]: row for row in kept[point["reading"]]["details"]["speakers"]}
        assert point["ua"] == pytest.approx(100 * own[point["speaker"]]["UA"])
