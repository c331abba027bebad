"""However the bytes of a connection are cut, they mean the same."""

import asyncio
import contextlib
from collections.abc import Sequence

import pytest
from hpack import Encoder
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.api.http2.client import head_of, message

from taskweir.api.http2.frame_reader import FrameReader
from taskweir.api.http2.frames import (
    END_HEADERS,
    END_STREAM,
    PADDED,
    PRIORITY,
    ConnectionFault,
    Kind,
    frame,
)
from taskweir.api.http2.memory import MessageBudget
from taskweir.api.http2.messages import MessageReader
from taskweir.api.http2_preface import HTTP2_PREFACE
from taskweir.domain.errors import Refusal

HEAD = Encoder().encode(head_of())
SENT = (
    HTTP2_PREFACE
    + frame(Kind.SETTINGS, 0, 0)
    + frame(Kind.HEADERS, END_HEADERS | PADDED | PRIORITY, 1, b"\x02" + bytes(5) + HEAD + b"xx")
    + frame(Kind.DATA, 0, 1, b"abc")
    + frame(Kind.HEADERS, END_STREAM, 3, HEAD[:5])
    + frame(Kind.CONTINUATION, 0, 3, HEAD[5:6])
    + frame(Kind.CONTINUATION, END_HEADERS, 3, HEAD[6:])
    + frame(Kind.DATA, END_STREAM, 1, bytes(300))
    + frame(99, 7, 5)
)
cuts = st.lists(st.integers(0, len(SENT)), max_size=30).map(sorted)


def parts(data: bytes, at: Sequence[int]) -> list[bytes]:
    return [data[begin:end] for begin, end in zip([0, *at], [*at, len(data)], strict=True)]


@given(cuts)
@settings(max_examples=80, deadline=None)
def test_frames(at: list[int]) -> None:
    """Blocks of headers are one, without their padding."""
    taken: list[tuple[int, int, int, bytes]] = []
    reader = FrameReader(lambda *frame: taken.append(frame), lambda *_: None)
    for part in parts(SENT, at):
        if part:
            reader.feed(part)
    assert taken == [
        (Kind.SETTINGS, 0, 0, b""),
        (Kind.HEADERS, END_HEADERS | PADDED | PRIORITY, 1, HEAD),
        (Kind.DATA, 0, 1, b"abc"),
        (Kind.HEADERS, END_STREAM, 3, HEAD),
        (Kind.DATA, END_STREAM, 1, bytes(300)),
        (99, 7, 5, b""),
    ]
    assert reader.unfinished is None


@given(st.lists(st.binary(max_size=3_000), max_size=6), st.data())
@settings(max_examples=80, deadline=None)
def test_messages(sent: list[bytes], data: st.DataObject) -> None:
    """And all that was taken of the budget is given back in the end."""
    budget = MessageBudget(1 << 20)
    reader = MessageReader(budget.share())
    whole = b"".join(message(one, number % 2) for number, one in enumerate(sent))
    at = data.draw(st.lists(st.integers(0, len(whole)), max_size=20).map(sorted))
    received = [found for part in parts(whole, at) for found in reader.feed(part)]
    assert [(one.data, one.is_compressed) for one in received] == [
        (one, bool(n % 2)) for n, one in enumerate(sent)
    ]
    assert not reader.is_within_message
    assert budget.used == sum(one.held for one in received)
    reader.end()
    assert budget.used == 0


@given(st.binary(max_size=200), st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_noise(begin: bytes, noise: bytes) -> None:
    """Whatever comes, it is a frame or a fault; and nothing is done after a fault."""
    reader = FrameReader(lambda *_: None, lambda *_: None)
    reader.feed(HTTP2_PREFACE + frame(Kind.SETTINGS, 0, 0))
    try:
        reader.feed(begin)
        reader.feed(noise)
    except ConnectionFault:
        return
    assert (reader.unfinished is None) or reader.unfinished >= 0


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_noise_in_messages(noise: bytes) -> None:
    """Is messages, or refused; no more is held than came."""
    budget = MessageBudget(1 << 20)
    reader = MessageReader(budget.share())
    with contextlib.suppress(Refusal):
        reader.feed(noise)
    assert budget.used <= len(noise)
    reader.end()
    assert budget.used == 0


@given(at=cuts)
@settings(max_examples=8, deadline=None)
def test_calls(at: list[int]) -> None:
    """The same calls come of it on a connection."""
    from tests.api.http2.serving import asks, serving  # noqa: PLC0415 - of this test alone

    async def asked() -> list[str]:
        async with serving() as served:
            head = Encoder().encode(head_of())
            sent = HTTP2_PREFACE + frame(Kind.SETTINGS, 0, 0)
            for stream, name in ((1, "one"), (3, "two"), (5, "none")):
                body = message(asks(name))
                sent += frame(Kind.HEADERS, END_HEADERS, stream, head if stream == 1 else _again(head))
                sent += frame(Kind.DATA, 0, stream, body[:4]) + frame(Kind.DATA, END_STREAM, stream, body[4:])
            client = await served.client(opening=b"")
            for part in parts(
                sent, [place % len(sent) for place in at] and sorted(place % len(sent) for place in at)
            ):
                client.send(part)
                await asyncio.sleep(0)
            statuses = [(await client.answer(stream)).status for stream in (1, 3, 5)]
            assert statuses == [0, 0, 5]
            return served.locations.asked

    assert asyncio.run(asked()) == ["one", "two", "none"]


def _again(head: bytes) -> bytes:
    """The same headers, as one who has sent them before would."""
    encoder = Encoder()
    assert encoder.encode(head_of()) == head
    return encoder.encode(head_of())


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pieces_of_one_size(size: int) -> None:
    """Bytes by bytes, too."""
    count = 0

    def take(*_: object) -> None:
        nonlocal count
        count += 1

    reader = FrameReader(take, lambda *_: None)
    for at in range(0, len(SENT), size):
        reader.feed(SENT[at : at + size])
    assert count == 6
