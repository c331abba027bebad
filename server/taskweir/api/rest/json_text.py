"""The text of JSON, parsed; what is none is refused in the words of Google's front ends."""

import json
import re
from collections.abc import Iterable
from itertools import islice
from typing import Final, NoReturn

from taskweir.domain.errors import InvalidArgument

DEEPEST: Final = 100
"""Levels of objects and lists, as many as protobuf allows messages."""
MOST_VALUES: Final = 100_000
"""In objects and lists; no request has as many that is not refused anyway, and all are in memory before it can be."""
_COUNTED: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|([\[{,])', re.DOTALL)
"""Strings, and what is before every value that is not alone in its object or list."""
_COUNTED_AT_ONCE: Final = 1 << 20
"""Bytes."""
_AROUND: Final = 20
"""Characters shown before and after where a text ceases to be JSON."""


def parsed(body: bytes) -> object:
    """Raises InvalidArgument for what is no JSON in UTF-8, nested too deeply, or of too many values."""
    if _has_too_many_values(body):
        raise _invalid(f"It has more than {MOST_VALUES} values.")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise _invalid("The payload is not UTF-8.") from None
    # More is no proof yet: brackets may stand side by side, and in strings.
    may_be_deep = body.count(b"[") + body.count(b"{") > DEEPEST
    # Refusals are not chained to errors that speak of the parser.
    try:
        content: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _unexpected(text, error.pos) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise _invalid("A number in it cannot be read.") from None
    if may_be_deep and _is_deep(content):
        raise _too_deep()
    return content


def _has_too_many_values(body: bytes) -> bool:
    """Strings may hold the same characters, so that what looks like too many is counted again, with care."""
    # In steps: no other thread goes on within one.
    steps = ((at, at + _COUNTED_AT_ONCE) for at in range(0, len(body), _COUNTED_AT_ONCE))
    if sum(body.count(mark, *step) for step in steps for mark in (b",", b"[", b"{")) <= MOST_VALUES:
        return False
    marks = (found for found in _COUNTED.finditer(body) if found[1])
    return next(islice(marks, MOST_VALUES, None), None) is not None


def _is_deep(content: object) -> bool:
    """Level by level: what is deep would exhaust the stack of a function that calls itself."""
    level = [content]
    for _ in range(DEEPEST):
        level = [part for whole in level for part in _parts(whole) if isinstance(part, dict | list)]
        if not level:
            return False
    return True


def _parts(whole: object) -> Iterable[object]:
    if isinstance(whole, dict):
        return whole.values()
    return whole if isinstance(whole, list) else ()


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(parse_constant=_no_number)


def _unexpected(text: str, position: int) -> InvalidArgument:
    end = not text[position:].strip()
    begin = max(0, position - _AROUND)
    shown = re.sub(r"\s", " ", text[begin : position + _AROUND])
    what = "Unexpected end of string." if end else "Unexpected token."
    return _invalid(f"{what}\n{shown}\n{' ' * (position - begin)}^")


def _too_deep() -> InvalidArgument:
    return _invalid(f"It is nested more than {DEEPEST} levels deep.")


def _invalid(reason: str) -> InvalidArgument:
    return InvalidArgument(f"Invalid JSON payload received. {reason}")
