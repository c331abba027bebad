"""The lean client over the windows that a server gives it."""

from typing import Any

from bench.caller import Caller


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = bytearray()

    def write(self, data: bytes) -> None:
        self.written += data

    def frames(self) -> list[tuple[int, int, int, int]]:
        """Kind, flags, stream and length of each since the last time."""
        data, found = bytes(self.written).removeprefix(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), []
        self.written.clear()
        while data:
            length = int.from_bytes(data[:3], "big")
            found.append((data[3], data[4], int.from_bytes(data[5:9], "big"), length))
            data = data[9 + length :]
        return found


DATA, HEADERS, SETTINGS, WINDOW_UPDATE = 0, 1, 4, 8
END = 1


def connected() -> tuple[Caller, Wire, list[tuple[int, bytes | None]]]:
    answers: list[tuple[int, bytes | None]] = []
    caller = Caller((("te", "trailers"),), lambda call, answer: answers.append((call, answer)))
    wire: Any = Wire()
    caller.connection_made(wire)
    wire.frames()
    return caller, wire, answers


def frame(kind: int, stream: int, payload: bytes, flags: int = 0) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def test_a_small_call_goes_out_at_once() -> None:
    """With its message prefixed by five bytes."""
    caller, wire, _ = connected()
    assert caller.call(b"x" * 10) == 1
    assert [found[0] for found in wire.frames()] == [HEADERS, DATA]


def test_a_large_call_waits_for_the_windows() -> None:
    """Of its stream and of the connection, both 65,535 bytes at first; a later call waits behind it."""
    caller, wire, answers = connected()
    caller.call(b"x" * 100_000)
    caller.call(b"y")
    sent = wire.frames()
    assert sum(length for kind, _, stream, length in sent if (kind, stream) == (DATA, 1)) == 65_535
    assert not any(flags & END for kind, flags, stream, _ in sent if (kind, stream) == (DATA, 1))
    assert not [found for found in sent if found[:3:2] == (DATA, 3)]
    room = (100_000).to_bytes(4, "big")
    caller.data_received(frame(WINDOW_UPDATE, 0, room))
    assert [(kind, stream) for kind, _, stream, _ in wire.frames()] == [(DATA, 3)]
    caller.data_received(frame(WINDOW_UPDATE, 1, room))
    rest = wire.frames()
    assert sum(length for _, _, _, length in rest) == 100_005 - 65_535
    assert [flags for _, flags, _, _ in rest][-1] == END
    answer = b"\x00\x00\x00\x00\x02ok"
    caller.data_received(frame(HEADERS, 1, b"", 4) + frame(DATA, 1, answer) + frame(HEADERS, 1, b"", 5))
    assert answers == [(1, b"ok")]


def test_no_more_calls_are_open_than_the_server_takes() -> None:
    """The others begin as those end, in their order."""
    caller, wire, answers = connected()
    two_streams = (3).to_bytes(2, "big") + (2).to_bytes(4, "big")
    caller.data_received(frame(SETTINGS, 0, two_streams))
    for message in (b"a", b"b", b"c", b"d"):
        caller.call(message)
    assert [stream for kind, _, stream, _ in wire.frames() if kind == HEADERS] == [1, 3]
    caller.data_received(frame(HEADERS, 3, b"", END))
    assert [stream for kind, _, stream, _ in wire.frames() if kind == HEADERS] == [5]
    assert answers == [(3, None)]
