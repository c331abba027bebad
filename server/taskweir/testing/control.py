"""Carrying out calls of the control API, blocking and asynchronous."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any, Final, TypeVar

import grpc
import grpc.aio

from taskweir.sdk import Access
from taskweir.testing.calls import Call, Listing
from taskweir.testing.errors import ControlError
from taskweir.testing.loop_end import LoopEnd
from taskweir.testing.times import Span, as_timedelta
from taskweir_pb.control.v1.control_pb2_grpc import ControlStub

__tracebackhide__ = True  # what a test is told of is its own line

T = TypeVar("T")

_PATIENCE: Final = timedelta(seconds=20)
"""Beyond what a call takes on purpose; only a server that hangs, or is gone, comes near it."""
_NO_CONTROL: Final = "the server has no control API: start it with --control on"


def _no_hint() -> str:
    return ""


class Control:
    """Blocking calls on a channel of its own. `hint` says what else is known when the server cannot be reached."""

    def __init__(self, address: str, access: Access, hint: Callable[[], str] = _no_hint) -> None:
        self._channel = access.channel(address)
        self._stub: Any = ControlStub(self._channel)
        self._hint = hint

    def do(self, call: Call[T], *, wait_for_ready: bool = False) -> T:
        """Raises ControlError."""
        method = getattr(self._stub, call.method)
        try:
            answer = method(call.request, timeout=_seconds(call), wait_for_ready=wait_for_ready)
        except grpc.RpcError as error:
            raise _control_error(error, self._hint) from None
        return call.read(answer)

    def every(self, listing: Listing[T]) -> Iterator[T]:
        """Items of all pages, each page asked for when it is come to. Raises ControlError."""
        page = self.do(listing.call)
        yield from page.items
        while page.next_token:
            listing = listing.after(page)
            page = self.do(listing.call)
            yield from page.items

    def watch(self, call: Call[T], timeout: Span | None) -> Iterator[T]:
        """Without end, but for ControlError when the time is over. The server watches from when this has returned on."""
        stream = getattr(self._stub, call.method)(call.request, timeout=_limit(timeout))
        try:
            stream.initial_metadata()  # which the server sends once it watches
        except grpc.RpcError as error:
            raise _control_error(error, self._hint) from None

        def items() -> Iterator[T]:
            try:
                for message in stream:
                    yield call.read(message)
            except grpc.RpcError as error:
                raise _control_error(error, self._hint) from None
            finally:
                stream.cancel()

        return items()

    def close(self) -> None:
        self._channel.close()


class AsyncControl:
    """Asynchronous calls. The channel is made by the first of them, in the loop that it belongs to from then on, and
    that closes it when it ends."""

    def __init__(self, address: str, access: Access, hint: Callable[[], str] = _no_hint) -> None:
        self._address = address
        self._access = access
        self._hint = hint
        self._channel: Any = None
        self._made_stub: Any = None

    @property
    def _stub(self) -> Any:  # noqa: ANN401 - gRPC has no types
        if self._channel is None:
            self._channel = self._access.channel(self._address, is_async=True)
            self._made_stub = ControlStub(self._channel)
            self._loop_end = LoopEnd(self._channel.close)
        return self._made_stub

    async def do(self, call: Call[T], *, wait_for_ready: bool = False) -> T:
        """Raises ControlError."""
        method = getattr(self._stub, call.method)
        try:
            answer = await method(call.request, timeout=_seconds(call), wait_for_ready=wait_for_ready)
        except grpc.RpcError as error:
            raise _control_error(error, self._hint) from None
        return call.read(answer)

    async def every(self, listing: Listing[T]) -> AsyncIterator[T]:
        """Items of all pages. Raises ControlError."""
        page = await self.do(listing.call)
        for item in page.items:
            yield item
        while page.next_token:
            listing = listing.after(page)
            page = await self.do(listing.call)
            for item in page.items:
                yield item

    async def watch(self, call: Call[T], timeout: Span | None) -> AsyncIterator[T]:
        """As Control.watch."""
        stream = getattr(self._stub, call.method)(call.request, timeout=_limit(timeout))
        try:
            await stream.initial_metadata()  # which the server sends once it watches
        except grpc.RpcError as error:
            raise _control_error(error, self._hint) from None

        async def items() -> AsyncIterator[T]:
            try:
                async for message in stream:
                    yield call.read(message)
            except grpc.RpcError as error:
                raise _control_error(error, self._hint) from None
            finally:
                stream.cancel()

        return items()

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close()


def _seconds(call: Call[Any]) -> float:
    return (call.takes + _PATIENCE).total_seconds()


def _limit(timeout: Span | None) -> float | None:
    return None if timeout is None else as_timedelta(timeout).total_seconds()


def _control_error(error: Any, hint: Callable[[], str]) -> ControlError:  # noqa: ANN401 - gRPC has no types
    code = error.code().name
    message = _NO_CONTROL if code == "UNIMPLEMENTED" else error.details()
    if code == "UNAVAILABLE" and (more := hint()):
        message = f"{message}; {more}"
    return ControlError(code, message)
