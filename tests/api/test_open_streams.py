"""What goes on on an HTTP/2 connection, by the heads of its frames."""

import pytest

from taskweir.api.grpc.open_streams import OpenStreams

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING = 0, 1, 3, 4, 6
END = 1


def frame(kind: int, stream: int = 0, flags: int = 0, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


BEGIN = PREFACE + frame(SETTINGS, payload=bytes(12))
TWO_CALLS = (
    frame(HEADERS, 1, 4, b"x" * 50) + frame(DATA, 1, END, b"y" * 300) + frame(HEADERS, 3, 4 | END, b"x")
)


@pytest.mark.parametrize("piece", [1, 5, 9, 10, 64, 1_000])
def test_calls_are_open_until_they_are_answered(piece: int) -> None:
    """However their bytes come."""
    streams = OpenStreams(len(PREFACE))
    numbers = []
    for says, data in (
        (streams.client_says, BEGIN),
        (streams.client_says, TWO_CALLS),
        (streams.server_says, frame(SETTINGS) + frame(HEADERS, 1, 4, b"h") + frame(DATA, 1, 0, b"d" * 200)),
        (streams.server_says, frame(HEADERS, 1, 4 | END, b"t" * 30)),
        (streams.server_says, frame(PING, payload=bytes(8)) + frame(DATA, 3, END)),
    ):
        for start in range(0, len(data), piece):
            says(data[start : start + piece])
        numbers.append(len(streams))
    assert numbers == [0, 2, 2, 1, 0]


def test_calls_end_when_they_are_given_up() -> None:
    """By either side."""
    streams = OpenStreams(0)
    streams.client_says(TWO_CALLS)
    streams.client_says(frame(RESET, 1, payload=bytes(4)))
    assert len(streams) == 1
    streams.server_says(frame(RESET, 3, payload=bytes(4)) + frame(RESET, 5, payload=bytes(4)))
    assert len(streams) == 0
