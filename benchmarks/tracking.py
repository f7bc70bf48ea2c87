"""How long measurements tell how far they are."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from rich.progress import Progress

Item = TypeVar("Item")


class Tracker(Protocol):
    """Passes items on one by one and shows, under a name, how many are done."""

    def __call__(self, items: Sequence[Item], name: str) -> Iterator[Item]: ...


def untracked(items: Sequence[Item], name: str) -> Iterator[Item]:
    """A tracker that shows nothing."""
    return iter(items)


def bar_tracker(bar: Progress) -> Tracker:
    """A tracker that adds one line to a progress bar for each stage."""

    def track(items: Sequence[Item], name: str) -> Iterator[Item]:
        task = bar.add_task(name, total=len(items), figures="")
        for item in items:
            yield item
            bar.advance(task)

    return track
