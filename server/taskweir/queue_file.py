"""A queue.yaml read: its grammar, with the line of whatever is wrong."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

import yaml

from taskweir.domain import queue_entry as entries
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.model import Acl, QueueType
from taskweir.domain.queue_bounds import PRODUCTION, QueueBounds
from taskweir.domain.queue_entry import QueueEntry, QueueYaml, RetryParameters
from taskweir.yaml_nodes import Place, YamlMistake, parse_yaml, read_file

T = TypeVar("T")

UPLOADED: Final = "queue.yaml"
"""What a file that came without a name is called in messages."""
_MAX_SIZE: Final = 128 * 1024
"""Bytes: a hundred queues with everything said of each take half of it. The worst takes more than a second to parse."""

_QUEUE_TWICE: Final = "Multiple queue: sections in configuration."
_ROOT_KEYS: Final = frozenset({"queue", "application", "total_storage_limit"})
_PLAIN: Final[Mapping[str, Callable[[str], Any]]] = {
    "name": entries.read_name,
    "mode": entries.read_mode,
    "target": entries.read_target,
}
_BOUNDED: Final[Mapping[str, Callable[[QueueBounds, str], Any]]] = {
    "rate": entries.read_rate,
    "bucket_size": entries.read_bucket_size,
    "max_concurrent_requests": entries.read_max_concurrent_requests,
}
_ENTRY_KEYS: Final = frozenset({*_PLAIN, *_BOUNDED, "retry_parameters", "acl"})
_NOT_IN_PULL: Final = ("rate", "bucket_size", "target")
_RETRY: Final[Mapping[str, Callable[[str], Any]]] = {
    "task_retry_limit": entries.read_task_retry_limit,
    "task_age_limit": entries.read_task_age_limit,
    "min_backoff_seconds": entries.read_min_backoff_seconds,
    "max_backoff_seconds": entries.read_max_backoff_seconds,
    "max_doublings": entries.read_max_doublings,
}
_ACL_KEYS: Final = frozenset({"user_email", "writer_email"})


def read_queue_file(path: str, bounds: QueueBounds = PRODUCTION) -> QueueYaml:
    """Raises InvalidArgument, which names the file and the line."""
    try:
        content = read_file(path)
    except YamlMistake as mistake:
        raise InvalidArgument(str(mistake)) from None
    return read_queue_yaml(content, path, bounds)


def read_queue_yaml(content: bytes, path: str = UPLOADED, bounds: QueueBounds = PRODUCTION) -> QueueYaml:
    """Raises InvalidArgument, which names the file and the line."""
    if len(content) > _MAX_SIZE:
        raise InvalidArgument(f"{path}: is larger than {_MAX_SIZE // 1024} KiB")
    if content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise InvalidArgument(f"{path}: is XML: queue.xml is not supported, write the same as queue.yaml")
    try:
        return _read(content, path, bounds)
    except YamlMistake as mistake:
        raise InvalidArgument(str(mistake)) from None


class _Loader(yaml.SafeLoader):
    """YAML without aliases, as App Engine reads it: a small file is a small value then."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401 - as in PyYAML
        if self.check_event(yaml.AliasEvent):
            at = self.current_event.start_mark
            raise yaml.composer.ComposerError(None, None, "aliases are not supported", at)
        return super().compose_node(parent, index)


def _read(content: bytes, path: str, bounds: QueueBounds) -> QueueYaml:
    root = parse_yaml(content, path, _Loader)
    if root is None or root.is_null:
        raise YamlMistake(f"{path}: Empty queue configuration.")
    given = _given(root, "a queue.yaml", _ROOT_KEYS)
    if "queue" not in given:
        raise root.mistake("Empty queue configuration.")
    if "total_storage_limit" in given:
        _value(given["total_storage_limit"], "total_storage_limit", entries.check_total_storage_limit)
    application = ""
    if "application" in given:
        application = _value(given["application"], "application", entries.read_application)
    return QueueYaml(path, _entries(given["queue"], bounds), application)


def _entries(queue: Place, bounds: QueueBounds) -> tuple[QueueEntry, ...]:
    """`queue:` with nothing after it is a file that lists no queue."""
    found: dict[str, QueueEntry] = {}
    for place in () if queue.is_null else queue.items("queue"):
        entry = _entry(place, bounds)
        if entry.name in found:
            first = found[entry.name].line
            raise place.mistake(f"queue {entry.name} is given twice, first in line {first}")
        if len(found) == entries.MAX_ENTRIES:
            raise place.mistake(f"there can be at most {entries.MAX_ENTRIES} queues in a queue.yaml")
        found[entry.name] = entry
    return tuple(found.values())


def _entry(place: Place, bounds: QueueBounds) -> QueueEntry:
    given = _given(place, "a queue", _ENTRY_KEYS)
    if "name" not in given:
        raise place.mistake("a queue needs a name")
    bounded = {key: partial(read, bounds) for key, read in _BOUNDED.items()}
    values = _values(given, {**_PLAIN, **bounded})
    if "retry_parameters" in given:
        values["retry_parameters"] = _retry_parameters(given["retry_parameters"])
    if "acl" in given:
        values["acl"] = _acl(given["acl"])
    entry = QueueEntry(line=place.line, **values)
    for key in _NOT_IN_PULL if entry.mode is QueueType.PULL else ():
        if key in given:
            raise given[key].mistake(f"{key} is for push queues only")
    return entry


def _retry_parameters(place: Place) -> RetryParameters:
    given = _given(place, "retry_parameters", frozenset(_RETRY))
    retry = RetryParameters(**_values(given, _RETRY))
    try:
        entries.check_backoff(retry)
    except ValueError as error:
        raise given["min_backoff_seconds"].mistake(str(error)) from None
    return retry


def _acl(place: Place) -> Acl:
    emails: dict[str, list[str]] = {key: [] for key in _ACL_KEYS}
    for item in place.items("acl"):
        given = _given(item, "an item of acl", _ACL_KEYS)
        if not given:
            raise item.mistake("an item of acl needs a user_email or a writer_email")
        for key, value in given.items():
            emails[key].append(_value(value, key, entries.read_email))
    return Acl(tuple(emails["user_email"]), tuple(emails["writer_email"]))


def _given(place: Place, what: str, known: frozenset[str]) -> dict[str, Place]:
    """The values of a mapping by their keys. A null is as good as nothing, but after `queue:` of the file."""
    found: dict[str, Place] = {}
    for key, key_place, value in place.entries(what):
        if key not in known:
            raise key_place.mistake(f"unknown key {key!r} in {what}")
        if key in found:
            raise key_place.mistake(_QUEUE_TWICE if key == "queue" else f"{key!r} is given twice")
        found[key] = value
    return {key: value for key, value in found.items() if key == "queue" or not value.is_null}


def _values(given: Mapping[str, Place], readers: Mapping[str, Callable[[str], Any]]) -> dict[str, Any]:
    return {key: _value(given[key], key, read) for key, read in readers.items() if key in given}


def _value(place: Place, key: str, read: Callable[[str], T]) -> T:
    text = place.text(key)
    try:
        return read(text)
    except ValueError as error:
        raise place.mistake(str(error)) from None
