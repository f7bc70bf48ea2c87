"""Pieces of C source: constant arrays and structures."""

from collections.abc import Iterable, Mapping

import numpy as np

_LINE = 110


def array(kind: str, name: str, values: np.ndarray) -> str:
    """A static constant array, flat, that can be read four bytes at a time."""
    aligned = "" if "32" in kind else "SERNET_ALIGNED "
    return f"{aligned}static const {kind} {name}[] = {{\n{_lines(map(str, values.reshape(-1).tolist()))}}};\n"


def factors(name: str, multipliers: np.ndarray, shifts: np.ndarray) -> str:
    """An array of `sernet_factor_t`."""
    pairs = zip(multipliers.tolist(), shifts.tolist(), strict=True)
    return f"static const sernet_factor_t {name}[] = {{\n{_lines(f'{{{m}, {s}}}' for m, s in pairs)}}};\n"


def fields(values: Mapping[str, object], indent: int = 0) -> str:
    """An initialiser by names."""
    space = " " * indent
    return "{\n" + "".join(f"{space}    .{name} = {value},\n" for name, value in values.items()) + f"{space}}}"


def string(text: str) -> str:
    """A literal; letters beyond ASCII as the octal codes of their UTF-8."""
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in text.encode()) + '"'


def _lines(words: Iterable[str]) -> str:
    lines, line = [], "   "
    for word in words:
        if len(line) + len(word) > _LINE:
            lines.append(line)
            line = "   "
        line += f" {word},"
    return "\n".join([*lines, line, ""])
