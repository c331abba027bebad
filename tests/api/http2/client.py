"""A client of HTTP/2 that says what it is told to, right or wrong."""

import asyncio
import contextlib
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from hpack import Decoder, Encoder

from taskweir.api.http2.frames import (
    END_HEADERS,
    END_STREAM,
    HEAD,
    ErrorCode,
    Kind,
    Setting,
    frame,
    settings,
)
from taskweir.api.http2_preface import HTTP2_PREFACE

PATH: Final = "/google.cloud.location.Locations/GetLocation"
STREAM_PATH: Final = "/google.cloud.location.Locations/ListLocations"


@dataclass(frozen=True)
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes

    @property
    def number(self) -> int:
        """Of RST_STREAM and WINDOW_UPDATE."""
        return int.from_bytes(self.payload, "big")

    @property
    def code(self) -> int:
        """Of GOAWAY."""
        return int.from_bytes(self.payload[4:8], "big")


@dataclass
class Answer:
    """What came back of a call; `reset` is the code of RST_STREAM where there was one."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    data: bytes = b""
    reset: int | None = None

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    @property
    def status(self) -> int:
        return int(self.header("grpc-status") or -1)

    @property
    def messages(self) -> list[bytes]:
        found, rest = [], self.data
        while rest:
            end = 5 + int.from_bytes(rest[1:5], "big")
            found.append(rest[5:end])
            rest = rest[end:]
        return found


def head_of(path: str = PATH, more: Iterable[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    return [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        *more,
    ]


def message(data: bytes, flag: int = 0) -> bytes:
    return bytes([flag]) + len(data).to_bytes(4, "big") + data


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._encoder = Encoder()
        self._decoder = Decoder()
        self._answers: dict[int, Answer] = {}
        self._ended: set[int] = set()
        self.number = -1
        """Of the latest stream."""
        self.others: list[Frame] = []
        """Frames that belong to no answer."""

    @classmethod
    async def connect(
        cls,
        port: int,
        said: Mapping[Setting, int] | None = None,
        *,
        opening: bytes | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> Self:
        """`said` are its settings; `opening` is how it begins instead of as it must."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
        client = cls(reader, writer)
        client.send(HTTP2_PREFACE + settings(said or {}) if opening is None else opening)
        return client

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def drain(self) -> None:
        await self._writer.drain()

    def block(self, headers: Sequence[tuple[str, str]]) -> bytes:
        return self._encoder.encode(headers)

    def begin(
        self, path: str = PATH, more: Iterable[tuple[str, str]] = (), *, flags: int = END_HEADERS
    ) -> int:
        """A call, of which nothing but the head is sent. Its stream."""
        self.number += 2
        self.send(frame(Kind.HEADERS, flags, self.number, self.block(head_of(path, more))))
        return self.number

    def data(self, stream: int, data: bytes, flags: int = END_STREAM) -> None:
        self.send(frame(Kind.DATA, flags, stream, data))

    def call(self, request: bytes, path: str = PATH, more: Iterable[tuple[str, str]] = ()) -> int:
        """A whole call. Its stream."""
        stream = self.begin(path, more)
        self.data(stream, message(request))
        return stream

    async def frame(self) -> Frame | None:
        """The next, None at the end."""
        try:
            high, low, kind, flags, stream = HEAD.unpack(await self._reader.readexactly(HEAD.size))
            return Frame(kind, flags, stream, await self._reader.readexactly(high << 16 | low))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def answer(self, stream: int) -> Answer:
        """To a call, when it is whole. Frames of others are kept until they are asked for."""
        while stream not in self._ended:
            found = await self.frame()
            assert found is not None, "the connection ended"
            self._take(found)
        return self._answers.pop(stream)

    def so_far(self, stream: int) -> Answer:
        return self._answers.get(stream, Answer())

    async def until(self, kind: Kind, stream: int = 0) -> Frame:
        """The next frame of that kind, which is no part of an answer, on that stream."""
        while True:
            for other in self.others:
                if (
                    other.kind == kind
                    and other.stream == stream
                    and not (kind == Kind.SETTINGS and not other.flags)
                ):
                    self.others.remove(other)
                    return other
            found = await self.frame()
            assert found is not None, "the connection ended"
            self._take(found)

    async def said_at_the_end(self) -> ErrorCode | None:
        """The code of the GOAWAY that the server ends the connection with, None for an end without one."""
        code = None
        while (found := await self.frame()) is not None:
            self._take(found)
            if found.kind == Kind.GOAWAY:
                code = ErrorCode(found.code)
        return code

    async def ping(self) -> None:
        """Returns when all that was sent before has been read."""
        self.send(frame(Kind.PING, 0, 0, b"12345678"))
        while (await self.until(Kind.PING)).payload != b"12345678":
            pass

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await self._writer.wait_closed()

    def _take(self, found: Frame) -> None:
        answer = self._answers.setdefault(found.stream, Answer()) if found.stream else Answer()
        if found.kind == Kind.HEADERS:
            answer.headers += self._decoder.decode(found.payload)
        elif found.kind == Kind.DATA:
            answer.data += found.payload
        elif found.kind == Kind.RST_STREAM and found.stream not in self._ended:
            answer.reset = found.number
            self._ended.add(found.stream)
        else:
            self.others.append(found)
        if found.kind in (Kind.HEADERS, Kind.DATA) and found.flags & END_STREAM:
            self._ended.add(found.stream)
