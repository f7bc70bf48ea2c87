"""How a measurement's command ends: its Result saved, its page written, its tables or its JSON printed."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sernet.benchmarks.tables import Table
    from sernet.training.result import Result


def present(
    result: "Result",
    folder: Path,
    name: str,
    write: Callable[[Path, dict[str, Any]], Path],
    shown: "Callable[[dict[str, Any]], tuple[str, Sequence[Table]]]",
    *,
    as_json: bool,
) -> None:
    """Save a result and its page, and print its JSON, or a heading and tables as a terminal or Markdown has them.

    Args:
        result: what was measured.
        folder: where ``NAME.json`` and the page go.
        name: of the file.
        write: makes the page of the folder and the document; returns its path.
        shown: heading and tables of the document.
        as_json: print the document, with the page's path.
    """
    from rich.console import Console

    from sernet.benchmarks.tables import show

    result.save(folder / f"{name}.json")
    content = json.loads((folder / f"{name}.json").read_text())
    page = write(folder, content)
    if as_json:
        print(json.dumps(content | {"path": str(page)}))
        return
    heading, tables = shown(content)
    print(f"{heading}\n")
    show(Console(), tables)
    print(page)
