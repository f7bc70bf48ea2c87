"""Trouble that must not stop recognition: told when it begins and when it is over, not at each try."""

import sys


class Trouble:
    """What goes wrong with one output, in lines on standard error.

    Args:
        name: what has the trouble, for people.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._reasons: set[str] = set()

    def __bool__(self) -> bool:
        """Whether there is any now."""
        return bool(self._reasons)

    def begins(self, reason: str) -> None:
        """Tell a reason, unless it was told since all was well."""
        if reason not in self._reasons:
            self._reasons.add(reason)
            self.tell(reason)

    def ends(self, news: str) -> None:
        """All is well again; told if it was not."""
        if self._reasons:
            self._reasons.clear()
            self.tell(news)

    def tell(self, line: str) -> None:
        """A line on standard error, if there is one."""
        if sys.stderr:
            print(f"{self._name}: {line}", file=sys.stderr, flush=True)
