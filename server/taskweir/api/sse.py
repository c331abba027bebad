"""Streams as server-sent events: an event a message, its JSON in one line of data."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web
from google.protobuf.message import Message

from taskweir.api.rest_answer import error_json, json_of
from taskweir.domain.errors import DeadlineExceeded, Refusal

HEARTBEAT: Final = 15.0
"""Seconds between comments while nothing happens: what is between us and the client would end a silent connection."""
_COMMENT: Final = b":\n\n"
_HEADERS: Final = {"Content-Type": "text/event-stream; charset=UTF-8", "Cache-Control": "no-store"}


async def send_events(
    request: web.Request,
    response: web.StreamResponse,
    replies: AsyncIterator[Message],
    *,
    deadline: float | None,
    heartbeat: float,
    enums_as_numbers: bool,
) -> None:
    """Answer with everything that comes until `deadline` (by the loop's time). What is refused before the response has
    begun is raised; a refusal later on is an event named error, and the last.
    """
    coming = _next(replies)
    try:
        while True:
            await asyncio.wait([coming], timeout=_patience(deadline, heartbeat))
            message = coming.result() if coming.done() else None
            if not response.prepared:
                await response.prepare(request)
            if not coming.done():
                await response.write(_COMMENT)
            elif message is None:
                return
            else:
                coming = _next(replies)
                await response.write(_event(json_of(message, enums_as_numbers=enums_as_numbers)))
    except Refusal as refusal:
        if not response.prepared:
            raise
        await response.write(b"event: error\n" + _event(error_json(refusal)))
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


def event_response() -> web.StreamResponse:
    return web.StreamResponse(headers=_HEADERS)


def _next(replies: AsyncIterator[Message]) -> asyncio.Task[Message | None]:
    async def next_one() -> Message | None:
        return await anext(replies, None)

    return asyncio.create_task(next_one())


def _patience(deadline: float | None, heartbeat: float) -> float:
    """Seconds to wait before something is to be done. Raises DeadlineExceeded."""
    if deadline is None:
        return heartbeat
    left = deadline - asyncio.get_running_loop().time()
    if left <= 0:
        raise DeadlineExceeded
    return min(left, heartbeat)


def _event(data: bytes) -> bytes:
    return b"data: " + data + b"\n\n"
