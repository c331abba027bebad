"""Which tasks LeaseTasks takes: the filter's grammar, and what it stands for.

    filter = "" | "tag=" tag | "tag_function=oldest_tag()"

The grammar of 2017 is read too: `tag=oldest_tag()`, and tags in double quotes, where a backslash stands before a
quote or a backslash (or anything else that is meant as it is). A tag that begins with a quote is written so.
"""

import re
from dataclasses import dataclass
from typing import Final

from taskweir.domain.errors import InvalidArgument, quoted
from taskweir.domain.limits import MAX_TAG_LENGTH


@dataclass(frozen=True, slots=True)
class AnyTag:
    """Whatever the tag."""


@dataclass(frozen=True, slots=True)
class WithTag:
    """Those of one tag; an empty one is that of tasks without any."""

    tag: str


@dataclass(frozen=True, slots=True)
class OldestTag:
    """Those that have the tag of the task that can be leased longest."""


LeaseFilter = AnyTag | WithTag | OldestTag

_OLDEST: Final = "oldest_tag()"
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def parse_lease_filter(text: str) -> LeaseFilter:
    """Raises InvalidArgument."""
    key, equals, value = text.partition("=")
    match (key, equals, value):
        case ("", "", ""):
            return AnyTag()
        case ("tag_function" | "tag", "=", "oldest_tag()"):
            return OldestTag()
        case ("tag", "=", _):
            return with_tag(_unquoted(value))
        case ("tag_function", "=", _):
            raise InvalidArgument(f"The only tag_function of a filter is {_OLDEST}, not '{quoted(value)}'.")
        case _:
            raise InvalidArgument(
                f"The filter must be 'tag=<tag>' or 'tag_function={_OLDEST}', not '{quoted(text)}'."
            )


def with_tag(tag: str) -> WithTag:
    """Raises InvalidArgument for a tag that no task can have."""
    check_tag(tag)
    return WithTag(tag)


def check_tag(tag: str) -> None:
    """Raises InvalidArgument when it is longer than 500 characters."""
    if len(tag) > MAX_TAG_LENGTH:
        raise InvalidArgument(f"A tag can have at most {MAX_TAG_LENGTH} characters.")


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    found = _QUOTED.fullmatch(value)
    if found is None:
        raise InvalidArgument(
            f"The quoted tag of a filter must end with its closing quote: '{quoted(value)}'."
        )
    return _ESCAPED.sub(r"\1", found[1])
