"""The bodies of HTTP requests, as they come."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from taskweir.api.rest.body_budget import BodyShare
from taskweir.domain.errors import DeadlineExceeded, InvalidArgument

IDLE: Final = 30.0
"""Seconds in which a body must go on."""
_GRACE: Final = 60.0
"""Seconds that any body may take."""
_LEAST_RATE: Final = 1 << 10
"""Bytes a second, when decompressed, with which a body must come on the whole that takes longer. One a second would
hold what came before for days."""
_AT_ONCE: Final = 1 << 20
"""Bytes read before others have their turn: what is compressed may be there all at once."""
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


async def read_body(
    request: web.BaseRequest,
    limit: int,
    deadline: float | None,
    idle: float,
    share: BodyShare | None = None,
) -> bytes:
    """All of it, decompressed, at most `limit` bytes.

    `deadline` is in the loop's time; after `idle` seconds without a byte no more is waited for, nor for a
    body that is too slow on the whole. `share` is what may be
    held of all bodies; without one, that is no matter. Raises InvalidArgument, DeadlineExceeded, ResourceExhausted.
    """
    if not request.can_read_body:
        return b""
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    await _invite(request)
    body = bytearray()
    turn = 0
    async with aclosing(_chunks(request, deadline, idle)) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > limit:
                raise _too_large(limit)
            if share is not None:
                await share.take(len(chunk))
            if len(body) - turn > _AT_ONCE:
                turn = len(body)
                await asyncio.sleep(0)
    return bytes(body)


async def _chunks(
    request: web.BaseRequest, deadline: float | None, idle: float
) -> AsyncGenerator[bytes, None]:
    loop = asyncio.get_running_loop()
    slow = loop.time() + _GRACE
    while True:
        until = min(loop.time() + idle, slow)
        try:
            async with asyncio.timeout_at(until if deadline is None else min(until, deadline)):
                chunk = await request.content.readany()
        except TimeoutError:
            if deadline is not None and loop.time() >= deadline:
                raise DeadlineExceeded from None
            if loop.time() >= slow:
                raise DeadlineExceeded("The request's body came too slowly.") from None
            raise DeadlineExceeded(f"Nothing of the request's body came for {idle:g} s.") from None
        except (web.RequestPayloadError, HttpProcessingError):
            # Not chained: it is the client's.
            raise InvalidArgument("The request's body is not encoded as its headers say.") from None
        if not chunk:
            return
        slow += len(chunk) / _LEAST_RATE
        yield chunk


async def _invite(request: web.BaseRequest) -> None:
    """A client may ask, before it sends a body, whether anybody will read it. Other expectations are none that the
    protocol knows, and are passed over."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(_CONTINUE)
        # It is no part of the answer.
        request.writer.output_size = 0


def _too_large(limit: int) -> InvalidArgument:
    return InvalidArgument(f"Request payload size exceeds the limit: {limit} bytes.")
