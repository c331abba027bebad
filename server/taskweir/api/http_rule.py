"""The google.api.http rules of a method: which HTTP requests call it, and which of its fields are in the path.

The grammar of templates, and what is decoded how, is that of google/api/http.proto:

    Template  = "/" Segments [ ":" Verb ]        Segments = Segment { "/" Segment }
    Segment   = "*" | "**" | LITERAL | Variable   Variable = "{" Field { "." Field } [ "=" Segments ] "}"
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from typing import Any, Final, Self
from urllib.parse import unquote_to_bytes

from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor

from taskweir.domain.errors import InvalidArgument

ANY_METHOD: Final = "*"
"""The HTTP method of a binding that takes all."""
WHOLE_BODY: Final = "*"
"""The body of a binding that holds the whole request."""

_ONE: Final = "*"
_REST: Final = "**"
_PART: Final = re.compile(
    r"/(?:\{(?P<field>[a-z_]\w*(?:\.[a-z_]\w*)*)(?:=(?P<segments>[^{}]+))?\}|(?P<plain>[^/{}]*))", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Variable:
    """The segments from `start` on and before `end` (None: all that follow) are the value of `field`, a dotted path
    of field names."""

    field: str
    start: int
    end: int | None

    def value(self, segments: Sequence[str]) -> str:
        """A slash that is escaped within several segments stays so: it separates nothing."""
        if self.end == self.start + 1:
            return decoded(segments[self.start])
        return decoded(
            "/".join(segments[self.start : self.end]).replace("%2F", "%252F").replace("%2f", "%252f")
        )


@dataclass(frozen=True, slots=True)
class Template:
    """A path template: its segments (literal, `*` for one, `**` at the end for all that follow) and its verb."""

    segments: tuple[str, ...]
    verb: str
    variables: tuple[Variable, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError for what is no template."""
        path, verb = _without_verb(text)
        segments: list[str] = []
        variables: list[Variable] = []
        for field, inner in _parts(path):
            start = len(segments)
            segments += inner.split("/")
            if field:
                variables.append(Variable(field, start, None if segments[-1] == _REST else len(segments)))
        _check(text, segments, verb)
        return cls(tuple(segments), verb, tuple(variables))

    @property
    def has_rest(self) -> bool:
        """Whether it matches any number of segments from its last one on."""
        return self.segments[-1] == _REST

    @property
    def beginning(self) -> tuple[str, ...]:
        """The segments before the first one that is open."""
        return tuple(takewhile(lambda segment: segment not in (_ONE, _REST), self.segments))

    def match(self, segments: Sequence[str]) -> Mapping[str, str] | None:
        """The values of the variables in a path whose segments are still encoded, or None where it does not match.

        Raises InvalidArgument for what is no UTF-8 when decoded.
        """
        fixed = len(self.segments) - self.has_rest
        if len(segments) < fixed or (len(segments) > fixed and not self.has_rest):
            return None
        for mine, given in zip(self.segments[:fixed], segments, strict=False):
            if (not given) if mine == _ONE else decoded(given) != mine:
                return None
        return {variable.field: variable.value(segments) for variable in self.variables}


def _without_verb(text: str) -> tuple[str, str]:
    path, colon, verb = text.rpartition(":")
    return (path, verb) if colon and "/" not in verb and "}" not in verb else (text, "")


def _parts(path: str) -> Iterator[tuple[str, str]]:
    """Fields (empty for plain segments) and their segments."""
    position = 0
    while position < len(path):
        part = _PART.match(path, position)
        if part is None:
            raise ValueError(f"{path!r} is no path template")
        position = part.end()
        yield (part["field"], part["segments"] or _ONE) if part["field"] else ("", part["plain"])


def _check(text: str, segments: Sequence[str], verb: str) -> None:
    """Empty segments are nowhere but before a verb: /v1/:reset."""
    if not segments or "" in segments[:-1] or (not segments[-1] and not verb):
        raise ValueError(f"{text!r} has an empty segment")
    if _REST in segments[:-1]:
        raise ValueError(f"{text!r} goes on after **")


def decoded(text: str) -> str:
    """Percent-decoded. Raises InvalidArgument for what is no UTF-8 then."""
    if "%" not in text and text.isascii():
        return text
    try:
        # Bytes that were not escaped though they should have been are in the text as surrogates.
        return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode()
    except UnicodeDecodeError as error:
        raise InvalidArgument("The URL is not valid UTF-8 when percent-decoded.") from error


@dataclass(frozen=True, slots=True)
class Binding:
    """One way to call a method over HTTP. `body` is the name of the field that the body holds, WHOLE_BODY, or empty
    where the body is not looked at."""

    http_method: str
    template: Template
    body: str


@cache
def bindings_of(method: MethodDescriptor) -> tuple[Binding, ...]:
    """By the options of the method; the main one first. Empty for a method without a rule. Kept, since each surface asks
    for those of every method, in each server that a process starts."""
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    if rule.WhichOneof("pattern") is None:
        return ()
    return tuple(_binding(one) for one in (rule, *rule.additional_bindings))


def _binding(rule: Any) -> Binding:  # noqa: ANN401 - google.api carries no types
    kind = rule.WhichOneof("pattern")
    if kind == "custom":
        return Binding(rule.custom.kind, Template.parse(rule.custom.path), rule.body)
    return Binding(kind.upper(), Template.parse(getattr(rule, kind)), rule.body)
