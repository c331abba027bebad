"""Clients that let the server wait."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest
from tests.api.http2.client import PATH, STREAM_PATH, head_of, message
from tests.api.http2.serving import QUICK, asks, asks_for_list, serving
from tests.eventually import eventually

from taskweir.api.http2.frames import END_HEADERS, ErrorCode, Kind, Setting, frame, ping_ack, window_update
from taskweir.api.http2.pace import LEAST, Pace
from taskweir.api.http2.reflection import PATHS
from taskweir.domain.errors import Code, Unauthenticated

PATIENT = replace(QUICK, quiet=60.0)
"""But for clients that are late with what they owe."""


@pytest.mark.parametrize(
    "opening", [b"", b"PRI * ", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0"]
)
async def test_a_connection_that_says_nothing_ends(opening: bytes) -> None:
    """Or that does not say that it speaks HTTP/2."""
    async with serving(PATIENT) as served:
        client = await served.client(opening=opening)
        assert await client.said_at_the_end() is None


@pytest.mark.parametrize(
    "part", [b"\0\0", frame(Kind.DATA, 0, 1, bytes(50))[:-1], frame(Kind.HEADERS, 0, 1, bytes(50))]
)
async def test_what_is_begun_is_to_be_finished(part: bytes) -> None:
    """A frame, or a block of headers; after calls, too."""
    async with serving(PATIENT) as served:
        client = await served.client()
        assert (await client.answer(client.call(asks("here")))).status == 0
        client.send(part)
        assert await client.said_at_the_end() is None


@pytest.mark.parametrize("data", [b"", message(asks("here"))[:-1], message(asks("here"))])
async def test_a_request_that_does_not_come(data: bytes) -> None:
    """Is refused, and the connection goes on."""
    async with serving(PATIENT) as served:
        client = await served.client()
        stream = client.begin()
        client.data(stream, data, 0)
        answer = await client.answer(stream)
        assert (answer.status, answer.header("grpc-message")) == (
            4,
            "The client sends too little, or takes too little.",
        )
        assert (await client.answer(client.call(asks("here")))).status == 0


async def test_a_reply_that_is_not_taken() -> None:
    """Is not kept for ever, and its stream ends."""
    async with serving(PATIENT) as served:
        client = await served.client({Setting.INITIAL_WINDOW_SIZE: 10})
        assert (await client.answer(client.call(asks("size 1000")))).reset == ErrorCode.CANCEL
        assert (await client.answer(client.call(asks("none")))).status == 5


async def test_a_stream_may_wait_for_others_of_its_connection() -> None:
    """A client that sends one request after the other, or takes one reply after the other, is not late with the rest,
    however long that takes."""
    async with serving(replace(PATIENT, silence=0.25)) as served:
        client = await served.client({Setting.INITIAL_WINDOW_SIZE: 0})
        unread = client.call(asks("size 1000"))
        begun, filled = client.begin(), client.begin()
        client.data(filled, message(bytes(LEAST * 80))[:5], 0)
        for _ in range(60):
            client.data(filled, bytes(LEAST), 0)
            await client.ping()
            await asyncio.sleep(0.01)
        client.data(begun, message(asks("here")))
        client.send(window_update(begun, 10_000) + window_update(unread, 10_000))
        assert (await client.answer(begun)).status == 0
        assert (await client.answer(unread)).status == 0
        assert (await client.answer(filled)).status == 4


async def test_a_stream_may_be_read_when_the_client_likes() -> None:
    """One message waits, and costs little."""
    async with serving(PATIENT) as served:
        client = await served.client({Setting.INITIAL_WINDOW_SIZE: 10})
        stream = client.call(asks_for_list(3), STREAM_PATH)
        other = client.begin()
        assert (await client.answer(other)).status == 4
        client.send(window_update(stream, 10_000))
        assert len((await client.answer(stream)).messages) == 3


async def test_a_client_that_reads_nothing_at_all() -> None:
    """Is hung up on, and its calls are over."""
    async with serving(PATIENT) as served:
        client = await served.client({Setting.INITIAL_WINDOW_SIZE: 1 << 30})
        client.send(window_update(0, 1 << 30))
        client._reader._transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(5):
            client.call(asks("size 20000000"))
        await eventually(lambda: served.locations.asked)
        await eventually(lambda: not served.common.connections)
        assert served.common.budget.used == 0


async def test_a_client_that_asks_and_does_not_read() -> None:
    """Is not read either, before what it is told fills the memory; it may go on later."""

    def refuse(*_: object) -> None:
        raise Unauthenticated("x" * 6_000)

    async with serving(replace(PATIENT, silence=60.0), authenticate=refuse) as served:
        client = await served.client()
        client._reader._transport.pause_reading()  # type: ignore[attr-defined]
        first, again = client.block(head_of()), client.block(head_of())
        client.send(frame(Kind.HEADERS, END_HEADERS, 1, first))
        [connection] = served.common.connections
        wire = connection._wire
        for begin in range(3, 20_003, 400):
            client.send(
                b"".join(frame(Kind.HEADERS, END_HEADERS, begin + more, again) for more in range(0, 400, 2))
            )
            await asyncio.sleep(0)
        await eventually(lambda: not wire._is_reading)
        assert wire.left < 30 << 20
        client._reader._transport.resume_reading()  # type: ignore[attr-defined]
        assert (await client.answer(20_001)).status == 16
        assert wire._is_reading


async def test_a_deadline_that_passes() -> None:
    """The call is told so, and cancelled."""
    async with serving(PATIENT) as served:
        client = await served.client()
        answer = await client.answer(client.call(asks("wait"), more=[("grpc-timeout", "1m")]))
        assert (answer.status, answer.header("grpc-message")) == (4, "Deadline Exceeded")
        await eventually(lambda: served.locations.cancelled)
        assert [code for _, code in served.counted] == [Code.DEADLINE_EXCEEDED]


async def test_a_short_deadline_is_kept_by_itself() -> None:
    """However seldom clients are looked at; one that has passed already is told so at once."""
    async with serving(replace(PATIENT, tick=60.0)) as served:
        client = await served.client()
        assert (await client.answer(client.call(asks("wait"), more=[("grpc-timeout", "20m")]))).status == 4
        assert served.locations.cancelled == 1
        assert (await client.answer(client.call(asks("wait"), more=[("grpc-timeout", "0n")]))).status == 4
        assert served.locations.asked == ["wait"]


async def test_a_long_deadline_is_kept_by_itself_in_the_end() -> None:
    """From when clients are looked at the last time before."""
    async with serving(replace(PATIENT, tick=60.0)) as served:
        client = await served.client()
        stream = client.call(asks("wait"), more=[("grpc-timeout", "90S")])
        await eventually(lambda: served.locations.running)
        [connection] = served.common.connections
        calls = connection._session.calls
        calls.end_late(time.monotonic() + 20)
        await client.ping()
        assert served.locations.running
        calls.end_late(time.monotonic() + 89.98)
        assert served.locations.running
        assert (await client.answer(stream)).status == 4


async def test_a_deadline_that_passes_within_a_message() -> None:
    """Nothing can be said there: the stream ends."""
    async with serving(PATIENT) as served:
        client = await served.client({Setting.INITIAL_WINDOW_SIZE: 3})
        stream = client.call(asks_for_list(3), STREAM_PATH, [("grpc-timeout", "1m")])
        assert (await client.answer(stream)).reset == ErrorCode.CANCEL


async def test_an_idle_connection_ends() -> None:
    """The client is told before, so that none of its calls is lost."""
    async with serving(QUICK, idle=0.05) as served:
        client = await served.client()
        assert (await client.answer(client.call(asks("here")))).status == 0
        first = await client.until(Kind.GOAWAY)
        assert (int.from_bytes(first.payload[:4], "big"), first.code) == ((1 << 31) - 1, ErrorCode.NO_ERROR)
        assert await client.said_at_the_end() == ErrorCode.NO_ERROR


async def test_a_call_that_comes_as_the_connection_ends() -> None:
    """Is served."""
    async with serving(replace(QUICK, tick=0.1), idle=0.05) as served:
        client = await served.client()
        await client.until(Kind.GOAWAY)
        stream = client.call(asks("wait"))
        await eventually(lambda: served.locations.running)
        served.locations.go_on.set()
        assert (await client.answer(stream)).status == 0
        assert await client.said_at_the_end() == ErrorCode.NO_ERROR


async def test_calls_keep_a_connection() -> None:
    """However long they take; whether the client is still there is asked."""
    async with serving(replace(QUICK, silence=60.0)) as served:
        client = await served.client()
        stream = client.call(asks("wait"))
        asked = await client.until(Kind.PING)
        client.send(ping_ack(asked.payload))
        await client.until(Kind.PING)
        served.locations.go_on.set()
        assert (await client.answer(stream)).status == 0


async def test_a_client_that_is_gone_is_found() -> None:
    """It does not answer, and its calls are cancelled."""
    async with serving(QUICK) as served:
        client = await served.client()
        client.call(asks("wait"))
        assert await client.said_at_the_end() is None
        await eventually(lambda: served.locations.cancelled)


async def test_a_faulty_client_that_does_not_leave() -> None:
    """Is hung up on a moment after it was told why."""
    async with serving(PATIENT) as served:
        client = await served.client()
        client.send(frame(Kind.PUSH_PROMISE, 0, 1))
        assert await client.said_at_the_end() == ErrorCode.PROTOCOL_ERROR
        await eventually(lambda: not served.common.connections)


async def test_more_connections_than_there_may_be() -> None:
    """Who does nothing gives way; where all do something, the new one is turned away."""
    async with serving(connections=2) as served:
        busy, idle = await served.client(), await served.client()
        busy.call(asks("wait"))
        await eventually(lambda: served.locations.running)
        assert (await idle.answer(idle.call(asks("here")))).status == 0
        new = await served.client()
        new.call(asks("wait"))
        await eventually(lambda: served.locations.running == 2)
        assert await idle.said_at_the_end() is None
        late = await served.client()
        assert await late.said_at_the_end() == ErrorCode.ENHANCE_YOUR_CALM
        await busy.close()
        await eventually(lambda: len(served.common.connections) == 1)
        after = await served.client()
        assert (await after.answer(after.call(asks("here")))).status == 0


async def test_who_is_not_served_gives_way() -> None:
    """Half a request keeps no place, nor does a dialogue of which everything was answered."""
    async with serving(connections=2) as served:
        half, dialogue = await served.client(), await served.client()
        half.begin()
        dialogue.begin(PATHS[0])
        await half.ping()
        await dialogue.ping()
        for client in (await served.client(), await served.client()):
            client.call(asks("wait"))
        await eventually(lambda: served.locations.running == 2)
        assert await half.said_at_the_end() is None
        assert await dialogue.said_at_the_end() is None


async def test_who_has_not_all_of_an_answer_does_not_give_way() -> None:
    """It is lost when it is still here, and its call is over."""
    async with serving(connections=1) as served:
        client = await served.client()
        assert (await client.answer(client.call(asks("here")))).status == 0
        client._reader._transport.pause_reading()  # type: ignore[attr-defined]
        [connection] = served.common.connections
        connection._wire.write(frame(99, 0, 0, bytes(60_000)) * 400)
        late = await served.client()
        assert await late.said_at_the_end() == ErrorCode.ENHANCE_YOUR_CALM
        client._reader._transport.resume_reading()  # type: ignore[attr-defined]
        assert (await client.answer(client.call(asks("here")))).status == 0
        after = await served.client()
        assert (await after.answer(after.call(asks("here")))).status == 0


@pytest.mark.parametrize(
    ("moves", "kept"),
    [
        ([(0.0, 0), (29.0, 0)], True),
        ([(0.0, 0), (30.0, 0)], False),
        ([(10.0, LEAST), (39.0, LEAST)], True),
        ([(10.0, LEAST), (40.0, LEAST)], False),
        ([(29.0, LEAST - 1), (30.0, LEAST - 1)], False),
        ([(20.0, LEAST), (40.0, 2 * LEAST), (60.0, 3 * LEAST), (80.0, 4 * LEAST)], True),
    ],
)
def test_a_pace(moves: list[tuple[float, int]], kept: bool) -> None:
    """So many bytes in each while of thirty seconds."""
    pace: Any = Pace(0, 0.0)
    assert [pace.is_kept(moved, now, 30.0) for now, moved in moves][-1] is kept


def test_the_path_is_that_of_the_fake() -> None:
    """Whose methods have no bindings of their own here."""
    assert PATH.endswith("/GetLocation")
