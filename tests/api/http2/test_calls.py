"""Calls, from their first frame to their last."""

import asyncio
import gc

import pytest
from google.cloud.location import locations_pb2
from tests.api.http2.client import PATH, STREAM_PATH, head_of, message
from tests.api.http2.serving import NAME, Serving, asks, asks_for_list
from tests.eventually import eventually

from taskweir.api.http2.connection import Connection
from taskweir.api.http2.frames import (
    END_HEADERS,
    END_STREAM,
    PADDED,
    PRIORITY,
    ErrorCode,
    Kind,
    frame,
    goaway,
    rst_stream,
    window_update,
)
from taskweir.domain.errors import Code

GET = f"{NAME}/GetLocation"


async def test_a_call_is_answered(served: Serving) -> None:
    """With headers, one message and trailers; and counted."""
    client = await served.client()
    answer = await client.answer(client.call(asks("here")))
    assert answer.headers == [
        (":status", "200"),
        ("content-type", "application/grpc"),
        ("grpc-status", "0"),
    ]
    assert locations_pb2.Location.FromString(answer.messages[0]).name == "here"
    assert served.counted == [(GET, Code.OK)]


async def test_a_refusal_says_why(served: Serving) -> None:
    """In trailers alone, the message in ASCII."""
    client = await served.client()
    answer = await client.answer(client.call(asks("none")))
    assert (answer.status, answer.header("grpc-message")) == (5, "no %C3%A4rea 51%25")
    assert answer.header(":status") == "200"
    assert answer.data == b""


async def test_a_bug_is_an_internal_error(served: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """Which is logged, and not told."""
    client = await served.client()
    answer = await client.answer(client.call(asks("bug")))
    assert (answer.status, answer.header("grpc-message")) == (13, "Internal error encountered.")
    assert "a bug" in caplog.text


async def test_a_bug_of_the_transport_is_one_too(
    served: Serving, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever."""
    entry = served.server._entries[PATH]

    async def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(entry, "_answer", broken)
    client = await served.client()
    answer = await client.answer(client.call(asks("here")))
    assert answer.status == 13
    assert "broken" in caplog.text


@pytest.mark.parametrize(
    ("headers", "data", "status", "text"),
    [
        (head_of("/none/None"), message(b""), 12, "Method not found!"),
        (head_of(), b"", 12, "The request has no message."),
        (head_of(), message(b"") * 2, 12, "The method takes one message."),
        (head_of(), b"\x00\x00", 3, "The request could not be parsed."),
        (head_of(), b"\x00\x00\x00\x00\x05abc", 3, "The request could not be parsed."),
        (head_of(), message(b"\xff\xff"), 3, "The request could not be parsed."),
        (head_of(), message(b"", 2), 3, "The request could not be parsed."),
        (
            head_of(),
            b"\x00\xff\xff\xff\xff",
            8,
            "Received message larger than max (4294967295 vs. 134217728)",
        ),
        (
            head_of(more=[("grpc-timeout", "soon")]),
            message(b""),
            3,
            "The deadline in grpc-timeout could not be read.",
        ),
        (head_of(more=[("a-bin", "ä")]), message(b""), 3, "The metadata a-bin is not base64."),
        (head_of(more=[("x", "y" * 66_000)]), message(b""), 8, "The headers of the call are too large."),
    ],
)
async def test_what_is_no_call_is_refused(
    served: Serving, headers: list[tuple[str, str]], data: bytes, status: int, text: str
) -> None:
    """The connection serves others as before."""
    client = await served.client()
    block = client.block(headers)
    parts = [block[at : at + 16_000] for at in range(0, len(block), 16_000)]
    for number, part in enumerate(parts):
        kind = Kind.CONTINUATION if number else Kind.HEADERS
        client.send(frame(kind, END_HEADERS if number == len(parts) - 1 else 0, 1, part))
    client.data(1, data)
    answer = await client.answer(1)
    assert (answer.status, answer.header("grpc-message")) == (status, text.replace("%", "%25"))
    client.number = 1
    assert (await client.answer(client.call(asks("here")))).status == 0


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({":method": "GET"}, "405"),
        ({"content-type": "application/json"}, "415"),
        ({"content-type": "application/grpc-web"}, "415"),
    ],
)
async def test_what_is_no_grpc_is_refused_by_http(
    served: Serving, changed: dict[str, str], status: str
) -> None:
    """And what the client sends after it is passed over."""
    client = await served.client()
    client.send(frame(Kind.HEADERS, END_HEADERS, 1, client.block([*{**dict(head_of()), **changed}.items()])))
    client.data(1, b"{}")
    assert (await client.answer(1)).headers == [(":status", status)]
    await client.ping()


@pytest.mark.parametrize("type_", ["application/grpc+proto", "application/GRPC;x=y"])
async def test_forms_of_the_content_type(served: Serving, type_: str) -> None:
    """Those that gRPC allows."""
    client = await served.client()
    head = [*{**dict(head_of()), "content-type": type_}.items()]
    client.send(frame(Kind.HEADERS, END_HEADERS, 1, client.block(head)))
    client.data(1, message(asks("here")))
    assert (await client.answer(1)).status == 0


async def test_metadata_reaches_the_method(served: Serving) -> None:
    """But for what is gRPC's own; binary values are bytes, also where they were joined."""
    client = await served.client()
    more = [("grpc-timeout", "20S"), ("x", "1"), ("b-bin", "AAE,/w=="), ("grpc-encoding", "identity")]
    await client.answer(client.call(asks("here"), more=more))
    [call] = served.locations.seen
    assert call.metadata == (("x", "1"), ("b-bin", b"\x00\x01"), ("b-bin", b"\xff"))
    assert call.deadline is not None
    assert call.rpc == GET


async def test_a_large_request_in_many_frames(served: Serving) -> None:
    """The client is told to go on."""
    client = await served.client()
    stream = client.begin()
    data = message(asks("y" * 5_000_000))
    for at in range(0, len(data), 60_000):
        client.data(stream, data[at : at + 60_000], 0)
        await client.drain()
    client.data(stream, b"")
    assert (await client.answer(stream)).status == 0
    assert served.locations.asked == ["y" * 5_000_000]
    windows = {other.stream for other in client.others if other.kind == Kind.WINDOW_UPDATE}
    assert stream in windows


async def test_a_message_in_frames_of_a_byte(served: Serving) -> None:
    """And one without anything."""
    client = await served.client()
    stream = client.begin()
    for byte in message(asks("here")):
        client.data(stream, bytes([byte]), 0)
    client.data(stream, b"")
    assert (await client.answer(stream)).status == 0


async def test_padding_is_no_data(served: Serving) -> None:
    """Of data and of headers; nor is the priority."""
    client = await served.client()
    block = client.block(head_of())
    flags = END_HEADERS | PADDED | PRIORITY
    client.send(frame(Kind.HEADERS, flags, 1, b"\x03" + bytes(5) + block + b"\xff" * 3))
    data = message(asks("here"))
    client.data(1, b"\x02" + data[:7] + b"xx", PADDED)
    client.data(1, b"\x00" + data[7:], PADDED | END_STREAM)
    assert (await client.answer(1)).status == 0


async def test_parts_of_headers_are_put_together(served: Serving) -> None:
    """Whatever their sizes."""
    client = await served.client()
    block = client.block(head_of())
    client.send(frame(Kind.HEADERS, 0, 1, block[:1]) + frame(Kind.CONTINUATION, 0, 1, b""))
    client.send(
        frame(Kind.CONTINUATION, 0, 1, block[1:9]) + frame(Kind.CONTINUATION, END_HEADERS, 1, block[9:])
    )
    client.data(1, message(asks("here")))
    assert (await client.answer(1)).status == 0


async def test_trailers_of_a_request_end_it(served: Serving) -> None:
    """What they say is nobody's."""
    client = await served.client()
    stream = client.begin()
    client.data(stream, message(asks("here")), 0)
    client.send(frame(Kind.HEADERS, END_HEADERS | END_STREAM, stream, client.block([("x", "y")])))
    assert (await client.answer(stream)).status == 0


@pytest.mark.parametrize("trailer", [(":path", "/"), ("Upper", "y"), ("connection", "close"), ("x", "a\nb")])
async def test_trailers_that_no_request_may_have(served: Serving, trailer: tuple[str, str]) -> None:
    """End the stream."""
    client = await served.client()
    stream = client.begin()
    client.send(frame(Kind.HEADERS, END_HEADERS | END_STREAM, stream, client.block([trailer])))
    assert (await client.answer(stream)).reset == ErrorCode.PROTOCOL_ERROR
    await client.ping()


async def test_a_call_that_is_reset_is_cancelled(served: Serving) -> None:
    """And counted so; the client hears no more of it."""
    client = await served.client()
    stream = client.call(asks("wait"))
    await eventually(lambda: served.locations.running)
    client.send(rst_stream(stream, ErrorCode.CANCEL))
    await eventually(lambda: served.locations.cancelled)
    await client.ping()
    assert client.so_far(stream).headers == []
    assert served.counted == [(GET, Code.CANCELLED)]


async def test_a_call_that_is_reset_at_once(served: Serving) -> None:
    """Before it is served: nothing of it is left."""
    client = await served.client()
    stream = client.begin()
    data = frame(Kind.DATA, END_STREAM, stream, message(asks("wait")))
    client.send(data + rst_stream(stream, ErrorCode.CANCEL))
    await client.ping()
    assert not served.locations.running
    assert (await client.answer(client.call(asks("here")))).status == 0


async def test_a_client_that_leaves_cancels_its_calls(served: Serving) -> None:
    """All of them."""
    client = await served.client()
    for _ in range(3):
        client.call(asks("wait"))
    client.begin()
    await eventually(lambda: served.locations.running == 3)
    await client.close()
    await eventually(lambda: served.locations.cancelled == 3)


async def test_a_client_that_says_goodbye_gets_its_answers(served: Serving) -> None:
    """GOAWAY is no end."""
    client = await served.client()
    stream = client.call(asks("wait"))
    client.send(goaway(0, ErrorCode.NO_ERROR))
    await eventually(lambda: served.locations.running)
    served.locations.go_on.set()
    assert (await client.answer(stream)).status == 0


async def test_many_calls_at_once(served: Serving) -> None:
    """As many as there may be; one more is refused, so that the client may try again."""
    client = await served.client()
    streams = [client.call(asks("wait")) for _ in range(1_000)]
    await eventually(lambda: served.locations.running == 1_000)
    assert (await client.answer(client.call(asks("here")))).reset == ErrorCode.REFUSED_STREAM
    served.locations.go_on.set()
    assert {(await client.answer(stream)).status for stream in streams} == {0}


async def test_all_calls_together_are_bounded(served: Serving) -> None:
    """By the memory that they take, even if they say nothing."""
    client = await served.client()
    waiting = client.call(asks("wait"))
    await eventually(lambda: served.locations.running)
    of_one = served.common.budget.used
    assert of_one > 4_000
    taken = served.common.budget._free + served.common.budget._total - of_one
    served.common.budget.take_whole(taken)
    assert (await client.answer(client.call(asks("here")))).status == 0
    second = client.begin()
    assert (await client.answer(client.begin())).status == Code.RESOURCE_EXHAUSTED
    served.common.budget.give_back(taken)
    client.data(second, message(asks("here")))
    assert (await client.answer(second)).status == 0
    served.locations.go_on.set()
    assert (await client.answer(waiting)).status == 0


async def test_calls_of_large_heads_leave_room_for_others(served: Serving) -> None:
    """They are refused where large messages would be."""
    client = await served.client()
    taken = served.common.budget._free
    served.common.budget.take_whole(taken)
    more = [("large", "x" * 4_000)]
    assert (await client.answer(client.call(asks("here"), more=more))).status == Code.RESOURCE_EXHAUSTED
    assert (await client.answer(client.call(asks("here")))).status == 0
    served.common.budget.give_back(taken)
    assert (await client.answer(client.call(asks("here"), more=more))).status == 0


async def test_an_early_answer_stops_the_request(served: Serving) -> None:
    """Who is refused need not send the rest; what is on its way is passed over."""
    client = await served.client()
    stream = client.begin("/none/None")
    answer = await client.answer(stream)
    assert answer.status == 12
    assert (await client.until(Kind.RST_STREAM, stream)).number == ErrorCode.NO_ERROR
    client.data(stream, b"more", 0)
    client.data(stream, b"and more")
    await client.ping()


async def test_two_clients_do_not_feel_each_other(served: Serving) -> None:
    """One's streams are not the other's."""
    first, second = await served.client(), await served.client()
    waits = first.call(asks("wait"))
    await eventually(lambda: served.locations.running)
    assert (await second.answer(second.call(asks("here")))).status == 0
    second.send(rst_stream(waits, ErrorCode.CANCEL))
    await second.ping()
    served.locations.go_on.set()
    assert (await first.answer(waits)).status == 0


async def test_nothing_is_left_for_the_collector(served: Serving) -> None:
    """Memory of calls and of connections is free when they are over, however seldom it is looked for."""
    client = await served.client()
    await client.answer(client.call(asks("here")))
    gc.collect()
    gc.disable()
    try:
        for name in ("here", "size 100000", "none"):
            client.send(window_update(0, 1 << 20))
            stream = client.call(asks(name))
            client.send(window_update(stream, 1 << 20))
            await client.answer(stream)
        for then in ("", "none"):
            await client.answer(client.call(asks_for_list(2, then=then), STREAM_PATH))
        client.call(asks("wait"))
        client.begin()
        await eventually(lambda: served.locations.running)
        await client.close()
        await eventually(lambda: not any(isinstance(one, Connection) for one in gc.get_objects()))
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        kinds = {type(one).__module__ for one in gc.garbage}
        assert not [kind for kind in kinds if kind.startswith("taskweir.api.http2")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def test_calls_that_overlap(served: Serving) -> None:
    """Their data may come in turns."""
    client = await served.client()
    streams = [client.begin() for _ in range(5)]
    requests = [message(asks(f"number {stream}" * 3_000)) for stream in streams]
    for at in range(0, max(map(len, requests)), 1_000):
        for stream, request in zip(streams, requests, strict=True):
            if request[at:]:
                client.data(stream, request[at : at + 1_000], 0)
    for stream in streams:
        client.data(stream, b"")
    answers = await asyncio.gather(*(client.answer(stream) for stream in streams[:1]))
    assert [answer.status for answer in answers] == [0]
    for stream in streams[1:]:
        assert (await client.answer(stream)).status == 0
    assert sorted(served.locations.asked) == sorted(f"number {stream}" * 3_000 for stream in streams)


async def test_a_message_of_too_many_fields(served: Serving) -> None:
    """Is not parsed: empty messages take thirty times the memory, and the parser does not stop for others."""
    client = await served.client()
    stream = client.begin()
    bomb = message(b"\xf8\x01\x01" * 200_000)
    for at in range(0, len(bomb), 60_000):
        client.data(stream, bomb[at : at + 60_000], 0)
    client.data(stream, b"")
    answer = await client.answer(stream)
    assert (answer.status, answer.header("grpc-message")) == (3, "The request has more than 100000 fields.")
    assert served.counted == [(GET, Code.INVALID_ARGUMENT)]
