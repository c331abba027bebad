"""The end of the server, and its beginning."""

import asyncio
import errno
import socket

import pytest
from tests.api.http2.client import STREAM_PATH, Client
from tests.api.http2.serving import asks, asks_for_list, serving
from tests.eventually import eventually

from taskweir.api.http2.frames import ErrorCode, Kind, Setting
from taskweir.api.http2.listening import bound_sockets
from taskweir.api.http2.reflection import PATHS
from taskweir.api.http2.server import Http2Server
from taskweir.api.places import Places
from taskweir.domain.errors import Code


async def test_calls_may_finish() -> None:
    """New ones are refused so that the client tries elsewhere; then the connection ends."""
    async with serving() as served:
        client, idle = await served.client(), await served.client()
        stream = client.call(asks("wait"))
        await eventually(lambda: served.locations.running)
        await idle.ping()
        stopping = asyncio.create_task(served.server.stop(20))
        told = await client.until(Kind.GOAWAY)
        assert (int.from_bytes(told.payload[:4], "big"), told.code) == (stream, ErrorCode.NO_ERROR)
        assert (await client.answer(client.call(asks("here")))).reset == ErrorCode.REFUSED_STREAM
        assert not stopping.done()
        served.locations.go_on.set()
        assert (await client.answer(stream)).status == 0
        await stopping
        assert await client.said_at_the_end() == ErrorCode.NO_ERROR
        assert await idle.said_at_the_end() == ErrorCode.NO_ERROR
        assert served.locations.cancelled == 0
        with pytest.raises(ConnectionRefusedError):
            await served.client()


async def test_calls_that_take_too_long() -> None:
    """Are told that the server stops; so are those whose requests have not come. Nothing of them goes on."""
    async with serving() as served:
        client = await served.client()
        stream, half = client.call(asks("wait")), client.begin()
        await eventually(lambda: served.locations.running)
        await client.ping()
        await served.server.stop(0)
        assert not served.locations.running
        answer = await client.answer(stream)
        assert (answer.status, answer.header("grpc-message")) == (14, "The server is stopping.")
        assert (await client.answer(half)).status == 14
        assert await client.said_at_the_end() == ErrorCode.NO_ERROR
        assert served.common.budget.used == 0


async def test_the_latest_call_that_is_served_is_never_a_later_one() -> None:
    """Than the client was told at first: it has begun those after it elsewhere (RFC 9113, 6.8)."""
    async with serving() as served:
        client = await served.client()
        stream = client.call(asks("wait"))
        await eventually(lambda: served.locations.running)
        stopping = asyncio.create_task(served.server.stop(20))
        told = [await client.until(Kind.GOAWAY)]
        assert (await client.answer(client.call(asks("here")))).reset == ErrorCode.REFUSED_STREAM
        served.locations.go_on.set()
        while (found := await client.frame()) is not None:
            told += [found] if found.kind == Kind.GOAWAY else []
        assert [int.from_bytes(one.payload[:4], "big") for one in told] == [stream, stream]
        await stopping


async def test_half_a_request_holds_nothing_up() -> None:
    """Nor does a dialogue of which nothing is to be answered."""
    async with serving() as served:
        client = await served.client()
        half, dialogue = client.begin(), client.begin(PATHS[0])
        assert (await client.answer(client.call(asks("here")))).status == 0
        async with asyncio.timeout(10):
            await served.server.stop(20)
        assert (await client.answer(half)).status == 14
        assert (await client.answer(dialogue)).status in (0, 14)


async def test_streams_end_with_the_server() -> None:
    """In good order, and without waiting for them."""
    async with serving() as served:
        client = await served.client()
        stream = client.call(asks_for_list(2, then="wait"), STREAM_PATH)
        await eventually(lambda: served.locations.running)
        await served.server.stop(20)
        answer = await client.answer(stream)
        assert (answer.status, len(answer.messages)) == (0, 2)
        assert [code for _, code in served.counted] == [Code.OK]


async def test_a_client_that_does_not_read_holds_nothing_up() -> None:
    """It is cut off after the grace, and a moment."""
    async with serving() as served:
        client = await served.client({Setting.INITIAL_WINDOW_SIZE: 0})
        stream = client.call(asks("size 1000"))
        await eventually(lambda: served.locations.asked)
        async with asyncio.timeout(5):
            await served.server.stop(0.01)
        assert (await client.answer(stream)).status == 14


async def test_a_connection_that_comes_by_another_port() -> None:
    """Is served with what was read of it; and takes a place there."""
    async with serving() as served:
        places = Places(1)
        loop = asyncio.get_running_loop()

        class First(asyncio.Protocol):
            is_idle = True

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                self.transport = transport
                if not places.take(self):  # type: ignore[arg-type]
                    transport.abort()

            def data_received(self, data: bytes) -> None:
                served.server.begin(self.transport, data, places, self)

        listener = await loop.create_server(First, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        client = await Client.connect(port)
        served.clients.append(client)
        assert (await client.answer(client.call(asks("here")))).status == 0
        client.call(asks("wait"))
        await eventually(lambda: served.locations.running)
        late = await Client.connect(port)
        served.clients.append(late)
        assert await late.said_at_the_end() is None
        listener.close()
        await served.server.stop(0)
        after = await loop.create_server(First, "127.0.0.1", 0)
        gone = await Client.connect(after.sockets[0].getsockname()[1])
        served.clients.append(gone)
        assert await gone.said_at_the_end() == ErrorCode.NO_ERROR
        after.close()


async def test_a_server_that_was_never_started() -> None:
    """Gives its port back."""
    server = Http2Server([])
    port = server.bind("127.0.0.1", 0)
    await server.stop(0)
    other = Http2Server([])
    assert other.bind("127.0.0.1", port) == port
    await other.stop(0)


async def test_nothing_waits_to_be_sent_with_more() -> None:
    """Nagle's algorithm is off: with it, and a client that acknowledges late, the first answer takes 40 ms."""
    async with serving() as served:
        client = await served.client()
        await client.ping()
        [connection] = served.common.connections
        taken = connection._transport.get_extra_info("socket")
        assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken() -> None:
    """Is refused with its address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"127.0.0.1 port {port}") as raised:
            bound_sockets("127.0.0.1", port)
    assert raised.value.errno == errno.EADDRINUSE


def test_an_address_that_this_machine_has_not() -> None:
    """Is the system's to refuse."""
    with pytest.raises(OSError) as raised:
        bound_sockets("192.0.2.1", 0)
    assert raised.value.errno == errno.EADDRNOTAVAIL


def test_all_addresses_of_a_name_have_one_port() -> None:
    """Those that this machine has."""
    sockets = bound_sockets("localhost", 0)
    assert len({one.getsockname()[1] for one in sockets}) == 1
    for one in sockets:
        one.close()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
def test_anywhere_is_everywhere() -> None:
    """An address of IPv6 that stands for all stands for those of IPv4 too; another does not."""
    [anywhere] = bound_sockets("::", 0)
    [loopback] = bound_sockets("::1", 0)
    with anywhere, loopback:
        options = [one.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) for one in (anywhere, loopback)]
    assert options == [0, 1]
