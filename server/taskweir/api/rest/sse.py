"""Streams as server-sent events: an event a message, its JSON in one line of data."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from taskweir.api.rest.answer import error_json
from taskweir.domain.errors import DeadlineExceeded, Refusal

HEARTBEAT: Final = 15.0
"""Seconds between comments while nothing happens: what is between us and the client would end a silent connection."""
_STALLED: Final = 2
"""Heartbeats in which a client reads nothing of what is waiting for it, and is given up."""
_MOST_WAITING: Final = 16 * 1024
"""Bytes of events that wait to be sent together; more are not asked for."""
_COMMENT: Final = b":\n\n"
_HEADERS: Final = {"Content-Type": "text/event-stream; charset=UTF-8", "Cache-Control": "no-store"}


async def send_events(
    request: web.BaseRequest,
    response: web.StreamResponse,
    replies: AsyncIterator[bytes],
    deadline: float | None,
    heartbeat: float,
) -> None:
    """Answer with everything that comes, JSON, until `deadline` (by the loop's time). What is refused before the
    response has begun is raised; a refusal later on is an event named error, and the last. Raises TimeoutError when
    the client reads nothing for two heartbeats, or until the deadline.
    """
    waiting = _Waiting(replies)
    try:
        while True:
            events = await waiting.take(_patience(deadline, heartbeat))
            if not response.prepared:
                await response.prepare(request)
            if events is None:
                return
            await _write(response, events or _COMMENT, deadline, heartbeat)
    except Refusal as refusal:
        if not response.prepared:
            raise
        await _write(response, b"event: error\n" + _event(error_json(refusal)), None, heartbeat)
    finally:
        await waiting.close()


async def begin(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Send the headers at once. The server holds them back until there is something to send with them, so that is a
    comment."""
    await response.prepare(request)
    await response.write(_COMMENT)


def event_response() -> web.StreamResponse:
    return web.StreamResponse(headers=_HEADERS)


class _Waiting:
    """Events that have come and are not sent yet, to be sent together."""

    def __init__(self, replies: AsyncIterator[bytes]) -> None:
        self._replies = replies
        self._events = bytearray()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._coming = asyncio.create_task(self._come())
        self._coming.add_done_callback(lambda _: self._news.set())

    async def _come(self) -> None:
        async for reply in self._replies:
            self._events += _event(reply)
            self._news.set()
            if len(self._events) > _MOST_WAITING:
                self._room.clear()
                await self._room.wait()

    async def take(self, patience: float) -> bytes | None:
        """What there is, as soon as there is anything; nothing after so many seconds; None after the end. Raises what
        the replies end with."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._news.wait()
        events = bytes(self._events)
        if not events and self._coming.done():
            self._coming.result()
            return None
        self._events.clear()
        self._room.set()
        if not self._coming.done():
            self._news.clear()
        return events

    async def close(self) -> None:
        self._coming.cancel()
        await asyncio.gather(self._coming, return_exceptions=True)


def _patience(deadline: float | None, heartbeat: float) -> float:
    """Seconds to wait before something is to be done. Raises DeadlineExceeded."""
    if deadline is None:
        return heartbeat
    left = deadline - asyncio.get_running_loop().time()
    if left <= 0:
        raise DeadlineExceeded
    return min(left, heartbeat)


async def _write(response: web.StreamResponse, data: bytes, deadline: float | None, heartbeat: float) -> None:
    """Raises TimeoutError."""
    until = asyncio.get_running_loop().time() + _STALLED * heartbeat
    async with asyncio.timeout_at(until if deadline is None else min(until, deadline)):
        await response.write(data)


def _event(data: bytes) -> bytes:
    return b"data: " + data + b"\n\n"
