"""One exchange with a target on an easy handle of libcurl, and what became of it."""

import asyncio
from collections.abc import Sequence
from typing import Final

import pycurl

from taskweir.domain.times import Micros
from taskweir.push.sender import Outcome
from taskweir.push.wire_request import WireRequest

BODY_KEPT: Final = 1_024
"""Bytes of an answer's body that are kept; the rest is read and dropped."""

CLOSED: Final = "the sender was closed"
_BROKEN: Final = "the connection was closed before an answer came"
_CUT_SHORT: Final = "the connection was closed within the answer's headers"
_NEVER_SENT: Final = frozenset({pycurl.E_URL_MALFORMAT, pycurl.E_UNSUPPORTED_PROTOCOL})
"""Of the request, and so before it is sent; of an answer, libcurl says the second too."""


class Transfer:
    """An easy handle, and what it carries at the moment. `waited` is how long the target's name was looked up."""

    __slots__ = ("body_start", "curl", "done", "header_lines", "is_sent", "request", "waited")

    def __init__(self) -> None:
        self.curl = pycurl.Curl()
        self.request: WireRequest | None = None
        self.done: asyncio.Future[Outcome] | None = None
        self.waited: Micros = 0
        self.header_lines: list[bytes] = []
        self.body_start = b""
        self.is_sent = False

    def clear(self) -> None:
        self.curl.reset()
        self.request = self.done = None
        self.waited = 0
        self.header_lines.clear()
        self.body_start = b""
        self.is_sent = False

    def before_sending(self, *_addresses: object) -> int:
        """Once only: when a kept connection breaks before the answer, libcurl would send the request again by
        itself, though the target may have worked on it. That is for the retry law to do, and to count."""
        if self.is_sent:
            return int(pycurl.PREREQFUNC_ABORT)
        self.is_sent = True
        return int(pycurl.PREREQFUNC_OK)

    def on_body(self, chunk: bytes) -> None:
        if len(self.body_start) < BODY_KEPT:
            self.body_start += chunk[: BODY_KEPT - len(self.body_start)]

    def outcome(self, errno: int, message: str) -> Outcome:
        if errno in _NEVER_SENT and not self.is_sent:
            return unsent(message)
        if errno == pycurl.E_ABORTED_BY_CALLBACK and self.is_sent and message != CLOSED:
            message = _BROKEN
        if not errno and not _is_whole(self.header_lines):
            errno, message = pycurl.E_PARTIAL_FILE, _CUT_SHORT
        assert self.request is not None
        return Outcome(
            http_status=None if errno else self.curl.getinfo(pycurl.RESPONSE_CODE),
            latency=self.waited + self.curl.getinfo(pycurl.TOTAL_TIME_T),
            timed_out=errno == pycurl.E_OPERATION_TIMEDOUT,
            error=message,
            request_line=self.request.request_line,
            headers_sent=self.request.headers,
            body_start=self.body_start,
            retry_after=_retry_after(self.header_lines),
        )


def unsent(reason: str) -> Outcome:
    """The outcome where no request could be made at all."""
    return Outcome(http_status=None, latency=0, error=reason, unsent=True)


def _is_whole(header_lines: Sequence[bytes]) -> bool:
    """Whether a blank line ends the answer's headers: libcurl takes a connection that closes before it for an end."""
    for line in reversed(header_lines):
        if line in (b"\r\n", b"\n"):
            return True
        if line.startswith(b"HTTP/"):
            return False
    return False


def _retry_after(header_lines: Sequence[bytes]) -> str:
    for line in header_lines:
        if line[:12].lower() == b"retry-after:":
            return line[12:].strip().decode("latin-1")
    return ""
