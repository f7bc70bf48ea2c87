"""What the page says, without how it looks: parts with figures and tables, each with the Results it is made from."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from sernet.benchmarks.tables import Table


@dataclass(frozen=True)
class Figure:
    """A chart."""

    name: str
    """Unique on the page."""
    title: str
    caption: str
    label: str
    """What is to be seen, for those who do not see it."""
    sources: tuple[str, ...]
    """Sections."""
    spec: dict[str, Any]
    """Vega-Lite."""
    svg: Markup
    """The same, drawn."""


@dataclass(frozen=True)
class Sheet:
    """A table of figures."""

    table: Table
    caption: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Tile:
    """A figure that answers a question by itself."""

    figure: str
    says: str


@dataclass(frozen=True)
class Part:
    """A chapter of the page."""

    name: str
    title: str
    short: str
    """The same in a word or two, for the contents."""
    text: tuple[str, ...] = ()
    tiles: tuple[Tile, ...] = ()
    beside: str = ""
    """What the tiles compare with."""
    tile_sources: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    rules: tuple[str, ...] = ()
    """How it was chosen or measured; small print."""


@dataclass(frozen=True)
class Page:
    """All of it."""

    title: str
    subtitle: str
    note: str
    """What nobody may overlook; empty where there is nothing."""
    parts: tuple[Part, ...]
