"""Results and records of folds as files: read, and checked against their schema and what no schema can say."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sernet.runtime.errors import SernetError

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

Content = dict[str, Any]
Name = tuple[tuple[str, Any], ...]
"""What a value is of: its keys and theirs, sorted."""

SCHEMAS = Path(__file__).parent
EXTRA = 'pip install "sernet[bench]"'

MEASURED = {"value", "low", "high", "n", "unit", "kind", "resampled", "deviation", "seeds"}
"""Keys that say how a value came out. All others name it."""

_SUM_TOLERANCE = 0.05
"""Of probabilities: in int8 each is rounded to 1/256."""


def name_of(value: Content) -> Name:
    """By which a value of one Result is found in another."""
    return tuple(sorted((key, named) for key, named in value.items() if key not in MEASURED))


def read_result(path: Path) -> Content:
    """A Result. Raises SernetError as `read_document` does, and for the record of a fold."""
    content = read_document(path)
    if content["what"] == "fold":
        raise SernetError(f"{path} is the record of a fold, not a Result: `sernet evaluate` pools records")
    return content


def read_document(path: Path) -> Content:
    """A Result or the record of a fold.

    Raises:
        SernetError: the file cannot be read, is something else, or breaks its schema; the line says where.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except OSError as error:
        raise SernetError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):  # UnicodeDecodeError is one
        raise SernetError(f"{path} is no JSON document") from None
    fault = next(faults(content), None)
    if fault:
        raise SernetError(f"{path} is no Result of this version: {fault}")
    return content


def faults(content: Any) -> Iterator[str]:
    """What is wrong with a document, each fault in a line; what rests on a broken part is not looked at."""
    fold = isinstance(content, dict) and content.get("what") == "fold"
    broken = False
    for error in _validator("record" if fold else "result").iter_errors(content):
        broken = True
        yield f"{error.json_path}: {_first_line(error.message)}"
    if not broken:
        yield from (_record_faults if fold else _result_faults)(content)


def _result_faults(content: Content) -> Iterator[str]:
    names = Counter(map(name_of, content["values"]))
    yield from (f"two values of {label(name)}" for name, count in names.items() if count > 1)
    for value in content["values"]:
        if value.get("low", 0) > value.get("high", 0):
            yield f"the interval of {label(name_of(value))} ends before it begins"


def _record_faults(content: Content) -> Iterator[str]:
    import numpy as np

    clips, classes = content["clips"], len(content["labels"])
    if len({len(column) for column in clips.values()}) > 1:
        yield "$.clips: columns of different lengths"
    if max(clips["target"], default=0) >= classes:
        yield "$.clips.target: a label that is not there"
    shape = (len(clips["target"]), classes)
    for reading, rows in content["readings"].items():
        try:
            answers = np.array(rows, np.float64)
        except (ValueError, TypeError):
            yield f"$.readings.{reading}: not a matrix of numbers"
            continue
        if answers.shape != shape:
            yield f"$.readings.{reading}: not {shape[0]} clips times {shape[1]} labels"
        elif answers.min() < 0 or np.abs(answers.sum(1) - 1).max() > _SUM_TOLERANCE:
            yield f"$.readings.{reading}: not probabilities"


def label(name: Name) -> str:
    """A value's name for people: ``metric (sernet, int8)``."""
    rest = words((key, part) for key, part in name if key != "metric")
    return f"{dict(name)['metric']} ({rest})" if rest else dict(name)["metric"]


def words(parts: Iterable[tuple[str, Any]]) -> str:
    """Keys and what they name, for people: ``sernet, threads 1``."""
    return ", ".join(part if isinstance(part, str) else f"{key} {part}" for key, part in parts)


@cache
def _validator(kind: str) -> "Validator":
    try:
        from jsonschema import Draft202012Validator
        from referencing import Registry, Resource
    except ImportError:
        raise SernetError(f"Results are checked with jsonschema, which is not installed: {EXTRA}") from None
    schemas = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.schema.json")}
    registry = Registry().with_resources((name, Resource.from_contents(schema)) for name, schema in schemas.items())
    return Draft202012Validator(schemas[f"{kind}.schema.json"], registry=registry)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _first_line(message: str) -> str:
    """Of a message that may repeat a whole document."""
    line = message.splitlines()[0]
    return line if len(line) <= 120 else f"{line[:60]} ... {line[-57:]}"
