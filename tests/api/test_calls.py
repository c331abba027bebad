"""What every call passes, over gRPC: counting, and streams."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import pytest
from tests.api.library import DESCRIPTOR, NAME, Library, Request
from tests.eventually import eventually

from taskweir.api.call import Call
from taskweir.api.grpc.server import GrpcServer
from taskweir.api.methods import AnyMethod, Calls, Method, Service
from taskweir.domain.errors import Code, PermissionDenied


@dataclass
class Serving:
    server: GrpcServer
    servicer: Library
    channel: grpc.aio.Channel
    observed: list[tuple[str, str, float]]

    def unary(self, request: bytes | Any, **how: Any) -> Any:
        data = request if isinstance(request, bytes) else request.SerializeToString()
        return self.channel.unary_unary(f"/{NAME}/GetBook", response_deserializer=Request.FromString)(
            data, **how
        )

    def stream(self, request: bytes | Any = b"", **how: Any) -> Any:
        data = request if isinstance(request, bytes) else request.SerializeToString()
        watch = self.channel.unary_stream(f"/{NAME}/WatchBooks", response_deserializer=Request.FromString)
        return watch(data, **how)

    @property
    def codes(self) -> list[tuple[str, str]]:
        return [(rpc, code) for rpc, code, _ in self.observed]


@contextlib.asynccontextmanager
async def serving(
    *checks: Callable[[AnyMethod, Any, Call], None], **how: Callable[[Method, Any, Call], Awaitable[Any]]
) -> AsyncIterator[Serving]:
    observed: list[tuple[str, str, float]] = []

    def observe(rpc: str, code: Code, seconds: float) -> None:
        observed.append((rpc.removeprefix(f"{NAME}/"), code.name, seconds))

    servicer = Library()
    server = GrpcServer([(Service(NAME, DESCRIPTOR, servicer), Calls(checks, observe=observe, **how))])
    port = server.bind("127.0.0.1", 0)
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Serving(server, servicer, channel, observed)
    finally:
        await server.stop(0)


@pytest.fixture
async def served() -> AsyncIterator[Serving]:
    async with serving() as served:
        yield served


async def code_of(call: Any) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value.code().name


async def test_every_call_is_counted(served: Serving) -> None:
    """With its code and its seconds: answered, refused, not to be parsed, met by a bug."""
    await served.unary(Request(name="x"))
    codes = [
        await code_of(served.unary(request))
        for request in (Request(name="not found"), b"\xff", Request(name="not working"))
    ]

    assert codes == ["NOT_FOUND", "INVALID_ARGUMENT", "INTERNAL"]
    assert served.codes == [("GetBook", code) for code in ("OK", *codes)]
    assert all(0 < seconds < 10 for _, _, seconds in served.observed)


async def test_a_call_that_was_given_up_counts_as_cancelled(served: Serving) -> None:
    """By its caller; what its deadline ends counts as that, as the caller sees it."""
    call = served.unary(Request(name="not yet"))
    await served.servicer.watching.wait()
    call.cancel()
    await eventually(lambda: served.codes == [("GetBook", "CANCELLED")])

    assert await code_of(served.unary(Request(name="not yet"), timeout=0.1)) == "DEADLINE_EXCEEDED"
    await eventually(
        lambda: served.codes == [("GetBook", code) for code in ("CANCELLED", "DEADLINE_EXCEEDED")]
    )

    stream = served.stream(timeout=0.1)
    assert await code_of(stream.read()) == "DEADLINE_EXCEEDED"
    await eventually(lambda: served.codes[2:] == [("WatchBooks", "DEADLINE_EXCEEDED")])


async def test_a_reply_that_cannot_be_written_is_a_bug() -> None:
    """Of ours, whether it is all of the answer or some of it."""

    async def carry_out(method: Method, request: Any, call: Call) -> Any:
        return None

    async with serving(carry_out=carry_out) as served:
        assert await code_of(served.unary(Request())) == "INTERNAL"
        served.servicer.coming.put_nowait("no message")
        assert await code_of(served.stream().read()) == "INTERNAL"
        assert served.codes == [("GetBook", "INTERNAL"), ("WatchBooks", "INTERNAL")]


async def test_a_stream_brings_each_message(served: Serving) -> None:
    """As it comes. It is counted once, at its end."""
    stream = served.stream()
    for name in ("a", "b"):
        served.servicer.coming.put_nowait(Request(name=name))
        assert (await stream.read()).name == name
    assert served.codes == []
    served.servicer.coming.put_nowait(None)
    assert await stream.read() is grpc.aio.EOF
    assert served.codes == [("WatchBooks", "OK")]


async def test_a_stream_can_be_refused(served: Serving) -> None:
    """From the start, unparsable, or on the way."""
    assert await code_of(served.stream(Request(kind=1)).read()) == "INVALID_ARGUMENT"
    assert await code_of(served.stream(b"\xff").read()) == "INVALID_ARGUMENT"
    stream = served.stream()
    served.servicer.coming.put_nowait(Request(name="a"))
    served.servicer.coming.put_nowait(RuntimeError("a bug"))
    assert (await stream.read()).name == "a"
    assert await code_of(stream.read()) == "INTERNAL"
    assert served.codes == [("WatchBooks", code) for code in ("INVALID_ARGUMENT",) * 2 + ("INTERNAL",)]


async def test_checks_are_for_streams_too() -> None:
    """Each sees the method, the request and the call."""

    def check(method: AnyMethod, request: Any, call: Call) -> None:
        if call.header("x-key") != request.name:
            raise PermissionDenied(f"{method.name} is not for you.")

    async with serving(check) as served:
        assert await code_of(served.stream(Request(name="k")).read()) == "PERMISSION_DENIED"
        served.servicer.coming.put_nowait(Request(name="a"))
        stream = served.stream(Request(name="k"), metadata=[("x-key", "k")])
        assert (await stream.read()).name == "a"


async def test_a_stream_ends_when_its_client_leaves(served: Serving) -> None:
    """What watches for it is closed."""
    stream = served.stream()
    await served.servicer.watching.wait()
    stream.cancel()
    async with asyncio.timeout(10):
        await served.servicer.left.wait()
    await eventually(lambda: served.codes == [("WatchBooks", "CANCELLED")])


async def test_streams_end_with_the_server(served: Serving) -> None:
    """At once and in good order, whatever the grace."""
    stream = served.stream()
    await served.servicer.watching.wait()
    async with asyncio.timeout(10):
        await served.server.stop(grace=600)
        assert await stream.read() is grpc.aio.EOF
    assert served.servicer.left.is_set()
    assert served.codes == [("WatchBooks", "OK")]


async def test_a_method_without_a_path_variable_has_no_routing_field() -> None:
    """Of the others, it is the first."""
    fields = {method.name: method.routing_field for method in Service(NAME, DESCRIPTOR, Library()).methods()}

    assert fields["UpdateBook"] == "book.name"
    assert (fields["Anyhow"], fields["OnlyGrpc"]) == ("", "")
    assert "NotThere" not in fields
