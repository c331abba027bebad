"""The bodies of HTTP requests, as they come."""

import asyncio
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from taskweir.domain.errors import DeadlineExceeded, InvalidArgument

IDLE: Final = 30.0
"""Seconds in which a body must go on."""
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


async def read_body(request: web.BaseRequest, limit: int, deadline: float | None, idle: float) -> bytes:
    """All of it, decompressed, at most `limit` bytes.

    `deadline` is in the loop's time; after `idle` seconds without a byte no more is waited for. Raises
    InvalidArgument, DeadlineExceeded.
    """
    if not request.can_read_body:
        return b""
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    await _invite(request)
    body = bytearray()
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(None) as patience:
            while True:
                until = loop.time() + idle
                patience.reschedule(until if deadline is None else min(until, deadline))
                chunk = await request.content.readany()
                body += chunk
                if not chunk:
                    return bytes(body)
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError:
        if deadline is not None and loop.time() >= deadline:
            raise DeadlineExceeded from None
        raise DeadlineExceeded(f"Nothing of the request's body came for {idle:g} s.") from None
    except (web.RequestPayloadError, HttpProcessingError):
        # Not chained: it is the client's.
        raise InvalidArgument("The request's body is not encoded as its headers say.") from None


async def _invite(request: web.BaseRequest) -> None:
    """A client may ask, before it sends a body, whether anybody will read it. Other expectations are none that the
    protocol knows, and are passed over."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(_CONTINUE)
        # It is no part of the answer.
        request.writer.output_size = 0


def _too_large(limit: int) -> InvalidArgument:
    return InvalidArgument(f"Request payload size exceeds the limit: {limit} bytes.")
