"""Who may send how much, with windows and a socket that are not there."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskweir.api.http2.frames import END_STREAM, HEAD, ConnectionFault, ErrorCode, Kind
from taskweir.api.http2.memory import MessageBudget
from taskweir.api.http2.outlet import FIRST_WINDOW, LARGEST_WINDOW, Outlet, Pending


class Wire:
    def __init__(self) -> None:
        self.out: list[bytes] = []
        self.may = True

    def write(self, data: bytes | memoryview) -> None:
        self.out.append(bytes(data))

    def frames(self) -> list[tuple[int, int, bytes]]:
        """Stream, flags and payload of each, which are taken away."""
        data, found = b"".join(self.out), []
        self.out.clear()
        while data:
            high, low, _, flags, stream = HEAD.unpack_from(data)
            end = HEAD.size + (high << 16 | low)
            found.append((stream, flags, data[HEAD.size : end]))
            data = data[end:]
        return found


def outlet(window: int = FIRST_WINDOW) -> tuple[Outlet, Wire]:
    wire = Wire()
    made = Outlet(wire.write, lambda: wire.may, MessageBudget(1 << 30).share())
    made.spend(FIRST_WINDOW - window)
    return made, wire


def pending(stream: int, data: bytes, window: int = FIRST_WINDOW, *, is_last: bool = False) -> Pending:
    made = Pending(stream, window, lambda: None)
    made.data, made.is_last = data, is_last
    return made


def test_streams_take_turns() -> None:
    """A frame each; who has sent goes to the end."""
    out, wire = outlet(0)
    for stream, size in ((1, 40_000), (3, 20_000), (5, 100)):
        out.send(pending(stream, bytes(size)))
    assert wire.frames() == []
    assert out.held == 60_100
    out.widen(1 << 20)
    assert [stream for stream, _, _ in wire.frames()] == [1, 3, 5, 1, 3, 1]
    assert out.held == 0


def test_a_closed_window_costs_nothing() -> None:
    """Streams that wait for their own windows are not looked at, and do not hold up others."""
    out, wire = outlet()
    closed = [pending(stream, b"x" * 10, 0) for stream in range(1, 2_001, 2)]
    for one in closed:
        out.send(one)
    assert out.fits(100, 1_000)
    out.send(pending(3_001, b"y"))
    assert [stream for stream, _, _ in wire.frames()] == [3_001]
    assert out.widen_stream(closed[7], 4)
    out.pump()
    assert wire.frames() == [(15, 0, b"xxxx")]


def test_a_socket_that_is_full() -> None:
    """Nothing is lost, and the order stays."""
    out, wire = outlet()
    wire.may = False
    assert not out.fits(1, 1)
    out.send(pending(1, b"abc", is_last=True))
    assert wire.frames() == []
    wire.may = True
    out.pump()
    assert [(stream, flags) for stream, flags, _ in wire.frames()] == [(1, 0), (1, END_STREAM | 4)]


def test_what_is_dropped() -> None:
    """Is not sent, and not held."""
    out, wire = outlet(0)
    one, two = pending(1, b"one"), pending(3, b"two", 0)
    out.send(one)
    out.send(two)
    out.drop(one)
    out.drop(two)
    out.drop(two)
    assert out.held == 0
    assert out.widen_stream(two, 10)
    out.widen(100)
    assert wire.frames() == []


def test_a_window_that_shrinks() -> None:
    """Takes the stream out of its turn."""
    out, wire = outlet(0)
    one = pending(1, b"abcdef", 3)
    out.send(one)
    assert out.widen_stream(one, -5)
    out.widen(100)
    assert wire.frames() == []
    assert out.widen_stream(one, 4)
    out.pump()
    assert wire.frames() == [(1, 0, b"ab")]


@pytest.mark.parametrize(
    ("increment", "code"), [(0, ErrorCode.PROTOCOL_ERROR), (LARGEST_WINDOW, ErrorCode.FLOW_CONTROL_ERROR)]
)
def test_wrong_windows_of_the_connection(increment: int, code: ErrorCode) -> None:
    """By nothing, or by too much."""
    out, _ = outlet()
    with pytest.raises(ConnectionFault) as raised:
        out.widen(increment)
    assert raised.value.code == code


def test_the_largest_window() -> None:
    """Is allowed, and one more is not."""
    out, _ = outlet()
    out.widen(LARGEST_WINDOW - FIRST_WINDOW)
    one = pending(1, b"", 1)
    assert out.widen_stream(one, LARGEST_WINDOW - 1)
    assert not out.widen_stream(one, 1)


def test_the_prefix_is_that_of_the_first_block_written() -> None:
    """Not of the first that was planned."""
    out, wire = outlet()
    one = pending(1, b"abc", 0, is_last=True)
    out.send(one)
    out.announce_empty_table()
    assert not out.fits(1, 1)
    out.send(pending(3, b"x", is_last=True))
    out.widen_stream(one, 3)
    out.pump()
    blocks = [payload for _, flags, payload in wire.frames() if flags]
    assert [block[:1] for block in blocks] == [b"\x20", b"\x00"]


@given(
    sizes=st.lists(st.integers(0, 400), min_size=1, max_size=8),
    steps=st.lists(st.tuples(st.integers(-1, 7), st.integers(-60, 120)), max_size=80),
)
@settings(max_examples=80, deadline=None)
def test_whatever_the_windows_do(sizes: list[int], steps: list[tuple[int, int]]) -> None:
    """No window is overdrawn by what is sent, and all comes in its order."""
    out, wire = outlet(10)
    done: list[int] = []
    all_ = [Pending(2 * n + 1, 5, lambda n=n: done.append(n)) for n in range(len(sizes))]  # type: ignore[misc]
    got = [b""] * len(sizes)
    allowed, connection = [5] * len(sizes), 10
    for n, (one, size) in enumerate(zip(all_, sizes, strict=True)):
        one.data, one.is_last = bytes(i % 251 for i in range(size)), True
        out.send(one)
        assert out.held >= 0, n
    for which, by in [(-1, 0), *steps, *((n, 1_000) for n in range(8)), (-1, 10_000)]:
        if which >= len(sizes):
            continue
        if which >= 0:
            allowed[which] += by
            out.widen_stream(all_[which], by)
            out.pump()
        elif by > 0:
            connection += by
            out.widen(by)
        for stream, flags, payload in wire.frames():
            n = stream // 2
            if not flags:
                got[n] += payload
                allowed[n] -= len(payload)
                connection -= len(payload)
                assert payload
                assert allowed[n] >= 0
                assert connection >= 0
    for n, size in enumerate(sizes):
        if allowed[n] >= 0:
            assert got[n] == bytes(i % 251 for i in range(size))
            assert n in done
    assert Kind.DATA == 0
