"""BufferTask: an HTTP request that becomes a task of a queue whose HTTP target says where it goes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from taskweir.domain.dispatch_headers import OF_THE_CONNECTION
from taskweir.domain.errors import FailedPrecondition, InvalidArgument, quoted
from taskweir.domain.model import EnforceMode, HttpMethod, HttpRequest, Queue, QueueType
from taskweir.domain.uri_override import overridden_url

_OF_THE_CALL: Final = frozenset(
    {
        "authorization",
        "content-length",
        "host",
        "proxy-authenticate",
        "proxy-authorization",
        "user-agent",
        "x-http-method-override",
    }
)
"""About the call itself. Its Authorization is the caller's credential for this server, and nobody else's business."""
_PREFIXES_OF_THE_SERVICE: Final = ("x-google-", "x-goog-", "x-cloudtasks-", "x-appengine-")


def buffered_request(
    queue: Queue, http_method: str, headers: Sequence[tuple[str, str]], body: bytes
) -> HttpRequest:
    """The task's request, not yet checked as any task's is. Raises InvalidArgument for a method that no task can have
    and for headers that are no text, FailedPrecondition for a queue that does not say where to send it."""
    return HttpRequest(
        url=_url(queue), http_method=_method(http_method), headers=_kept_headers(headers), body=body
    )


def _url(queue: Queue) -> str:
    """Whole, so that it stays right should the queue's override go: that is put over it again at each dispatch."""
    if queue.type is QueueType.PULL:
        raise FailedPrecondition("BufferTask cannot be called on a pull queue.")
    override = queue.http_target.uri_override if queue.http_target else None
    if override is None or not override.host:
        raise FailedPrecondition(
            "BufferTask needs a queue whose HttpTarget.uriOverride has a host: nothing else says where to send the task."
        )
    return overridden_url("https:///", replace(override, enforce_mode=EnforceMode.ALWAYS))


def _method(name: str) -> HttpMethod:
    try:
        return HttpMethod[name]
    except KeyError:
        raise InvalidArgument(f'The HTTP method "{quoted(name)}" cannot be a task\'s.') from None


def _kept_headers(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """One value for each name, in its first spelling."""
    dropped = _OF_THE_CALL | OF_THE_CONNECTION | _named_by_connection(headers)
    kept: dict[str, tuple[str, list[str]]] = {}
    for name, value in headers:
        lower = name.lower()
        if lower not in dropped and not lower.startswith(_PREFIXES_OF_THE_SERVICE):
            kept.setdefault(lower, (name, []))[1].append(_text(name, value))
    return {name: ", ".join(values) for name, values in kept.values()}


def _named_by_connection(headers: Iterable[tuple[str, str]]) -> frozenset[str]:
    """What a hop says is for the next hop alone (RFC 9110, 7.6.1)."""
    return frozenset(
        named.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for named in value.split(",")
    )


def _text(name: str, value: str) -> str:
    """Bytes that were no UTF-8 come as halves of surrogate pairs, which nothing can be stored as."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f'The value of header "{quoted(name)}" is not UTF-8.') from None
    return value
