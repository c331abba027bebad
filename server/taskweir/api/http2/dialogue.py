"""Methods that answer each message of a stream with one."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from taskweir.api.http2.decompression import unpacked
from taskweir.api.http2.messages import Received
from taskweir.api.http2.stream import Stream
from taskweir.api.methods import Authenticate, InternalError
from taskweir.api.streams import Streams
from taskweir.domain.errors import Refusal, ResourceExhausted

_LOG: Final = logging.getLogger(__name__)

_MOST_WAITING: Final = 16
"""Messages of a call that are not answered yet."""


class DialogueEntry:
    most = 64 << 10

    def __init__(
        self,
        answer: Callable[[bytes], bytes],
        authenticate: Authenticate | None,
        streams: Streams,
        longest: float | None = None,
    ) -> None:
        """`answer` raises Refusals. `streams` are ended with the server; each ends in good order after `longest`
        seconds."""
        self._answer = answer
        self._authenticate = authenticate
        self._streams = streams
        self._longest = longest

    def admit(self, stream: Stream) -> None:
        if self._authenticate is not None:
            self._authenticate(stream.head.path.removeprefix("/"), stream.head.authorization)
        stream.request = asyncio.Queue()
        stream.task = asyncio.get_running_loop().create_task(self._serve(stream, stream.request))

    def receive(self, stream: Stream, message: Received) -> None:
        waiting = _waiting(stream)
        if waiting.qsize() >= _MOST_WAITING:
            raise ResourceExhausted("Too much is asked at a time.")
        stream.is_waiting = False
        waiting.put_nowait(message)

    def end(self, stream: Stream) -> None:
        stream.is_waiting = False
        _waiting(stream).put_nowait(None)

    async def _serve(self, stream: Stream, waiting: "asyncio.Queue[Received | None]") -> None:
        try:
            with self._streams, suppress(TimeoutError):
                async with asyncio.timeout(self._longest):
                    await self._answer_all(stream, waiting)
            stream.finish()
        except Refusal as refusal:
            stream.refuse(refusal)
        except Exception:  # a bug of ours, or of a library's: the caller would wait for ever
            _LOG.exception("%s failed", stream.head.path)
            stream.refuse(InternalError())

    async def _answer_all(self, stream: Stream, waiting: "asyncio.Queue[Received | None]") -> None:
        while (message := await self._next(stream, waiting)) is not None:
            data = await unpacked(message, stream.head.encoding, stream.messages)
            await stream.send(self._answer(data))
            stream.messages.let_go(message.held)

    @staticmethod
    async def _next(stream: Stream, waiting: "asyncio.Queue[Received | None]") -> Received | None:
        stream.is_waiting = waiting.empty()
        return await waiting.get()


def _waiting(stream: Stream) -> "asyncio.Queue[Received | None]":
    assert isinstance(stream.request, asyncio.Queue)
    return stream.request
