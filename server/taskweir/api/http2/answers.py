"""What is sent back of a call, as frames. None of its headers enters the client's table, so blocks are constant."""

from collections.abc import Iterable
from typing import Final

from taskweir.api.http2.decompression import ENCODINGS
from taskweir.api.http2.frames import END_HEADERS, END_STREAM, HEAD, Kind, frame

LONGEST_WHOLE: Final = (16 << 10) - 5
"""Bytes of a message that `whole_answer` takes."""


def literal(name: str, value: str) -> bytes:
    """A header without indexing, and without Huffman's code (RFC 7541, 6.2.2)."""
    return b"\x00" + _text(name.encode("ascii")) + _text(value.encode("ascii"))


def _text(text: bytes) -> bytes:
    """With its length before it, as an integer with a prefix of seven bits (RFC 7541, 5.1)."""
    length, most = len(text), 0x7F
    if length < most:
        return bytes([length]) + text
    rest, digits = length - most, bytearray([most])
    while rest >= 0x80:
        digits.append(rest & 0x7F | 0x80)
        rest >>= 7
    digits.append(rest)
    return bytes(digits) + text


_HEADERS: Final = b"\x88" + literal("content-type", "application/grpc")
"""0x88 is `:status: 200` of the static table."""
_TRAILERS: Final = literal("grpc-status", "0")
_ENCODINGS: Final = literal("grpc-accept-encoding", ",".join(ENCODINGS))
_HEADERS_HEAD: Final = HEAD.pack(0, len(_HEADERS), Kind.HEADERS, END_HEADERS, 0)[:5]
_TRAILERS_HEAD: Final = HEAD.pack(0, len(_TRAILERS), Kind.HEADERS, END_HEADERS | END_STREAM, 0)[:5]
_DATA: Final = int(Kind.DATA)


def whole_answer(stream: int, message: bytes) -> bytes:
    """Headers, a message that fits one frame of the least size there is, and trailers."""
    number = stream.to_bytes(4, "big")
    size = len(message)
    return b"".join(
        (
            _HEADERS_HEAD,
            number,
            _HEADERS,
            HEAD.pack(0, size + 5, _DATA, 0, stream),
            b"\x00",
            size.to_bytes(4, "big"),
            message,
            _TRAILERS_HEAD,
            number,
            _TRAILERS,
        )
    )


def headers(stream: int, prefix: bytes) -> bytes:
    """`prefix` is what the block of headers begins with, here and below."""
    return frame(Kind.HEADERS, END_HEADERS, stream, prefix + _HEADERS)


def trailers(stream: int, prefix: bytes) -> bytes:
    return frame(Kind.HEADERS, END_HEADERS | END_STREAM, stream, prefix + _TRAILERS)


def refusal(stream: int, fields: Iterable[tuple[str, str]], prefix: bytes, *, has_begun: bool) -> bytes:
    """Trailers with another status than OK; and headers in one, unless they went before."""
    block = b"".join(literal(*field) for field in fields)
    if not has_begun:
        block = _HEADERS + _ENCODINGS + block
    return frame(Kind.HEADERS, END_HEADERS | END_STREAM, stream, prefix + block)


def http_error(stream: int, status: int, prefix: bytes) -> bytes:
    """To a request that is none of gRPC's."""
    return frame(Kind.HEADERS, END_HEADERS | END_STREAM, stream, prefix + literal(":status", str(status)))
