"""Partial responses: which fields of a reply a client asks for in the parameter `fields`, e.g. `a,b/c,d(e,f/g),*`.

Lists are gone through, `*` is every field, and names may be in camelCase or snake_case. What has no fields of its own
that are known, such as a map or an Any, is searched by the names it has in JSON.
"""

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Final, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from taskweir.api.rest.json_faults import fields_by_name, is_map, plain_message
from taskweir.domain.errors import InvalidArgument, quoted

Selection: TypeAlias = dict[str, "Selection | None"]
"""What is asked for, by names; None is a field with all that is in it."""

_EVERY: Final = "*"
_TOKEN: Final = re.compile(r"[^,/.()\s]+|[,/.()]")
_DEEPEST: Final = 100
"""Levels of names, as many as messages may have."""
_FREE: Final = ("google.protobuf.Any", "google.protobuf.Struct", "google.protobuf.Value")


class _SyntaxError(Exception):
    """The text is no selection."""


def selection(text: str, reply: Descriptor) -> Selection:
    """Of the fields of a reply, by their names in JSON. Raises InvalidArgument for text that is none, and for names
    that no field has."""
    tokens = _TOKEN.findall(text)[::-1]
    try:
        parts = _list(tokens, 0)
        if tokens:
            raise _SyntaxError
    except (_SyntaxError, IndexError):
        raise _invalid(text) from None
    return _resolved(parts, reply, "")


def _list(tokens: list[str], depth: int) -> Selection:
    """Takes tokens from the end of the list, which is in reverse."""
    parts: Selection = {}
    while True:
        path = [_name(tokens)]
        while tokens and tokens[-1] in "/.":
            tokens.pop()
            path.append(_name(tokens))
        depth_inside = depth + len(path)
        if depth_inside > _DEEPEST:
            raise _SyntaxError
        inside: Selection | None = None
        if tokens and tokens[-1] == "(":
            tokens.pop()
            inside = _list(tokens, depth_inside)
            if tokens.pop() != ")":
                raise _SyntaxError
        _add(parts, path, inside)
        if not tokens or tokens[-1] != ",":
            return parts
        tokens.pop()


def _name(tokens: list[str]) -> str:
    name = tokens.pop()
    if name in ",/.()":
        raise _SyntaxError
    return name


def _add(parts: Selection, path: Sequence[str], inside: Selection | None) -> None:
    for name in reversed(path[1:]):
        inside = {name: inside}
    _merge(parts, path[0], inside)


def _merge(parts: Selection, name: str, inside: Selection | None) -> None:
    """The whole of something includes its parts."""
    if name not in parts:
        parts[name] = inside
        return
    there = parts[name]
    if there is None or inside is None:
        parts[name] = None
        return
    for deeper, rest in inside.items():
        _merge(there, deeper, rest)


def _resolved(parts: Selection, message: Descriptor, above: str) -> Selection:
    found: Selection = {}
    by_name = fields_by_name(message)
    for name, inside in parts.items():
        path = f"{above}{name}"
        if name == _EVERY:
            _merge_every(found, inside, message, path)
        elif name in by_name:
            field = by_name[name]
            _merge(found, field.json_name, _inside(field, inside, path))
        else:
            raise _invalid(path)
    return found


def _merge_every(found: Selection, inside: Selection | None, message: Descriptor, path: str) -> None:
    """Of `*/name`, the fields that have such a part."""
    fitting = 0
    for field in message.fields:
        try:
            below = _inside(field, inside, path)
        except InvalidArgument:
            continue
        _merge(found, field.json_name, below)
        fitting += 1
    if not fitting and message.fields:
        raise _invalid(f"{path}/{next(iter(inside or ()), '')}")


def _inside(field: FieldDescriptor, parts: Selection | None, path: str) -> Selection | None:
    if parts is None:
        return None
    plain = plain_message(field)
    if plain is not None:
        return _resolved(parts, plain, f"{path}/")
    if is_map(field) or (field.message_type is not None and field.message_type.full_name in _FREE):
        # Under `*` the same are meant of several fields, to each of which others may be added.
        return deepcopy(parts)
    raise _invalid(f"{path}/{next(iter(parts))}")


def _invalid(what: str) -> InvalidArgument:
    return InvalidArgument(f"Invalid field selection {quoted(what)}")


def selected_json(content: object, wanted: Selection) -> object:
    """What is wanted of a reply in JSON."""
    if isinstance(content, list):
        return [selected_json(item, wanted) for item in content if isinstance(item, dict | list)]
    if not isinstance(content, dict):
        return content
    return {
        name: value if inside is None else selected_json(value, inside)
        for name, value in content.items()
        for inside in _asked_for(wanted, name, value)
    }


def _asked_for(wanted: Selection, name: str, value: object) -> Sequence[Selection | None]:
    """Nothing, or what of the value; `*` is left only where names are not known."""
    asked = [wanted[key] for key in (name, _EVERY) if key in wanted]
    if None in asked:
        return [None]
    if not asked or not isinstance(value, dict | list):
        return ()
    both: Selection = {}
    for one in asked:
        for key, inside in (one or {}).items():
            _merge(both, key, inside)
    return [both]


def select(message: Message, wanted: Selection) -> None:
    """Take out of a reply what is not wanted; maps, and what an Any holds, stay as they are."""
    for field, value in message.ListFields():
        if field.json_name not in wanted:
            message.ClearField(field.name)
            continue
        inside = wanted[field.json_name]
        if inside is not None and plain_message(field) is not None:
            for one in value if field.is_repeated else (value,):
                select(one, inside)
