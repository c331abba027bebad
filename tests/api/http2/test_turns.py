"""Calls that ask for much with little: what is made for those who do not read."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from google.cloud.location import locations_pb2
from tests.api.http2.client import STREAM_PATH, Client
from tests.api.http2.serving import Serving, asks, asks_for_list, serving
from tests.eventually import eventually

from taskweir.api.call import Call
from taskweir.api.http2.entries import LargeEntry, entries_of
from taskweir.api.http2.frames import ErrorCode, Kind, Setting, frame, rst_stream
from taskweir.api.methods import Calls, Service
from taskweir.api.streams import Streams
from taskweir_pb.v2 import cloudtasks_pb2

MIB = 1 << 20


@dataclass
class Pages:
    """Lists that are one message, of as many bytes as are asked for."""

    made: int = 0
    running: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def GetLocation(  # noqa: N802
        self, request: locations_pb2.GetLocationRequest, call: Call
    ) -> locations_pb2.Location:
        return locations_pb2.Location(name=request.name)

    async def ListLocations(  # noqa: N802
        self, request: locations_pb2.ListLocationsRequest, call: Call
    ) -> locations_pb2.ListLocationsResponse:
        if request.filter == "wait":
            self.running += 1
            try:
                await self.go_on.wait()
            finally:
                self.running -= 1
        self.made += 1
        return locations_pb2.ListLocationsResponse(next_page_token="x" * request.page_size)


async def deaf(served: Serving) -> Client:
    return await served.client({Setting.INITIAL_WINDOW_SIZE: 0})


async def listen(client: Client, *streams: int) -> None:
    """Open the windows."""
    for stream in streams:
        client.send(frame(Kind.WINDOW_UPDATE, 0, stream, (1 << 30).to_bytes(4, "big")))


async def test_little_is_made_for_who_does_not_read() -> None:
    """However much it asks for at once; it has all of it in the end, and calls that ask for little are served."""
    async with serving(locations=Pages()) as served:
        client = await deaf(served)
        streams = [client.call(asks_for_list(MIB), STREAM_PATH) for _ in range(60)]
        await eventually(lambda: served.common.replies.used > 8 * MIB)
        small = client.call(asks("here"))
        await listen(client, 0, small)
        assert (await client.answer(small)).status == 0
        assert served.locations.made <= 9 + 8
        assert served.common.replies.used < 18 * MIB
        await listen(client, *streams)
        answers = [await client.answer(stream) for stream in streams]
        assert {(answer.status, len(answer.messages[0]) > MIB) for answer in answers} == {(0, True)}
        assert served.common.replies.used == 0


async def test_few_are_made_at_a_time() -> None:
    """Of one client, and of all together: one that asks for much does not keep the others out."""
    async with serving(locations=Pages()) as served:
        first, second, third = [await served.client() for _ in range(3)]
        for _ in range(20):
            stream = first.call(asks_for_list(0, then="wait"), STREAM_PATH)
        await first.ping()
        await eventually(lambda: served.locations.running == 8)
        assert (await second.answer(second.call(asks_for_list(0), STREAM_PATH))).status == 0
        for client in (second, third):
            for _ in range(20):
                client.call(asks_for_list(0, then="wait"), STREAM_PATH)
            await client.ping()
        await eventually(lambda: served.locations.running == 16)
        await first.ping()
        assert served.locations.running == 16
        served.locations.go_on.set()
        assert (await first.answer(stream)).status == 0


async def test_a_turn_that_is_not_wanted_any_more() -> None:
    """Whether its call waits or runs."""
    async with serving(locations=Pages()) as served:
        client = await served.client()
        streams = [client.call(asks_for_list(0, then="wait"), STREAM_PATH) for _ in range(20)]
        await eventually(lambda: served.locations.running == 8)
        for stream in streams:
            client.send(rst_stream(stream, ErrorCode.CANCEL))
        served.locations.go_on.set()
        assert (await client.answer(client.call(asks_for_list(0), STREAM_PATH))).status == 0
        deaf_one = await deaf(served)
        streams = [deaf_one.call(asks_for_list(3 * MIB), STREAM_PATH) for _ in range(20)]
        await eventually(lambda: served.common.replies.used > 8 * MIB)
        await deaf_one.close()
        await eventually(lambda: len(served.common.connections) == 1)
        assert served.common.replies.used == 0
        assert (await client.answer(client.call(asks_for_list(0), STREAM_PATH))).status == 0


class Anything:
    """A servicer of any service."""

    def __getattr__(self, name: str) -> Any:
        async def serve(request: Any, call: Call) -> Any:
            raise AssertionError("it is not called")

        return serve


@pytest.mark.parametrize(
    ("method", "takes_turns"),
    [
        ("ListTasks", True),
        ("ListQueues", True),
        ("RunTask", True),
        ("GetTask", False),
        ("CreateTask", False),
    ],
)
def test_which_methods_take_turns(method: str, takes_turns: bool) -> None:
    """Those that make much of little, and do so again."""
    service = Service("Tasks", cloudtasks_pb2.DESCRIPTOR.services_by_name["CloudTasks"], Anything())
    entries = entries_of([(service, Calls(observe=lambda *_: None))], Streams())
    assert isinstance(entries[f"/Tasks/{method}"], LargeEntry) == takes_turns
