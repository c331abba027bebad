"""A connection that says much at once lets the others be heard in between."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from taskweir.api.http2 import connection
from taskweir.api.http2.common import Common
from taskweir.api.http2.connection import Connection
from taskweir.api.http2.frame_reader import FrameReader
from taskweir.api.http2.frames import ErrorCode, Kind, frame, ping_ack, settings, window_update
from taskweir.api.http2_preface import HTTP2_PREFACE
from taskweir.api.places import Places

OPENING = HTTP2_PREFACE + settings({})
PING = frame(Kind.PING, 0, 0, bytes(8))
STEP = window_update(0, 1 << 10)
"""What costs a client nothing."""


class Transport(asyncio.Transport):
    """Of a connection that has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.left = 0
        self.is_read = True
        self.protocol = Connection({}, Common(), Places(0))
        self.protocol.connection_made(self)
        self.protocol.data_received(OPENING)

    def write(self, data: Any) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True

    def is_closing(self) -> bool:
        return False

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return self.left


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    made = Transport()
    yield made
    made.protocol.connection_lost(None)


async def turns_until_read(transport: Transport) -> int:
    """Of the loop."""
    for turn in range(1_000):
        if transport.is_read:
            return turn
        await asyncio.sleep(0)
    raise AssertionError("it is never read again")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn is over after a frame."""
    monkeypatch.setattr(connection, "_TURN", -1.0)


@pytest.mark.usefixtures("quick")
async def test_many_frames_take_many_turns(transport: Transport) -> None:
    """Nothing is read before they are taken, and then it is."""
    transport.protocol.data_received(STEP * 10 + PING)
    assert not transport.is_read
    assert await turns_until_read(transport) == 10
    await asyncio.sleep(0)
    assert transport.written.endswith(ping_ack(bytes(8)))


async def test_few_frames_are_taken_at_once(transport: Transport) -> None:
    """As nearly all are."""
    transport.protocol.data_received(STEP * 4)
    assert transport.is_read


@pytest.mark.usefixtures("quick")
async def test_a_fault_in_the_rest_is_told(transport: Transport) -> None:
    """And what else the client sends is taken off its hands."""
    transport.protocol.data_received(STEP * 5 + frame(Kind.PING, 0, 1, bytes(8)) + STEP)
    await turns_until_read(transport)
    await asyncio.sleep(0)
    said: list[tuple[int, bytes]] = []
    reader = FrameReader(lambda kind, flags, number, payload: said.append((kind, payload)), lambda *_: None)
    reader.feed(HTTP2_PREFACE + transport.written)
    kind, payload = said[-1]
    assert (kind, payload[4:8]) == (Kind.GOAWAY, ErrorCode.PROTOCOL_ERROR.to_bytes(4, "big"))


@pytest.mark.usefixtures("quick")
async def test_who_does_not_read_is_not_read_after_its_turns(transport: Transport) -> None:
    """Until it does."""
    protocol = transport.protocol
    protocol.pause_writing()
    transport.left = 5 << 20
    protocol.data_received(PING + STEP * 5)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not transport.is_read
    transport.left = 0
    protocol.resume_writing()
    assert transport.is_read


@pytest.mark.usefixtures("quick")
async def test_who_reads_again_within_its_turns_waits_for_their_end(transport: Transport) -> None:
    """Both have to be over."""
    protocol = transport.protocol
    protocol.data_received(STEP * 5)
    protocol.pause_writing()
    protocol.resume_writing()
    assert not transport.is_read
    await turns_until_read(transport)
