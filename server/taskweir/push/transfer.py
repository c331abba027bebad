"""One exchange with a target on an easy handle of libcurl, and what became of it."""

import asyncio
from collections.abc import Callable
from typing import Final

import pycurl

from taskweir.domain.times import Micros
from taskweir.push.answer_head import AnswerHead
from taskweir.push.curl_options import HandleOptions
from taskweir.push.minted import headers_to_show, text_without_token, without_token
from taskweir.push.sender import Outcome
from taskweir.push.trust import Trust
from taskweir.push.wire_request import WireRequest

BODY_KEPT: Final = 1_024
"""Bytes of an answer's body that are kept; the rest is read and dropped."""

CLOSED: Final = "the sender was closed"
_BROKEN: Final = "the connection was closed before an answer came"
_CUT_SHORT: Final = "the connection was closed within the answer's headers"
_NEVER_SENT: Final = frozenset({pycurl.E_URL_MALFORMAT, pycurl.E_UNSUPPORTED_PROTOCOL})
"""Of the request, and so before it is sent; of an answer, libcurl says the second too."""
_TOO_LARGE: Final = frozenset({100, pycurl.E_OUT_OF_MEMORY})
"""Of a request, if nothing of it went out, or of an answer. pycurl has no name for the first; libcurl before 8.6 says the
second."""


class Transfer:
    """An easy handle, and what it carries at the moment. `waited` is how long the target's name was looked up.
    `refusal_of` says of the request's name and an address why nothing may be sent there; empty when it may. None where
    nothing is refused."""

    __slots__ = (
        "body_start",
        "curl",
        "done",
        "header_lines",
        "is_sent",
        "options",
        "refusal",
        "refusal_of",
        "request",
        "waited",
    )

    def __init__(self, trust: Trust, socket_opened: Callable[[int, object], int]) -> None:
        """`socket_opened` is that of the `CurlLoop`."""
        self.curl = pycurl.Curl()
        self.request: WireRequest | None = None
        self.done: asyncio.Future[Outcome] | None = None
        self.waited: Micros = 0
        self.header_lines: list[bytes] = []
        self.body_start = b""
        self.is_sent = False
        self.refusal_of: Callable[[str, str], str] | None = None
        self.refusal = ""
        self.options = HandleOptions(
            self.curl,
            trust,
            socket_opened=socket_opened,
            before_sending=self.before_sending,
            on_header=self.header_lines.append,
            on_body=self.on_body,
        )

    def clear(self) -> None:
        self.options.rest(self.request)
        self.request = self.done = None
        self.waited = 0
        self.header_lines.clear()
        self.body_start = b""
        self.is_sent = False
        self.refusal_of = None
        self.refusal = ""

    def before_sending(self, peer: str, *_rest: object) -> int:
        """Only to an address that may be sent to, whatever led there: `peer` is what the connection is made to, new
        or kept.

        And once only: when a kept connection breaks before the answer, libcurl would send the request again by
        itself, though the target may have worked on it. That is for the retry law to do, and to count."""
        if self.is_sent:
            return int(pycurl.PREREQFUNC_ABORT)
        if self.refusal_of is not None and self.request is not None:
            self.refusal = self.refusal_of(self.request.host.name, peer)
            if self.refusal:
                return int(pycurl.PREREQFUNC_ABORT)
        self.is_sent = True
        return int(pycurl.PREREQFUNC_OK)

    def on_body(self, chunk: bytes) -> None:
        if len(self.body_start) < BODY_KEPT:
            self.body_start += chunk[: BODY_KEPT - len(self.body_start)]

    def outcome(self, errno: int, message: str) -> Outcome:
        if self.refusal:
            return unsent(self.refusal)
        if errno and not message:
            message = f"libcurl's error {errno}"
        if self._was_never_sent(errno):
            return unsent(message)
        if errno == pycurl.E_ABORTED_BY_CALLBACK and self.is_sent and message != CLOSED:
            message = _BROKEN
        head = AnswerHead.of(self.header_lines)
        if not errno and not head.is_whole:
            errno, message = pycurl.E_PARTIAL_FILE, _CUT_SHORT
        request = self.request
        assert request is not None
        return Outcome(
            http_status=None if errno else self.curl.getinfo(pycurl.RESPONSE_CODE),
            latency=self.waited + self.curl.getinfo(pycurl.TOTAL_TIME_T),
            timed_out=errno == pycurl.E_OPERATION_TIMEDOUT,
            error=text_without_token(message, request),  # libcurl quotes the target
            request_line=request.request_line,
            headers_sent=headers_to_show(request),
            body_start=self._body_to_keep(head, request),
            retry_after=without_token(head.retry_after, request).decode("latin-1"),
        )

    def _was_never_sent(self, errno: int) -> bool:
        if errno in _TOO_LARGE:
            return not self.curl.getinfo(pycurl.REQUEST_SIZE)
        return errno in _NEVER_SENT and not self.is_sent

    def _body_to_keep(self, head: AnswerHead, request: WireRequest) -> bytes:
        """In a compressed body nobody would find the token, but who decompresses it."""
        if request.token and head.is_body_encoded:
            return b""
        return without_token(self.body_start, request)


def unsent(reason: str) -> Outcome:
    """The outcome where no request could be made at all."""
    return Outcome(http_status=None, latency=0, error=reason, unsent=True)
