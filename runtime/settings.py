"""Settings from a file (JSON, TOML) into a dataclass, with one clear line when a name or a type is wrong."""

import dataclasses
import reprlib
from collections.abc import Mapping
from typing import Any, TypeVar

from sernet.runtime.errors import SernetError

Settings = TypeVar("Settings")


def settings_from(kind: type[Settings], values: Mapping[str, Any], what: str) -> Settings:
    """An instance of the dataclass `kind`, whose fields all have defaults; the types of the defaults are required.

    Raises:
        SernetError: a name that `kind` does not have, or a value of another type than its default's.
    """
    assert dataclasses.is_dataclass(kind)
    defaults = {field.name: getattr(kind(), field.name) for field in dataclasses.fields(kind)}
    if unknown := sorted(set(values) - set(defaults)):
        raise SernetError(f"the {what} has settings this version does not know: {', '.join(map(_shown, unknown))}")
    for name, value in values.items():
        default = defaults[name]
        expected = (int, float) if isinstance(default, float) or default is None else (type(default),)
        fits = isinstance(value, expected) and isinstance(value, bool) == isinstance(default, bool)
        if not fits and not (value is None and default is None):
            raise SernetError(f"the {what} has {name} = {reprlib.repr(value)}, not of type {expected[-1].__name__}")
    return kind(**values)


def _shown(name: str) -> str:
    """A name from a file, for a message of one line."""
    return name if name.isidentifier() else reprlib.repr(name)
