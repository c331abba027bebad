"""The frames of HTTP/2 (RFC 9113, 4 and 6), as far as a server of gRPC reads and writes them."""

import enum
from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Final

HEAD: Final = Struct(">BHBBI")
"""Of a frame: its length in two parts, kind, flags, and stream."""
STREAM_BITS: Final = 0x7FFF_FFFF
PING_SIZE: Final = 8
PRIORITY_SIZE: Final = 5
_GOAWAY_SIZE: Final = 8
_SETTING: Final = Struct(">HI")
_NUMBER: Final = Struct(">I")


class Kind(enum.IntEnum):
    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


END_STREAM: Final = 0x1
ACK: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
PRIORITY: Final = 0x20


class Setting(enum.IntEnum):
    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6


class ErrorCode(enum.IntEnum):
    """Why a stream or a connection is ended (RFC 9113, 7)."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11


class ConnectionFault(Exception):
    """The client broke a rule, and the connection ends for it."""

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class StreamFault(Exception):
    """The client broke a rule of one stream, which ends."""

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def frame(kind: Kind, flags: int, stream: int, payload: bytes = b"") -> bytes:
    length = len(payload)
    return HEAD.pack(length >> 16, length & 0xFFFF, kind, flags, stream) + payload


def settings(values: Mapping[Setting, int]) -> bytes:
    return frame(Kind.SETTINGS, 0, 0, b"".join(_SETTING.pack(*pair) for pair in values.items()))


SETTINGS_ACK: Final = frame(Kind.SETTINGS, ACK, 0)
PING: Final = frame(Kind.PING, 0, 0, bytes(PING_SIZE))


def window_update(stream: int, increment: int) -> bytes:
    return frame(Kind.WINDOW_UPDATE, 0, stream, _NUMBER.pack(increment))


def rst_stream(stream: int, code: ErrorCode) -> bytes:
    return frame(Kind.RST_STREAM, 0, stream, _NUMBER.pack(code))


def ping_ack(payload: bytes) -> bytes:
    return frame(Kind.PING, ACK, 0, payload)


def goaway(last_stream: int, code: ErrorCode, reason: str = "") -> bytes:
    return frame(Kind.GOAWAY, 0, 0, _NUMBER.pack(last_stream) + _NUMBER.pack(code) + reason.encode("ascii"))


def read_settings(payload: bytes) -> Iterator[tuple[int, int]]:
    """Numbers and values of a SETTINGS frame. Raises ConnectionFault."""
    check_size(payload, multiple_of=_SETTING.size)
    return _SETTING.iter_unpack(payload)


def read_number(payload: bytes) -> int:
    """The one number that a RST_STREAM or WINDOW_UPDATE frame has. Raises ConnectionFault."""
    check_size(payload, exactly=_NUMBER.size)
    return int(_NUMBER.unpack(payload)[0])


def check_goaway(payload: bytes) -> None:
    """Raises ConnectionFault."""
    check_size(payload[:_GOAWAY_SIZE], exactly=_GOAWAY_SIZE)


def check_is_of_connection(stream: int) -> None:
    """Raises ConnectionFault."""
    if stream:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a frame of the connection, on a stream")


def check_size(payload: bytes, *, exactly: int | None = None, multiple_of: int = 1) -> None:
    """Raises ConnectionFault."""
    if len(payload) % multiple_of or exactly not in (None, len(payload)):
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "a frame of a wrong length")


def without_padding(flags: int, payload: bytes) -> bytes:
    """Raises ConnectionFault."""
    if not flags & PADDED:
        return payload
    if not payload:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "a frame without its padding's length")
    if payload[0] >= len(payload):
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "more padding than frame")
    return payload[1 : len(payload) - payload[0]]
