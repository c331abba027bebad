"""What comes by a connection, taken apart into frames, of which those of one block of headers are put together."""

import math
from collections.abc import Callable
from time import monotonic
from typing import Final, TypeAlias

from taskweir.api.http2.frames import (
    ACK,
    END_HEADERS,
    HEAD,
    PRIORITY,
    PRIORITY_SIZE,
    STREAM_BITS,
    ConnectionFault,
    ErrorCode,
    Kind,
    StreamFault,
    without_padding,
)
from taskweir.api.http2_preface import HTTP2_PREFACE

LARGEST: Final = 64 << 10
"""Bytes of a frame's payload."""
LONGEST_BLOCK: Final = 128 << 10
"""Bytes of the headers of a call, as they are sent: more than are taken, so that a call with a little too much is refused
by itself, and the others of its connection go on."""
_MOST_PARTS: Final = 64
"""Frames that a block of headers may come in: each may be empty."""

# An enum's members are slow to come by, and these are asked for with every frame.
_CONTINUATION: Final = int(Kind.CONTINUATION)
_OF_BLOCKS: Final = (int(Kind.HEADERS), _CONTINUATION)

Take: TypeAlias = Callable[[int, int, int, bytes], None]
"""Kind, flags, stream and payload of a frame; a block of headers is one frame, and without padding and priority. Raises
ConnectionFault, StreamFault."""


class FrameReader:
    """`has_begun` says whether the client has said that it speaks HTTP/2, and `is_behind` whether there are more frames
    than there was time for."""

    def __init__(self, take: Take, fault: Callable[[int, StreamFault], None]) -> None:
        """`fault` is told of what `take` finds wrong with one stream."""
        self._take = take
        self._fault = fault
        self._rest = b""
        self._at = 0
        """Where `_rest` begins, in bytes since the connection began."""
        self._block = bytearray()
        self._block_at = 0
        self._block_parts = 0
        self._block_flags = 0
        self._block_stream = 0
        self.has_begun = False
        self.is_behind = False

    @property
    def unfinished(self) -> int | None:
        """What has come in part: it is the same as before as long as this number is. None for nothing."""
        if self._block_stream:
            return self._block_at
        return self._at if self._rest else None

    def feed(self, data: bytes, until: float = math.inf) -> None:
        """The frame that is begun last is begun before `until`, in seconds of `time.monotonic`; those after it come with
        the next call. Raises ConnectionFault."""
        if self._rest:
            data = self._rest + data
        end = self._after_frames(data, 0 if self.has_begun else self._after_preface(data), until)
        self._rest = data[end:]
        self._at += end

    def _after_preface(self, data: bytes) -> int:
        """The settings are a part of it."""
        if not data.startswith(HTTP2_PREFACE[: len(data)]):
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "HTTP/2 begins in another way")
        if len(data) < len(HTTP2_PREFACE) + HEAD.size:
            return 0
        _, _, kind, flags, _ = HEAD.unpack_from(data, len(HTTP2_PREFACE))
        if kind != Kind.SETTINGS or flags & ACK:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "HTTP/2 begins with settings")
        self.has_begun = True
        return len(HTTP2_PREFACE)

    def _after_frames(self, data: bytes, at: int, until: float) -> int:
        """Where the first frame begins that is not whole, or for which there is no time."""
        end = len(data) if self.has_begun else 0
        self.is_behind = False
        while end - at >= HEAD.size:
            high, low, kind, flags, stream = HEAD.unpack_from(data, at)
            length = high << 16 | low
            if length > LARGEST:
                raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "a frame that is too large")
            begin = at + HEAD.size
            if begin + length > end:
                break
            if self.is_behind:
                return at
            at = begin + length
            stream &= STREAM_BITS
            try:
                if kind in _OF_BLOCKS or self._block_stream:
                    self._part_of_block(kind, flags, stream, data[begin:at])
                else:
                    self._take(kind, flags, stream, data[begin:at])
            except StreamFault as fault:
                self._fault(stream, fault)
            self.is_behind = monotonic() > until
        self.is_behind = False
        return at

    def _part_of_block(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if not self._block_stream:
            if kind == _CONTINUATION:
                raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "headers that were not begun")
            payload = _without_priority(flags, without_padding(flags, payload))
            if flags & END_HEADERS:
                self._take(Kind.HEADERS, flags, stream, payload)
                return
            if not stream:
                raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "headers of no stream")
            self._block_at, self._block_parts = self._at, 0
            self._block_flags, self._block_stream = flags, stream
        elif kind != _CONTINUATION or stream != self._block_stream:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "headers that are interrupted")
        self._add_to_block(flags, payload)

    def _add_to_block(self, flags: int, payload: bytes) -> None:
        self._block += payload
        self._block_parts += 1
        if len(self._block) > LONGEST_BLOCK or self._block_parts > _MOST_PARTS:
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many headers")
        if flags & END_HEADERS:
            block, stream = bytes(self._block), self._block_stream
            self._block.clear()
            self._block_stream = 0
            self._take(Kind.HEADERS, self._block_flags, stream, block)


def _without_priority(flags: int, payload: bytes) -> bytes:
    if not flags & PRIORITY:
        return payload
    if len(payload) < PRIORITY_SIZE:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "headers without their priority")
    return payload[PRIORITY_SIZE:]
