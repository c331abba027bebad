"""Messages that came compressed."""

import asyncio
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, Final

from taskweir.api.http2.messages import MOST, MessageReader, Received
from taskweir.domain.errors import Code, InvalidArgument, Refusal, ResourceExhausted

_WBITS: Final = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
ENCODINGS: Final = ("identity", *_WBITS)
_FEW: Final = 16 << 10
"""Bytes that are read on the loop's thread: where nothing is made of them, a megabyte takes a sixth of a second."""
_AT_ONCE: Final = 64 << 10
"""Bytes that are made of them there."""
_READ: Final = 64 << 10
_MADE: Final = 1 << 20
"""Bytes that are read of a larger message, and made of it, at a time on another thread."""
_THREAD: Final = ThreadPoolExecutor(1, thread_name_prefix="taskweir-unpack")
"""A single one, part after part: however many unpack, it is at most one core that they keep from others."""


class UnknownEncoding(Refusal):
    """The client learns which there are from the headers of the answer."""

    code: ClassVar[Code] = Code.UNIMPLEMENTED


class NoEncoding(Refusal):
    """The client broke a rule of gRPC's, which has this code for it."""

    code: ClassVar[Code] = Code.INTERNAL


async def unpacked(message: Received, encoding: str, messages: MessageReader) -> bytes:
    """What it was made of is counted by `messages` as it grows: a small message may become a very large one.

    Raises Refusal.
    """
    if not message.is_compressed:
        return message.data
    if not encoding:
        raise NoEncoding("A message is compressed, and grpc-encoding does not say how.")
    if encoding not in _WBITS:
        raise UnknownEncoding(f"Compression algorithm {encoding!r} is not supported.")
    return await _unpacked(message.data, _WBITS[encoding], messages)


async def _unpacked(data: bytes, wbits: int, messages: MessageReader) -> bytes:
    unpack = zlib.decompressobj(wbits)
    try:
        parts = await _parts(data, unpack, messages)
    except zlib.error:
        raise _unreadable() from None
    if not unpack.eof:
        raise _unreadable()
    return b"".join(parts)


async def _parts(data: bytes, unpack: "zlib._Decompress", messages: MessageReader) -> list[bytes]:
    """Bounded in what is read at a time as well as in what is made: a block of nothing takes as long as one of something.

    Raises zlib.error, InvalidArgument for more than there should be, and ResourceExhausted.
    """
    loop = asyncio.get_running_loop()
    parts: list[bytes] = []
    size, at = 0, min(len(data), _FEW)
    part, most = unpack.decompress(data[:at], _AT_ONCE), _AT_ONCE
    messages.hold_whole(len(part))
    while True:
        parts.append(part)
        size += len(part)
        if size > MOST:
            raise ResourceExhausted(f"Received message larger than max ({size} vs. {MOST})")
        if unpack.eof and (unpack.unused_data or at < len(data)):
            raise _unreadable()
        rest = unpack.unconsumed_tail
        if unpack.eof or not (rest or at < len(data) or len(part) == most):
            return parts
        if not rest:
            rest, at = data[at : at + _READ], min(len(data), at + _READ)
        part, most = await loop.run_in_executor(_THREAD, unpack.decompress, rest, _MADE), _MADE
        messages.hold(len(part))


def _unreadable() -> InvalidArgument:
    return InvalidArgument("The request could not be decompressed.")
