"""The report as its readers find it: the printed table, the Markdown file, the page."""

import copy
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from sernet.benchmarks.anchors import HUMAN_LISTENERS
from sernet.benchmarks.document import Document
from sernet.benchmarks.report import write_report
from sernet.benchmarks.tables import make_tables

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Elements, attributes and visible text of a page; fails when an element is not closed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self._open: list[str] = []
        self.source = path.read_text()
        self.feed(self.source)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.text += data
        if self._open and self._open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def table_rows(markdown: str) -> list[list[str]]:
    """The cells of all rows below the tables' heads."""
    lines = [line.strip("| ").split(" | ") for line in markdown.splitlines() if line.startswith("|")]
    return [cells for cells in lines if cells[0] not in ("---", "variant")]


def test_every_variant_has_one_row_in_each_table(bench) -> None:
    written = (bench.run / "bench" / "report.md").read_text()
    variants = bench.result["details"]["variants"]
    assert [row[0] for row in table_rows(written)] == variants * 4
    assert table_rows(bench.printed) == table_rows(written)
    assert [row for row in Page(bench.run / "bench" / "report.html").rows if row[0] != "variant"] == table_rows(written)


def test_rows_hold_the_figures_of_the_result(bench) -> None:
    rows = table_rows(bench.printed)
    for row in rows[:2]:
        assert int(row[1].replace(",", "")) == bench.value(row[0], "file")["value"]
    for row in rows[2:4]:
        assert row[1].startswith(f"{bench.value(row[0], 'latency median', 1)['value']:.2f} / ")
    for row in rows[4:6]:
        streamed = Document(bench.result).streamed(row[0])
        assert [float(row[2]), float(row[4])] == pytest.approx(
            [streamed[window_s]["block to window ratio"] for window_s in (3.0, 7.0)], abs=0.0005
        )
    for row in rows[6:]:
        value = bench.value(row[0], "UA")
        shown = [float(number) for number in re.findall(r"[\d.]+", row[1])]
        assert shown == pytest.approx([100 * value[name] for name in ("value", "low", "high")], abs=0.05)


@pytest.mark.parametrize("measured", ["bench", "released"])
def test_a_terminal_of_80_columns_shows_every_figure_whole(measured: str, request: pytest.FixtureRequest) -> None:
    terminal = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    content = json.loads(
        json.dumps(request.getfixturevalue(measured).result).replace('"int8"', '"int8-float-io"')
    )  # the longest name
    tables = make_tables(Document(content))
    with terminal.capture() as shown:
        for table in tables:
            terminal.print(table.rich())
    lines = shown.get().splitlines()
    assert max(map(len, lines)) <= 80
    words = set(shown.get().split())
    assert {word for table in tables for row in table.rows for cell in row for word in cell.split()} <= words


def test_the_last_line_is_the_page(bench) -> None:
    page = Path(bench.printed.splitlines()[-1])
    assert page == bench.run / "bench" / "report.html" and page.is_file()


def test_the_page_needs_nothing_from_elsewhere(bench) -> None:
    page = Page(bench.run / "bench" / "report.html")
    assert not {"script", "link", "img", "iframe", "image", "object"} & set(page.tags)
    assert page.tags.count("svg") == 6
    for name, value in page.attributes:
        assert not re.search(r"https?:|//|data:", value), f"{name}={value}"
        assert name not in ("src", "srcset") and not name.startswith("on")
    assert "@import" not in page.source and "http" not in page.source


def test_plots_refer_to_their_own_parts_only(bench) -> None:
    page = Page(bench.run / "bench" / "report.html")
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    referred = {value[1:] for name, value in page.attributes if name.endswith("href")}
    referred |= set(re.findall(r"url\(#([^)]+)\)", page.source))
    assert referred and referred <= set(ids)


def test_plots_take_every_colour_from_the_page(bench) -> None:
    page = Page(bench.run / "bench" / "report.html")
    assert "prefers-color-scheme: dark" in page.source
    for svg in re.findall(r"<svg.*?</svg>", page.source, re.DOTALL):
        assert "currentColor" in svg and not re.search(r"(fill|stroke): #[0-9a-f]{6}", svg)


@pytest.mark.parametrize("note", ["synthetic", ""])
def test_the_corpus_note_is_said_prominently_or_not_at_all(bench, tmp_path: Path, note: str) -> None:
    content = copy.deepcopy(bench.result)
    content["details"]["corpus"]["note"] = note
    page = Page(write_report(tmp_path, content))
    assert ("note" in [value for name, value in page.attributes if name == "class"]) == bool(note)
    for text in (page.text, (tmp_path / "report.md").read_text()):
        assert ("synthetic" in text.lower()) == bool(note)


def test_the_human_line_stands_only_where_people_were_measured(bench, tmp_path: Path) -> None:
    assert bench.result["details"]["human_listeners"] is None
    assert "people" not in re.findall(r"<svg.*?</svg>", Page(bench.run / "bench" / "report.html").source, re.DOTALL)[0]
    content = copy.deepcopy(bench.result)
    content["details"]["human_listeners"] = HUMAN_LISTENERS["emodb"]
    page = Page(write_report(tmp_path, content))
    assert "people" in re.findall(r"<svg.*?</svg>", page.source, re.DOTALL)[0]
    assert "UA 93.0%, WA 93.5%" in page.text


def test_the_human_line_is_that_of_the_listening_test(emodb: Path) -> None:
    names = {path.name for path in (emodb / "wav").glob("*.wav")}
    rows = [line.split() for line in (emodb / "listening_test.txt").read_text().splitlines()[1:] if line.strip()]
    recognised = {row[1]: float(row[2].replace(",", ".")) / 100 for row in rows if row[1] in names}
    assert len(recognised) == 535
    by_emotion: dict[str, list[float]] = {}
    for name, share in recognised.items():
        by_emotion.setdefault(name[5], []).append(share)
    means = [sum(shares) / len(shares) for shares in by_emotion.values()]
    assert HUMAN_LISTENERS["emodb"]["UA"] == pytest.approx(sum(means) / len(means), abs=5e-4)
    assert HUMAN_LISTENERS["emodb"]["WA"] == pytest.approx(sum(recognised.values()) / 535, abs=5e-4)


def test_names_are_text_in_the_page(bench, tmp_path: Path) -> None:
    content = copy.deepcopy(bench.result)
    content["corpus"] = "<b>mine</b> & yours"
    page = Page(write_report(tmp_path, content))
    assert "b" not in page.tags and "<b>mine</b> & yours" in page.text


def test_a_front_end_inside_the_network_has_no_time_of_its_own(bench, tmp_path: Path) -> None:
    assert "front end included" not in (bench.run / "bench" / "report.md").read_text()
    content = copy.deepcopy(bench.result)
    content["values"] = [item for item in content["values"] if item["variant"] != "front end"]
    page = Page(write_report(tmp_path, content))
    assert "front end included" in page.text and "front end" not in re.findall(r"<text[^>]*>([^<]*)", page.source)
    assert "front end" in re.findall(r"<text[^>]*>([^<]*)", Page(bench.run / "bench" / "report.html").source)
