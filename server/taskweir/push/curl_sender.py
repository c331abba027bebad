"""The sender on libcurl (pycurl): HTTP, TLS and name resolution from a library the world relies on."""

import asyncio
from collections.abc import Sequence
from typing import Final

import pycurl

from taskweir.domain.outgoing import OutgoingRequest
from taskweir.push.curl_loop import CurlLoop
from taskweir.push.curl_options import set_options
from taskweir.push.sender import Outcome
from taskweir.push.trust import trust
from taskweir.push.wire_request import Unsendable, WireRequest, wire_request

BODY_KEPT: Final = 1_024
"""Bytes of an answer's body that are kept; the rest is read and dropped."""

KEPT_CONNECTIONS: Final = 4_096
"""Idle connections kept for later requests, to all targets together: with far fewer than come into use at once,
every burst would open and close the rest."""

_SPARE_HANDLES: Final = 4_096
_NEVER_SENT: Final = frozenset({pycurl.E_URL_MALFORMAT, pycurl.E_UNSUPPORTED_PROTOCOL})
_BROKEN: Final = "the connection was closed before an answer came"
_CLOSED: Final = "the sender was closed"
_CUT_SHORT: Final = "the connection was closed within the answer's headers"


class _Transfer:
    """An easy handle, and what it carries at the moment."""

    __slots__ = ("body_start", "curl", "done", "header_lines", "is_sent", "request")

    def __init__(self) -> None:
        self.curl = pycurl.Curl()
        self.request: WireRequest | None = None
        self.done: asyncio.Future[Outcome] | None = None
        self.header_lines: list[bytes] = []
        self.body_start = b""
        self.is_sent = False

    def clear(self) -> None:
        self.curl.reset()
        self.request = self.done = None
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
        if errno in _NEVER_SENT:
            return _unsent(message)
        if errno == pycurl.E_ABORTED_BY_CALLBACK and self.is_sent and message != _CLOSED:
            message = _BROKEN
        if not errno and not _is_whole(self.header_lines):
            errno, message = pycurl.E_PARTIAL_FILE, _CUT_SHORT
        assert self.request is not None
        return Outcome(
            http_status=None if errno else self.curl.getinfo(pycurl.RESPONSE_CODE),
            latency=self.curl.getinfo(pycurl.TOTAL_TIME_T),
            timed_out=errno == pycurl.E_OPERATION_TIMEDOUT,
            error=message,
            request_line=self.request.request_line,
            headers_sent=self.request.headers,
            body_start=self.body_start,
            retry_after=_retry_after(self.header_lines),
        )


class CurlSender:
    """Implements `Sender`. Connections are kept and used again; easy handles too.

    `ca_file` replaces the machine's certificate authorities; `insecure_targets` accepts any certificate. How many
    requests are in flight is the caller's to bound.
    """

    def __init__(self, ca_file: str | None = None, *, insecure_targets: bool = False) -> None:
        """Must be made on the loop that it will run on. Raises OSError for a `ca_file` that cannot be read."""
        self._trust = trust(ca_file, insecure=insecure_targets)
        self._curl_loop = CurlLoop(self._on_done, KEPT_CONNECTIONS)
        self._loop = asyncio.get_running_loop()
        self._in_flight: dict[pycurl.Curl, _Transfer] = {}
        self._spare: list[_Transfer] = []
        self._is_closed = False

    async def send(self, request: OutgoingRequest) -> Outcome:
        """Send one request. A cancelled call drops its transfer and closes that connection."""
        if self._is_closed:
            return _unsent(_CLOSED)
        transfer = self._spare.pop() if self._spare else _Transfer()
        try:
            self._start(transfer, request)
        except (Unsendable, pycurl.error, UnicodeError) as error:
            self._recycle(transfer)
            return _unsent(str(error))
        done = transfer.done
        assert done is not None
        try:
            return await done
        except asyncio.CancelledError:
            if transfer.done is done:  # else it ended meanwhile, and may carry another request by now
                self._drop(transfer)
            raise

    async def close(self) -> None:
        """Drop requests in flight, whose callers are told so, and close kept connections."""
        self._is_closed = True
        for transfer in list(self._in_flight.values()):
            outcome = transfer.outcome(pycurl.E_ABORTED_BY_CALLBACK, _CLOSED)
            done = transfer.done
            self._drop(transfer)
            _tell(done, outcome)
        self._curl_loop.close()
        for transfer in self._spare:
            transfer.curl.close()
        self._spare.clear()

    def _start(self, transfer: _Transfer, request: OutgoingRequest) -> None:
        transfer.request = wire = wire_request(request)
        set_options(
            transfer.curl,
            wire,
            request.deadline,
            self._trust,
            before_sending=transfer.before_sending,
            on_header=transfer.header_lines.append,
            on_body=transfer.on_body,
        )
        transfer.done = self._loop.create_future()
        self._curl_loop.add(transfer.curl)
        self._in_flight[transfer.curl] = transfer

    def _on_done(self, curl: pycurl.Curl, errno: int, message: str) -> None:
        transfer = self._in_flight.pop(curl)
        outcome, done = transfer.outcome(errno, message), transfer.done
        self._recycle(transfer)
        _tell(done, outcome)

    def _drop(self, transfer: _Transfer) -> None:
        del self._in_flight[transfer.curl]
        self._curl_loop.remove(transfer.curl)
        self._recycle(transfer)

    def _recycle(self, transfer: _Transfer) -> None:
        if len(self._spare) < _SPARE_HANDLES:
            transfer.clear()
            self._spare.append(transfer)
        else:
            transfer.done = None
            transfer.curl.close()


def _tell(done: asyncio.Future[Outcome] | None, outcome: Outcome) -> None:
    if done is not None and not done.done():  # the caller may just have been cancelled
        done.set_result(outcome)


def _unsent(reason: str) -> Outcome:
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
