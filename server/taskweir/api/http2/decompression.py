"""Messages that came compressed."""

import asyncio
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, Final

from taskweir.api.http2.messages import MOST, MessageReader, Received
from taskweir.domain.errors import Code, InvalidArgument, Refusal, ResourceExhausted

_WBITS: Final = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
ENCODINGS: Final = ("identity", *_WBITS)
_AT_ONCE: Final = 64 << 10
"""Bytes that are made of it on the loop's thread."""
_PART: Final = 1 << 20
"""Bytes of each part that is made of a larger one, on another."""
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
        part = unpack.decompress(data, _AT_ONCE)
        messages.hold_whole(len(part))
        parts, size = [part], len(part)
        loop = asyncio.get_running_loop()
        while part and not unpack.eof:
            part = await loop.run_in_executor(_THREAD, unpack.decompress, unpack.unconsumed_tail, _PART)
            size += len(part)
            if size > MOST:
                raise ResourceExhausted(f"Received message larger than max ({size} vs. {MOST})")
            messages.hold(len(part))
            parts.append(part)
    except zlib.error:
        raise InvalidArgument("The request could not be decompressed.") from None
    if not unpack.eof or unpack.unused_data:
        raise InvalidArgument("The request could not be decompressed.")
    return b"".join(parts)
