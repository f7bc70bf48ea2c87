"""The report without charts, as GitHub's Markdown."""

from collections.abc import Mapping

from sernet.benchmarks.page.parts import Page, Part, Sheet
from sernet.benchmarks.tables import Table


def markdown(page: Page, commands: Mapping[str, str]) -> str:
    """All that the page says.

    Args:
        page: the report.
        commands: that make the Results, by section.
    """
    head = [f"# {_text(page.title)}", _text(page.subtitle)]
    if page.note:
        head.append(f"**{_text(page.note)}**")
    return "\n\n".join([*head, *(_part(part, commands) for part in page.parts)]) + "\n"


def _part(part: Part, commands: Mapping[str, str]) -> str:
    lines = [f"## {_text(part.title)}", *map(_text, part.text)]
    lines += [_sheet(sheet, commands) for sheet in part.sheets]
    if part.tiles:
        lines.append(f"**{_text(part.beside)}**")
        lines.append("\n".join(f"- **{_text(tile.figure)}** {_text(tile.says)}" for tile in part.tiles))
    if part.rules:
        lines.append("How it was chosen or measured:")
        lines.append("\n".join(f"- {_text(rule)}" for rule in part.rules))
    return "\n\n".join(lines)


def _sheet(sheet: Sheet, commands: Mapping[str, str]) -> str:
    title, columns, rows = sheet.table.title, sheet.table.columns, sheet.table.rows
    table = Table(title, tuple(map(_cell, columns)), tuple(tuple(map(_cell, row)) for row in rows))
    caption = f"**{_text(title)}** {_text(sheet.caption)}".rstrip()
    sources = ", ".join(f"[{name}.json](results/{name}.json) (`{commands[name]}`)" for name in sheet.sources)
    return "\n\n".join(filter(None, (caption, table.markdown(), sources and f"from {sources}")))


def _text(text: str) -> str:
    """Names are text, not markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _cell(text: str) -> str:
    return _text(text).replace("|", r"\|").replace("\n", " ")
