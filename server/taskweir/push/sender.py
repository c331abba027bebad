"""The sender port: one HTTP request out, one outcome back."""

from collections.abc import Sequence
from typing import Protocol

from taskweir.domain.requests import OutgoingRequest
from taskweir.domain.times import Micros
from taskweir.domain.value import value


@value
class Outcome:
    """What became of a request.

    `http_status` is None when no whole response came; `timed_out` when the dispatch deadline passed first; `error`
    says what went wrong. `unsent` means that no request could be made of it at all, for the reason in `error`.
    `headers_sent` and `request_line` are what went over the wire, `body_start` the first bytes of the answer (at
    most 1 KiB), `retry_after` the answer's header of that name: all but for a minted token, which is in none of them.
    """

    http_status: int | None
    latency: Micros
    timed_out: bool = False
    error: str = ""
    unsent: bool = False
    request_line: str = ""
    headers_sent: Sequence[tuple[str, str]] = ()
    body_start: bytes = b""
    retry_after: str = ""


class Sender(Protocol):
    """Sends requests; never raises for what a target does."""

    async def send(self, request: OutgoingRequest) -> Outcome:
        """Send one request, following no redirects, within its deadline of real time."""
        ...

    async def close(self) -> None:
        """Drop requests in flight and close kept connections."""
        ...
