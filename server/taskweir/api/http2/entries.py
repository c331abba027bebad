"""Methods whose request is one message, as they are served on a stream."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import aclosing, suppress
from functools import partial
from typing import ClassVar, Final, Protocol

from google.protobuf.message import Message

from taskweir.api.call import Call
from taskweir.api.http2.decompression import unpacked
from taskweir.api.http2.messages import MOST, Received
from taskweir.api.http2.stream import Stream
from taskweir.api.methods import AnyMethod, Calls, InternalError, Method, Service, StreamingMethod
from taskweir.api.streams import Streams
from taskweir.domain.errors import Code, Refusal

_LOG: Final = logging.getLogger(__name__)


class NotServed(Refusal):
    """There is no such method, or it has no such form."""

    code: ClassVar[Code] = Code.UNIMPLEMENTED


class Entry(Protocol):
    """What serves the calls of one method. `most` is how many bytes a message may have."""

    most: int

    def admit(self, stream: Stream) -> None:
        """A call begins. Raises Refusal, before anything of its messages is read."""

    def receive(self, stream: Stream, message: Received) -> None:
        """A message has come. Raises Refusal."""

    def end(self, stream: Stream) -> None:
        """No more messages come. Raises Refusal."""


class OfOneRequest(ABC):
    """Its calls begin when the request is there."""

    most = MOST

    def __init__(self, method: AnyMethod, calls: Calls) -> None:
        self._guarded = method
        self._guards = None if calls.are_for_everybody else calls

    def admit(self, stream: Stream) -> None:
        if self._guards is not None:
            self._guards.authenticate(self._guarded, stream.head.authorization)

    def receive(self, stream: Stream, message: Received) -> None:
        if stream.request is not None:
            raise NotServed("The method takes one message.")
        stream.request = message

    def end(self, stream: Stream) -> None:
        request, stream.request = stream.request, None
        if not isinstance(request, Received):
            raise NotServed("The request has no message.")
        self.begin(stream, request)

    def begin(self, stream: Stream, request: Received) -> None:
        """Serve what was asked for."""
        stream.task = asyncio.get_running_loop().create_task(self._serve(stream, request))

    async def _serve(self, stream: Stream, request: Received) -> None:
        try:
            await self._answer(stream, request)
        except Refusal as refusal:
            stream.refuse(refusal)
        except Exception:  # a bug of ours, and none of a method's; the caller would wait for ever
            _LOG.exception("%s failed", self._guarded.rpc)
            stream.refuse(InternalError())

    @abstractmethod
    async def _answer(self, stream: Stream, request: Received) -> None:
        """Raises Refusal."""


class UnaryEntry(OfOneRequest):
    def __init__(self, method: Method, calls: Calls) -> None:
        super().__init__(method, calls)
        self._method = method
        self._calls = calls

    async def _answer(self, stream: Stream, request: Received) -> None:
        method = self._method
        data = request.data
        if request.is_compressed:
            data = await unpacked(request, stream.head.encoding, stream.messages)
        read = partial(method.parse, data)
        stream.answer(await self._calls.serve(method, read, _serialized, _call(method, stream)))


class LargeEntry(UnaryEntry):
    """Of a method whose answers may be far larger than what they answer."""

    async def _answer(self, stream: Stream, request: Received) -> None:
        async with stream.turn():
            await super()._answer(stream, request)


class StreamingEntry(OfOneRequest):
    def __init__(
        self, method: StreamingMethod, calls: Calls, streams: Streams, longest: float | None = None
    ) -> None:
        """A call ends in good order after `longest` seconds."""
        super().__init__(method, calls)
        self._method = method
        self._calls = calls
        self._streams = streams
        self._longest = longest

    async def _answer(self, stream: Stream, request: Received) -> None:
        method = self._method
        data = await unpacked(request, stream.head.encoding, stream.messages)
        replies = self._calls.stream(method, partial(method.parse, data), _serialized, self._call(stream))
        with self._streams, suppress(TimeoutError):
            async with asyncio.timeout(self._longest), aclosing(replies):
                async for reply in replies:
                    await stream.send(reply)
        stream.finish()

    def _call(self, stream: Stream) -> Call:
        async def begin() -> None:
            stream.begin()

        call = _call(self._method, stream)
        call.begin = begin
        call.is_stopped = self._streams.have_ended
        return call


def _serialized(reply: Message) -> bytes:
    return reply.SerializeToString()


def _call(method: AnyMethod, stream: Stream) -> Call:
    head = stream.head
    deadline = None if head.timeout is None else stream.began + head.timeout
    return Call(method.rpc, head.metadata, deadline)


def entries_of(services: Iterable[tuple[Service, Calls]], streams: Streams) -> Mapping[str, Entry]:
    """By the paths of their methods. `streams` are ended with the server."""
    found: dict[str, Entry] = {}
    for service, calls in services:
        for method in service.methods():
            if isinstance(method, StreamingMethod):
                found[f"/{method.rpc}"] = StreamingEntry(method, calls, streams)
            else:
                kind = LargeEntry if _asks_for_much(method) else UnaryEntry
                found[f"/{method.rpc}"] = kind(method, calls)
    return found


def _asks_for_much(method: AnyMethod) -> bool:
    """In a few bytes, and again and again: those that list, and RunTask. Other methods send a task before it comes back,
    or lease it first; or read one after the other, as GetTask does. Turns would be half as much work again for them."""
    return "page_size" in method.request.DESCRIPTOR.fields_by_name or method.name == "RunTask"
