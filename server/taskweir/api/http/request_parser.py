"""aiohttp's parser of requests, with an end at the first fault."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from aiohttp import web
from aiohttp.http import HttpVersion10, HttpVersion11
from aiohttp.http_exceptions import BadHttpMessage, BadStatusLine, HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

_Parsed: TypeAlias = tuple[Sequence[tuple[Any, StreamReader]], bool, bytes]
"""Requests with their bodies, which may still be coming; whether another protocol follows; and its first bytes."""

_VERSIONS: Final = (HttpVersion10, HttpVersion11)
_NOTHING: Final[_Parsed] = ((), False, b"")
_HEAD_LIMIT: Final = 128 << 10
"""Bytes of a request line and all headers together. aiohttp bounds each and their number, but the product is 8 MiB for
each connection."""


class RequestParser:
    """Stands where aiohttp's RequestHandler has its own parser, and has the methods that this calls (3.14.4, 3.14.5).

    As it is there, a body's fault is told as if it were a next request that is malformed: nobody tells who waits for
    the body, and what comes after it is a fault again and again, until so many wait that the connection is not read any
    more, and its end not seen.
    """

    def __init__(self, parser: Any) -> None:  # noqa: ANN401 - compiled, or of Python where that is missing
        self._parser = parser
        self._body: StreamReader = EMPTY_PAYLOAD
        self._head = 0
        """Bytes of a head that is not whole yet, counted by what came at a time."""
        self._has_failed = False

    @property
    def is_within_body(self) -> bool:
        """Whether the request that began last is not whole yet."""
        return not self._body.is_eof()

    @property
    def is_within_head(self) -> bool:
        """Whether the head of a request has begun, and is not whole yet."""
        return self._head > 0 and not self._has_failed

    def feed_data(self, data: bytes) -> _Parsed:
        """Raises HttpProcessingError, once; a fault of a body that has begun is told to who reads that. Nothing is
        read after either."""
        if self._has_failed:
            return _NOTHING
        was_within_body = self.is_within_body
        try:
            parsed: _Parsed = self._parser.feed_data(data)
            for message, body in parsed[0]:
                _check_version(message.version)
                if self._head + len(data) > _HEAD_LIMIT:
                    _check_length(message)
                self._body = body
            self._count_head(data, is_of_head=not parsed[0] and not was_within_body)
        except HttpProcessingError as fault:
            self._has_failed = True
            if not self.is_within_body:
                raise
            self._body.set_exception(web.RequestPayloadError(fault.message))
            return _NOTHING
        return parsed

    def _count_head(self, data: bytes, *, is_of_head: bool) -> None:
        """Raises BadHttpMessage for one that is too long."""
        if not is_of_head:
            self._head = 0
        elif self._head or data.strip(b"\r\n"):
            # Empty lines between requests are passed over.
            self._head += len(data)
            if self._head > _HEAD_LIMIT:
                raise BadHttpMessage("the head of the request does not end")

    def pause_reading(self) -> None:
        self._parser.pause_reading()

    def message_consumed(self) -> None:
        self._parser.message_consumed()

    def set_upgraded(self, val: bool) -> None:  # noqa: FBT001 - as it is called
        self._parser.set_upgraded(val)


def _check_length(message: Any) -> None:  # noqa: ANN401 - aiohttp's own
    """Of a head that is whole, but for spaces around values. Raises BadHttpMessage."""
    headers = sum(len(name) + len(value) + len(": \r\n") for name, value in message.raw_headers)
    if len(message.method) + len(message.path) + len("  HTTP/1.1\r\n\r\n") + headers > _HEAD_LIMIT:
        raise BadHttpMessage("the head of the request is too long")


def _check_version(version: tuple[int, int]) -> None:
    """The parser lets HTTP/0.9 and HTTP/2.0 pass too, which would be answered as such. Raises BadStatusLine."""
    if version not in _VERSIONS:
        raise BadStatusLine(f"HTTP/{version[0]}.{version[1]} is not spoken here")
