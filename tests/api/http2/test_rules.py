"""What a client may not do, and what becomes of its stream or of its connection."""

import pytest
from hpack import Encoder
from tests.api.http2.client import STREAM_PATH, head_of, message
from tests.api.http2.serving import Serving, asks, asks_for_list
from tests.eventually import eventually

from taskweir.api.http2.frames import (
    ACK,
    END_HEADERS,
    END_STREAM,
    PADDED,
    PRIORITY,
    ErrorCode,
    Kind,
    Setting,
    frame,
    settings,
    window_update,
)
from taskweir.api.http2_preface import HTTP2_PREFACE

HEAD = Encoder().encode(head_of())
CALL = frame(Kind.HEADERS, END_HEADERS, 1, HEAD)
WHOLE = frame(Kind.HEADERS, END_HEADERS | END_STREAM, 1, HEAD)
NUMBER = (1).to_bytes(4, "big")


def setting(number: int, value: int) -> bytes:
    return frame(Kind.SETTINGS, 0, 0, number.to_bytes(2, "big") + value.to_bytes(4, "big"))


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        # frames of streams that have none
        (frame(Kind.DATA, 0, 0, b"x"), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.HEADERS, END_HEADERS, 0, HEAD), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.HEADERS, 0, 0, HEAD), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.PRIORITY, 0, 0, bytes(5)), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.RST_STREAM, 0, 0, NUMBER), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.CONTINUATION, END_HEADERS, 0, HEAD), ErrorCode.PROTOCOL_ERROR),
        # frames of the connection on a stream
        (CALL + frame(Kind.SETTINGS, 0, 1), ErrorCode.PROTOCOL_ERROR),
        (CALL + frame(Kind.PING, 0, 1, bytes(8)), ErrorCode.PROTOCOL_ERROR),
        (CALL + frame(Kind.GOAWAY, 0, 1, bytes(8)), ErrorCode.PROTOCOL_ERROR),
        # streams that were never begun
        (frame(Kind.DATA, 0, 1, b"x"), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.DATA, 0, 2, b"x"), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.RST_STREAM, 0, 1, NUMBER), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.WINDOW_UPDATE, 0, 1, NUMBER), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.HEADERS, END_HEADERS, 2, HEAD), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.HEADERS, END_HEADERS, 5, HEAD) + frame(Kind.HEADERS, END_HEADERS, 4, HEAD), ErrorCode.PROTOCOL_ERROR),
        # streams that are closed
        (frame(Kind.HEADERS, END_HEADERS, 5, HEAD) + frame(Kind.HEADERS, END_HEADERS, 3, HEAD), ErrorCode.STREAM_CLOSED),
        (CALL + frame(Kind.RST_STREAM, 0, 1, NUMBER) + frame(Kind.DATA, 0, 1, b"x"), ErrorCode.STREAM_CLOSED),
        (CALL + frame(Kind.RST_STREAM, 0, 1, NUMBER) + frame(Kind.HEADERS, END_HEADERS, 1, HEAD), ErrorCode.STREAM_CLOSED),
        (WHOLE + frame(Kind.DATA, 0, 1, b"x"), ErrorCode.STREAM_CLOSED),
        (WHOLE + frame(Kind.HEADERS, END_HEADERS | END_STREAM, 1, HEAD), ErrorCode.STREAM_CLOSED),
        # lengths
        (b"\x01\x00\x01" + frame(Kind.DATA, 0, 1)[3:], ErrorCode.FRAME_SIZE_ERROR),
        (CALL + frame(Kind.RST_STREAM, 0, 1, b"abc"), ErrorCode.FRAME_SIZE_ERROR),
        (frame(Kind.WINDOW_UPDATE, 0, 0, b"abc"), ErrorCode.FRAME_SIZE_ERROR),
        (frame(Kind.SETTINGS, 0, 0, b"abcde"), ErrorCode.FRAME_SIZE_ERROR),
        (frame(Kind.SETTINGS, ACK, 0, b"abcdef"), ErrorCode.FRAME_SIZE_ERROR),
        (frame(Kind.PING, 0, 0, b"abc"), ErrorCode.FRAME_SIZE_ERROR),
        (frame(Kind.GOAWAY, 0, 0, b"abc"), ErrorCode.FRAME_SIZE_ERROR),
        (frame(Kind.PRIORITY, 0, 1, b"abc"), ErrorCode.FRAME_SIZE_ERROR),
        (frame(Kind.HEADERS, END_HEADERS | PRIORITY, 1, b"abc"), ErrorCode.FRAME_SIZE_ERROR),
        (frame(Kind.HEADERS, END_HEADERS | PADDED, 1), ErrorCode.FRAME_SIZE_ERROR),
        (CALL + frame(Kind.DATA, PADDED, 1), ErrorCode.FRAME_SIZE_ERROR),
        (CALL + frame(Kind.DATA, PADDED, 1, b"\x05abc"), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.HEADERS, END_HEADERS | PADDED, 1, b"\x05abc"), ErrorCode.PROTOCOL_ERROR),
        # settings
        (setting(Setting.ENABLE_PUSH, 2), ErrorCode.PROTOCOL_ERROR),
        (setting(Setting.INITIAL_WINDOW_SIZE, 1 << 31), ErrorCode.FLOW_CONTROL_ERROR),
        (setting(Setting.MAX_FRAME_SIZE, (1 << 14) - 1), ErrorCode.PROTOCOL_ERROR),
        (setting(Setting.MAX_FRAME_SIZE, 1 << 24), ErrorCode.PROTOCOL_ERROR),
        # windows
        (window_update(0, 0), ErrorCode.PROTOCOL_ERROR),
        (window_update(0, (1 << 31) - 1), ErrorCode.FLOW_CONTROL_ERROR),
        (
            CALL + window_update(1, (1 << 31) - 65_536) + setting(Setting.INITIAL_WINDOW_SIZE, 1 << 20),
            ErrorCode.FLOW_CONTROL_ERROR,
        ),
        # headers in parts
        (frame(Kind.HEADERS, 0, 1, HEAD) + frame(Kind.DATA, 0, 1), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.HEADERS, 0, 1, HEAD) + frame(99, 0, 1), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.HEADERS, 0, 1, HEAD) + frame(Kind.CONTINUATION, 0, 3), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.HEADERS, 0, 1, HEAD) + frame(Kind.HEADERS, 0, 1), ErrorCode.PROTOCOL_ERROR),
        (CALL + frame(Kind.CONTINUATION, END_HEADERS, 1), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.HEADERS, 0, 1) + frame(Kind.CONTINUATION, 0, 1) * 100, ErrorCode.ENHANCE_YOUR_CALM),
        (frame(Kind.HEADERS, 0, 1) + frame(Kind.CONTINUATION, 0, 1, bytes(16_384)) * 9, ErrorCode.ENHANCE_YOUR_CALM),
        # headers that cannot be read
        (frame(Kind.HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff"), ErrorCode.COMPRESSION_ERROR),
        (frame(Kind.HEADERS, END_HEADERS, 1, b"\x80"), ErrorCode.COMPRESSION_ERROR),
        (CALL + frame(Kind.HEADERS, END_HEADERS | END_STREAM, 1, b"\x00\x7f"), ErrorCode.COMPRESSION_ERROR),
        # what clients do not send
        (frame(Kind.PUSH_PROMISE, END_HEADERS, 1, bytes(4) + HEAD), ErrorCode.PROTOCOL_ERROR),
    ],
)  # fmt: skip
async def test_the_connection_ends(served: Serving, sent: bytes, code: ErrorCode) -> None:
    """And the client is told why."""
    client = await served.client()
    client.send(sent)
    assert await client.said_at_the_end() == code


@pytest.mark.parametrize(
    "opening",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        HTTP2_PREFACE[:-1] + b"!",
        HTTP2_PREFACE + frame(Kind.PING, 0, 0, bytes(8)),
        HTTP2_PREFACE + frame(Kind.SETTINGS, ACK, 0),
    ],
)
async def test_a_connection_that_begins_in_another_way(served: Serving, opening: bytes) -> None:
    """Is none of HTTP/2."""
    client = await served.client(opening=opening)
    assert await client.said_at_the_end() == ErrorCode.PROTOCOL_ERROR


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (window_update(1, 0), ErrorCode.PROTOCOL_ERROR),
        (window_update(1, (1 << 31) - 1), ErrorCode.FLOW_CONTROL_ERROR),
        (frame(Kind.HEADERS, END_HEADERS, 1, b"\x00\x01x\x01y"), ErrorCode.PROTOCOL_ERROR),
        (frame(Kind.HEADERS, END_HEADERS | END_STREAM, 1, HEAD), ErrorCode.PROTOCOL_ERROR),
    ],
)  # fmt: skip
async def test_the_stream_ends(served: Serving, sent: bytes, code: ErrorCode) -> None:
    """And no other; what follows on it is passed over."""
    client = await served.client()
    client.send(CALL + sent)
    assert (await client.answer(1)).reset == code
    client.data(1, b"more")
    client.number = 1
    client._encoder = Encoder()
    assert (await client.answer(client.call(asks("here")))).status == 0
    assert not served.locations.running


@pytest.mark.parametrize(
    "more", [frame(Kind.DATA, 0, 1, b"x"), frame(Kind.HEADERS, END_HEADERS | END_STREAM, 1, b"")]
)
async def test_more_after_the_end_of_a_request(served: Serving, more: bytes) -> None:
    """Its call is cancelled, and others are not."""
    client = await served.client()
    stream, other = client.call(asks("wait")), client.call(asks("wait"))
    await eventually(lambda: served.locations.running == 2)
    client.send(more)
    assert (await client.answer(stream)).reset == ErrorCode.STREAM_CLOSED
    await eventually(lambda: served.locations.cancelled == 1)
    served.locations.go_on.set()
    assert (await client.answer(other)).status == 0


@pytest.mark.parametrize(
    "headers",
    [
        head_of()[1:],
        [head for head in head_of() if head[0] != ":path"],
        [head for head in head_of() if head[0] != ":scheme"],
        [*head_of(), (":path", "/again")],
        [("x", "y"), *head_of()],
        [(":status", "200"), *head_of()],
        [(":method", "POST"), *head_of()],
        [*head_of(), ("Upper", "x")],
        [*head_of(), ("", "x")],
        [*head_of(), ("x y", "x")],
        [*head_of(), ("connection", "close")],
        [*head_of(), ("transfer-encoding", "chunked")],
        [*head_of(), ("te", "gzip")],
        [*head_of(), ("x", "a\r\nb: c")],
        [*head_of(), ("x", "a\0b")],
        [*head_of()[:2], (":path", "/\n"), *head_of()[3:]],
        [*head_of(), ("content-length", "many")],
    ],
)
async def test_malformed_heads(served: Serving, headers: list[tuple[str, str]]) -> None:
    """Are no calls, and nobody is asked."""
    client = await served.client()
    client.send(frame(Kind.HEADERS, END_HEADERS, 1, client.block(headers)))
    client.data(1, message(asks("here")))
    assert (await client.answer(1)).reset == ErrorCode.PROTOCOL_ERROR
    await client.ping()
    assert served.locations.asked == []


@pytest.mark.parametrize(("length", "fits"), [(0, False), (10, False), (11, True), (12, False)])
async def test_a_promised_length_is_kept(served: Serving, length: int, fits: bool) -> None:
    """Or the request is malformed; padding is none of it."""
    client = await served.client()
    stream = client.begin(more=[("content-length", str(length))])
    data = message(asks("here"))
    assert len(data) == 11
    client.data(stream, b"\x01" + data[:5] + b"x", PADDED)
    client.data(stream, data[5:])
    answer = await client.answer(stream)
    assert (answer.status == 0, answer.reset == ErrorCode.PROTOCOL_ERROR) == (fits, not fits)


async def test_what_is_not_known_is_passed_over(served: Serving) -> None:
    """Frames, settings and flags of extensions, and priorities; GREASE."""
    client = await served.client()
    client.send(frame(99, 255, 7, b"what") + setting(0x0A0A, 77) + frame(Kind.PRIORITY, 0, 9, bytes(5)))
    stream = client.begin(flags=END_HEADERS | 0x40)
    client.data(stream, message(asks("here")), END_STREAM | 0x40)
    assert (await client.answer(stream)).status == 0


async def test_the_reserved_bit_is_nothing(served: Serving) -> None:
    """Of a stream's number, and of an increment."""
    client = await served.client()
    client.send(frame(Kind.HEADERS, END_HEADERS, 1 | 1 << 31, client.block(head_of())))
    client.send(frame(Kind.WINDOW_UPDATE, 0, 1, (5 | 1 << 31).to_bytes(4, "big")))
    client.data(1, message(asks("here")))
    assert (await client.answer(1)).status == 0


@pytest.mark.parametrize(
    "flood",
    [
        frame(Kind.PING, 0, 0, bytes(8)),
        frame(Kind.SETTINGS, 0, 0),
        frame(Kind.SETTINGS, ACK, 0),
        frame(Kind.PRIORITY, 0, 1, bytes(5)),
        frame(Kind.DATA, 0, 1),
        frame(Kind.DATA, PADDED, 1, b"\x01x"),
        frame(Kind.DATA, 0, 1, b"\0"),
        window_update(0, 1),
        window_update(1, 1),
        frame(99, 0, 1, b"what"),
        frame(Kind.GOAWAY, 0, 0, bytes(8)),
    ],
)
async def test_floods(served: Serving, flood: bytes) -> None:
    """Of frames that ask for nothing end the connection."""
    client = await served.client()
    client.send(CALL + flood * 12_000)
    assert await client.said_at_the_end() == ErrorCode.ENHANCE_YOUR_CALM


async def test_a_flood_about_a_call_that_is_over(served: Serving) -> None:
    """Is one, too, however wide its windows."""
    client = await served.client()
    stream = client.call(asks("here"))
    assert (await client.answer(stream)).status == 0
    client.send(window_update(stream, 1 << 20) * 12_000)
    assert await client.said_at_the_end() == ErrorCode.ENHANCE_YOUR_CALM


async def test_calls_that_are_turned_away_earn_nothing(served: Serving) -> None:
    """They cost the client nothing either."""
    client = await served.client()
    client.send(frame(Kind.PING, 0, 0, bytes(8)) * 9_000)
    for _ in range(100):
        assert (await client.answer(client.call(b"", "/no/such"))).status == 12
    client.send(frame(Kind.PING, 0, 0, bytes(8)) * 9_000)
    assert await client.said_at_the_end() == ErrorCode.ENHANCE_YOUR_CALM


async def test_large_heads_again_and_again(served: Serving) -> None:
    """Cost more than small ones: they take long to read."""
    client = await served.client()
    head = Encoder().encode(head_of(more=[("x-large", "x" * 60_000)]), huffman=False)
    for stream in range(1, 401, 2):
        client.send(frame(Kind.HEADERS, END_HEADERS, stream, head))
    assert await client.said_at_the_end() == ErrorCode.ENHANCE_YOUR_CALM


async def test_connections_take_turns(served: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has sent much at a time does not keep the others waiting until all of it is done; which then is, in its
    order."""
    monkeypatch.setattr("taskweir.api.http2.connection._TURN", -1.0)
    many, other = await served.client(), await served.client()
    await other.ping()
    streams = [many.call(asks(f"{number}")) for number in range(900)]
    await eventually(lambda: served.locations.asked)
    assert (await other.answer(other.call(asks("other")))).status == 0
    assert len(served.locations.asked) < 500
    assert (await many.answer(streams[-1])).status == 0
    served.locations.asked.remove("other")
    assert served.locations.asked == [f"{number}" for number in range(900)]
    await many.ping()


async def test_windows_that_are_changed_again_and_again(served: Serving) -> None:
    """Cost more, the more streams have one."""
    client = await served.client()
    for _ in range(900):
        client.call(asks("wait"))
    await eventually(lambda: served.locations.running == 900)
    client.send(setting(Setting.INITIAL_WINDOW_SIZE, 70_000) * 200)
    assert await client.said_at_the_end() == ErrorCode.ENHANCE_YOUR_CALM


async def test_rapid_resets(served: Serving) -> None:
    """Calls that are begun and reset at once are such a flood (CVE-2023-44487)."""
    client = await served.client()
    head, again = client.block(head_of()), client.block(head_of())
    client.send(frame(Kind.HEADERS, END_HEADERS, 1, head))
    for stream in range(3, 24_003, 2):
        client.send(
            frame(Kind.HEADERS, END_HEADERS, stream, again) + frame(Kind.RST_STREAM, 0, stream, NUMBER)
        )
    assert await client.said_at_the_end() == ErrorCode.ENHANCE_YOUR_CALM
    assert served.locations.asked == []


async def test_resets_that_the_server_is_made_to_send(served: Serving) -> None:
    """Are one as well (CVE-2025-8671)."""
    client = await served.client()
    head, again = client.block(head_of()), client.block(head_of())
    client.send(frame(Kind.HEADERS, END_HEADERS, 1, head))
    for stream in range(3, 24_003, 2):
        client.send(frame(Kind.HEADERS, END_HEADERS, stream, again) + window_update(stream, 0))
    assert await client.said_at_the_end() == ErrorCode.ENHANCE_YOUR_CALM


async def test_many_calls_that_are_cancelled_together(served: Serving) -> None:
    """Are no flood: those of a client whose deadline has come."""
    client = await served.client()
    for _ in range(3):
        streams = [client.call(asks("wait")) for _ in range(900)]
        await eventually(lambda: served.locations.running == 900)
        for stream in streams:
            client.send(frame(Kind.RST_STREAM, 0, stream, NUMBER))
        await eventually(lambda: not served.locations.running)
    assert (await client.answer(client.call(asks("here")))).status == 0


async def test_a_client_that_confirms_each_reply(served: Serving) -> None:
    """In small steps, as it reads: no flood, as long as it is sent something."""
    client = await served.client()
    stream = client.call(asks_for_list(30_000), STREAM_PATH)
    while len(answer := client.so_far(stream).headers) < 3:
        found = await client.frame()
        assert found is not None
        client._take(found)
        if found.kind == Kind.DATA:
            client.send(window_update(0, len(found.payload)) + window_update(stream, len(found.payload)))
            await client.drain()
    assert dict(answer)["grpc-status"] == "0"


async def test_settings_in_a_flood_of_one_frame(served: Serving) -> None:
    """Cost what one costs, however many calls there are."""
    client = await served.client()
    streams = [client.call(asks("wait")) for _ in range(500)]
    await eventually(lambda: served.locations.running == 500)
    many = b"".join(
        int(Setting.INITIAL_WINDOW_SIZE).to_bytes(2, "big") + size.to_bytes(4, "big")
        for size in (1, 70_000) * 5_000
    )
    client.send(frame(Kind.SETTINGS, 0, 0, many) * 20)
    await client.ping()
    served.locations.go_on.set()
    assert (await client.answer(streams[-1])).status == 0


def test_settings_are_written_in_their_order() -> None:
    """As numbers of two bytes and of four."""
    assert settings({Setting.MAX_FRAME_SIZE: 1})[9:] == b"\x00\x05\x00\x00\x00\x01"
