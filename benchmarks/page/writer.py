"""Writes the report: one page that asks for nothing but itself, and the same without charts as Markdown."""

import json
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup, escape

from sernet.benchmarks.page.chapters import chapters
from sernet.benchmarks.page.markdown import markdown
from sernet.benchmarks.page.parts import Page
from sernet.benchmarks.page.results import Results
from sernet.training.atomic import write_text

_HERE = Path(__file__).parent
_MOST_ROWS = 12
"""Of a table that is shown at once; longer ones are opened by their title."""


def write_page(folder: Path) -> Path:
    """Write ``report.html`` and ``report.md`` of a benchmark's folder; returns the page's path.

    Made from the Results below ``results`` alone; sections that are missing are told.

    Raises:
        SernetError: no Result is there, or one cannot be read.
    """
    results = Results.read(folder)
    page = make_page(results)
    path, content = folder / "report.html", html(page, results)
    write_text(folder / "report.md", markdown(page, commands(results)))
    write_text(path, content)
    return path


def make_page(results: Results) -> Page:
    """Everything that is said and drawn."""
    corpora = dict.fromkeys(document["corpus"] for document in results.documents.values())
    note = ""
    if results.synthetic:
        note = (
            f"Synthetic speech: no person speaks in what these sections measured: {', '.join(results.synthetic)}. They "
            "show that everything works, and say nothing about how well emotions of people are recognised."
        )
    return Page(
        "Sernet: speech emotion recognition on the device, measured",
        f"{'; '.join(corpora)}. Acted speech; not for judging people.",
        note,
        chapters(results),
    )


def commands(results: Results) -> dict[str, str]:
    """The command that makes each Result."""
    return {
        name: results.details(name, "provenance").get("command", f"sernet bench --only {name}")
        for name in results.documents
    }


def html(page: Page, results: Results) -> str:
    """The page, with Results, charts and what draws them inside."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters["code"] = _code
    figures = [figure for part in page.parts for figure in part.figures]
    return environment.get_template("page.html").render(
        page=page,
        commands=commands(results),
        most_rows=_MOST_ROWS,
        documents={name: _json(document) for name, document in results.documents.items()},
        specs={figure.name: _json(figure.spec) for figure in figures},
        style=Markup(_text("page.css")),
        script=Markup(vl_convert.javascript_bundle(_text("page.js")).replace("</script", r"<\/script")),
    )


def _code(text: str) -> Markup:
    """Text in which commands stand between backticks."""
    parts = [str(escape(part)) for part in text.split("`")]
    if len(parts) % 2 == 0:  # one of them has no other end
        return escape(text)
    return Markup("".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)))


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _json(content: Any) -> Markup:
    """JSON inside a script: no name in it can end that."""
    return Markup(json.dumps(content, separators=(",", ":")).replace("<", r"\u003c"))
