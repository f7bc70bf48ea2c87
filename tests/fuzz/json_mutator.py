"""Other JSON from JSON: values, names and nesting change, and most of it stays as it was."""

import copy
import random
from typing import Any

_NUMBERS = (0, 1, -1, 2, 0.5, -0.5, 1e-320, 1e308, -1e308, 255, 2**15, 2**31 - 1, 2**31, 2**32, 2**63, 10**30, 10**400)
_OTHERS = (None, True, False, "", "x", "two\nlines", "\x1b[2J", "\ud800", "\0", [], {}, [[]], [None], {"": 0})
_NOT_FINITE = (float("nan"), float("inf"), float("-inf"))


def mutated(values: Any, generator: random.Random) -> Any:
    """A copy with one to three changes."""
    holder = [copy.deepcopy(values)]
    for _ in range(generator.choice((1, 1, 1, 2, 3))):
        places = list(_places(holder))
        if not places:
            break
        container, name = generator.choice(places)
        _change(container, name, [inner[key] for inner, key in places], generator)
    return holder[0] if holder else None


def _places(container: Any) -> Any:
    """Every value inside, as its container and its name or index there."""
    names = list(container) if isinstance(container, dict) else range(len(container))
    for name in names:
        yield container, name
        if isinstance(container[name], dict | list):
            yield from _places(container[name])


def _change(container: Any, name: Any, others: list[Any], generator: random.Random) -> None:
    value = container[name]
    match generator.randrange(8):
        case 0:
            container[name] = generator.choice(_NUMBERS + _NOT_FINITE)
        case 1:
            container[name] = generator.choice(_OTHERS)
        case 2 if isinstance(value, int | float) and abs(value) < 1e300:
            container[name] = generator.choice((-value, value + 1, value // 3, value * 10, value == 1))
        case 2 if isinstance(value, str):
            container[name] = generator.choice((value * 1000, value[1:], value + "\n", value.upper(), [value]))
        case 2 | 3:
            container[name] = copy.deepcopy(generator.choice(others))
        case 4:
            del container[name]
        case 5 if isinstance(container, dict):
            container[generator.choice(("", "x", "a\nb", *container))] = copy.deepcopy(value)
        case 5:
            container.insert(name, copy.deepcopy(value))
        case 6:
            container[name] = [value] * generator.choice((1, 2, 1000))
        case _:
            container[name] = {"value": value}
