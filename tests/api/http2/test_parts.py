"""The small parts: frames, answers, trailers, budget, allowance, messages."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

import pytest
from hpack import Decoder
from hypothesis import given
from hypothesis import strategies as st
from tests.api.http2.client import message

from taskweir.api.http2 import answers, frames
from taskweir.api.http2.allowance import MOST, FrameAllowance
from taskweir.api.http2.common import Common
from taskweir.api.http2.cut_streams import CutStreams
from taskweir.api.http2.frames import ConnectionFault, ErrorCode, Kind
from taskweir.api.http2.memory import MessageBudget
from taskweir.api.http2.messages import MOST as LARGEST
from taskweir.api.http2.messages import MessageReader, Received
from taskweir.api.http2.trailers import trailers_of
from taskweir.domain.errors import Code, Help, Refusal, ResourceExhausted


@given(st.text("ab", min_size=1, max_size=300), st.integers(0, 70_000))
def test_literals(name: str, length: int) -> None:
    """Of every length, which any client reads."""
    value = "v" * length
    assert Decoder(max_header_list_size=1 << 20).decode(answers.literal(name, value)) == [(name, value)]


@pytest.mark.parametrize(
    ("length", "digits"),
    [(126, "7e"), (127, "7f00"), (254, "7f7f"), (255, "7f8001"), (16_510, "7fff7f"), (16_511, "7f808001")],
)
def test_lengths_of_literals(length: int, digits: str) -> None:
    """As RFC 7541, 5.1 has them."""
    assert answers.literal("", "x" * length)[2:].removesuffix(b"x" * length).hex() == digits


@pytest.mark.parametrize(
    ("data", "length"),
    [(frames.goaway(5, ErrorCode.CANCEL, "why"), 11), (frames.PING, 8), (frames.SETTINGS_ACK, 0)],
)
def test_lengths_of_frames(data: bytes, length: int) -> None:
    """In three bytes."""
    assert (int.from_bytes(data[:3], "big"), len(data)) == (length, 9 + length)


def test_a_large_frame() -> None:
    """Has all three."""
    assert frames.frame(Kind.DATA, 1, 3, bytes(0x012345))[:9].hex() == "012345000100000003"


@pytest.mark.parametrize(
    ("flags", "payload", "left"),
    [
        (0, b"\x09ab", b"\x09ab"),
        (8, b"\x00ab", b"ab"),
        (8, b"\x01ab", b"a"),
        (8, b"\x02ab", b""),
        (8, b"\x00", b""),
    ],
)
def test_padding(flags: int, payload: bytes, left: bytes) -> None:
    """Is cut off; it may be all there is."""
    assert frames.without_padding(flags, payload) == left


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x03ab"])
def test_more_padding_than_frame(payload: bytes) -> None:
    """Is a fault."""
    with pytest.raises(ConnectionFault):
        frames.without_padding(8, payload)


@dataclass
class _Refusal(Refusal):
    code: ClassVar[Code] = Code.NOT_FOUND


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("plain text, as it is.", "plain text, as it is."),
        ("100%", "100%25"),
        ("a\nb\r\t", "a%0Ab%0D%09"),
        ("ä€", "%C3%A4%E2%82%AC"),
        ("\x7f~ ", "%7F~ "),
        ("", ""),
    ],
)
def test_messages_of_refusals(text: str, encoded: str) -> None:
    """In ASCII that can be printed, each other byte as a percentage."""
    assert dict(trailers_of(ResourceExhausted(text)))["grpc-message"] == encoded


def test_details_of_refusals() -> None:
    """In base64 without padding, where they fit; else code and message alone, cut where it must be."""
    with_details = dict(trailers_of(ResourceExhausted("x", Help("d", "https://x"))))
    assert not with_details["grpc-status-details-bin"].endswith("=")
    assert with_details["grpc-status"] == "8"
    too_many = dict(trailers_of(ResourceExhausted("ä" * 5_000, Help("d", "u" * 6_000))))
    assert "grpc-status-details-bin" not in too_many
    assert len(too_many["grpc-message"]) <= 7_000
    assert too_many["grpc-message"].endswith("%E2%80%A6")


def test_the_allowance() -> None:
    """Is used up by frames, and filled by answered calls, data that was sent, and time."""
    allowance = FrameAllowance(0.0)
    assert all(allowance.spend(0.0) for _ in range(MOST))
    assert not allowance.spend(0.0)
    allowance.call_answered()
    assert all(allowance.spend(0.0) for _ in range(90))
    assert sum(allowance.spend(5.0) for _ in range(1_000)) == pytest.approx(510, abs=5)
    allowance.data_sent(1_000)
    assert sum(allowance.spend(5.0) for _ in range(3_000)) <= 2_000


def test_the_allowance_does_not_grow_for_ever() -> None:
    """But for data that was sent: a client may tell late that it took it."""
    allowance = FrameAllowance(0.0)
    for _ in range(1_000):
        allowance.call_answered()
    assert sum(allowance.spend(0.0) for _ in range(2 * MOST)) == MOST
    later = FrameAllowance(0.0)
    later.data_sent(MOST)
    assert sum(later.spend(0.0) for _ in range(4 * MOST)) == 3 * MOST


def test_the_budget() -> None:
    """Large requests leave room for small ones, and a connection for others."""
    budget = MessageBudget(100)
    one, other = budget.share(), budget.share()
    one.take(50)
    with pytest.raises(ResourceExhausted):
        one.take(1)
    other.take(25)
    with pytest.raises(ResourceExhausted):
        other.take(1)
    other.take_whole(125)
    with pytest.raises(ResourceExhausted):
        other.take_whole(1)
    other.give_back(150)
    one.give_back(1)
    one.take(1)
    assert (budget.used, one.held, other.held) == (50, 50, 0)


def test_the_largest_message_fits() -> None:
    """Where nothing else is held but what its call takes."""
    share = MessageBudget().share()
    share.take_whole(70_000)
    share.take(LARGEST + 5)


def test_what_a_reader_holds() -> None:
    """What came, and not what was announced; small messages that are whole are not counted."""
    budget = MessageBudget(10_000)
    reader = MessageReader(budget.share())
    assert reader.feed(message(b"small")) == [Received(b"small", False, 0)]
    assert budget.used == 0
    assert reader.feed(message(bytes(2_000))) == [Received(bytes(2_000), False, 2_000)]
    assert budget.used == 2_000
    assert reader.feed(message(bytes(9_000))[:100]) == []
    assert budget.used == 2_100
    with pytest.raises(ResourceExhausted):
        reader.feed(bytes(8_000))
    reader.end()
    assert budget.used == 0


def test_a_message_larger_than_may_be() -> None:
    """Is refused by its length, before it comes."""
    reader = MessageReader(MessageBudget().share())
    reader.most = 10
    assert reader.feed(message(bytes(10)))
    with pytest.raises(ResourceExhausted):
        reader.feed(message(bytes(11))[:5])
    other = MessageReader(MessageBudget().share())
    other.most = 10
    with pytest.raises(ResourceExhausted):
        other.feed(message(bytes(11)))


def test_streams_that_were_cut() -> None:
    """Only so many are remembered, the latest."""
    cut = CutStreams()
    assert 1 not in cut
    cut.discard(1)
    for number in range(1, 6_001, 2):
        cut.add(number)
    assert 5_999 in cut
    assert 2_001 in cut
    assert 1_999 not in cut
    cut.discard(5_999)
    assert 5_999 not in cut


async def test_cancelled_tasks_are_waited_for() -> None:
    """Those that take their time, too; not those that are done."""
    common = Common()
    ended = asyncio.Event()

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.set()

    async def nothing() -> None:
        return

    done = asyncio.create_task(nothing())
    task = asyncio.create_task(slow())
    await done
    common.cancel(done)
    common.cancel(task)
    await common.connections_end(5.0)
    assert ended.is_set()
