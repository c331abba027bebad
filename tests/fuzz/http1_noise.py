"""HTTP/1.1 that is malformed, or lies, or comes in odd pieces; by a seeded generator."""

import gzip
import itertools
import json
import random
from collections.abc import Callable
from typing import Final, TypeAlias

from tests.fuzz.conversation import Conversation, End
from tests.fuzz.known import PARENT, PUSH

Maker: TypeAlias = Callable[[random.Random], bytes]

_HOST: Final = b"Host: localhost\r\n"
_QUEUES: Final = f"/v2/{PARENT}/queues".encode()
_TASKS: Final = f"/v2/{PUSH}/tasks".encode()
_TASK: Final = json.dumps({"task": {"httpRequest": {"url": "http://127.0.0.1:1/"}}}).encode()
_TARGETS: Final = (
    _QUEUES,
    _TASKS,
    b"/taskweir/v1/clock",
    b"/v2/x",
    b"/",
    b"*",
    b"http://localhost" + _QUEUES,
    b"//" + _QUEUES,
    _QUEUES + b"?pageSize=%31&fields=queues(name)",
    _QUEUES + b"?%ff=%fe&&==&a",
    _QUEUES + b"/%2e%2e/%00",
    b"/" + b"a/" * 500,
    b"/" + b"%41" * 3_000,
    _QUEUES + b"#fragment",
    b"localhost:80",
    "/v2/pröjects".encode(),
    b"/\xff\xfe",
    b"/v2/[::1]",
    b"http://[::1/x",
)
_METHODS: Final = (
    *(b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"HEADS", b"CONNECT", b"TRACE", b"PRI"),
    *(b"get", b"", b"G\0T", b"GET " * 3, b"M" * 5_000, b"\xff", b"\r\nGET", b"\n\nGET", b" GET"),
)
_VERSIONS: Final = (
    *(
        b"HTTP/1.1",
        b"HTTP/1.0",
        b"HTTP/0.9",
        b"HTTP/2.0",
        b"HTTP/1.2",
        b"HTTP/9.9",
        b"http/1.1",
        b"HTTP/1.1.1",
    ),
    *(b"", b"HTTP", b"HTTP/1.", b"HTTP/11", b"HTTP/-1.1", b"HTTP/1.1 x", b"RTSP/1.0"),
)
_LENGTHS: Final = (
    *(
        b"0",
        b"1",
        b"-1",
        b"+5",
        b"5 ",
        b"0x10",
        b"1e2",
        b"5, 5",
        b"5, 6",
        b"",
        b" ",
        b"five",
        b"0005",
        b"5;",
        b"\xb2",
    ),
    *(b"9" * 30, b"18446744073709551616", b"4294967296", b"2147483648", b"1_0", b"5\x0b"),
)
_CODINGS: Final = (
    *(
        b"chunked",
        b"Chunked",
        b"chunked, chunked",
        b"identity",
        b"gzip, chunked",
        b"chunked, gzip",
        b"xchunked",
    ),
    *(b" chunked", b"\x0bchunked", b"chunked;q=1", b"", b"chunked\r\n , identity"),
)
_HEADERS: Final = (
    *(
        b"X: a\0b",
        b": none",
        b"no colon",
        b"X : y",
        b" folded: x",
        b"\tX: y",
        b"X:\r y",
        b"X: \x7f",
        b"\xff: x",
    ),
    *(
        b"X: " + b"a" * 70_000,
        b"X" * 70_000 + b": a",
        b"Host: evil.example",
        b"Host: \xff",
        b"Host:",
        b"Host: a, b",
    ),
    *(b"Connection: close", b"Connection: keep-alive, upgrade", b"Connection: \xff", b"Keep-Alive: -1"),
    *(b"Upgrade: websocket\r\nConnection: Upgrade", b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings"),
    *(
        b"Expect: 100-continue",
        b"Expect: 200-ok",
        b"Content-Encoding: gzip",
        b"Content-Encoding: br, zstd, x",
    ),
    *(
        b"Content-Type: \xff",
        b"Content-Type: multipart/form-data; boundary=" + b"x" * 500,
        b"Range: bytes=0-1",
    ),
    *(b"X-Server-Timeout: 0", b"X-Server-Timeout: -1", b"X-Server-Timeout: nan", b"X-Server-Timeout: 1e-9"),
    *(b"X-HTTP-Method-Override: DELETE", b"X-HTTP-Method-Override: \0", b"X-HTTP-Method-Override: PRI"),
    *(
        b"Origin: null",
        b"Origin: http://localhost",
        b"Origin: \xff",
        b"Authorization: \xff",
        b"Cookie: " + b"a=b;" * 900,
    ),
    *(b"Trailer: X", b"TE: trailers, \0", b"Sec-WebSocket-Key: x", b"HTTP2-Settings: AAMAAABkAAQAAP__"),
    b"\r\n".join(b"X-%d: a" % number for number in range(5_000)),
)
_CHUNKS: Final = (
    *(b"0\r\n\r\n", b"zz\r\n", b"-1\r\n", b"+2\r\n{}\r\n0\r\n\r\n", b"2\n{}\n0\n\n", b"2\r\n{}0\r\n\r\n"),
    *(b"2;a=b\r\n{}\r\n0\r\n\r\n", b"2;" + b"a" * 70_000 + b"\r\n{}\r\n0\r\n\r\n", b"0x2\r\n{}\r\n0\r\n\r\n"),
    *(
        b"FFFFFFFFFFFFFFFFF\r\n",
        b"ffffffff\r\n{}",
        b"7fffffffffffffff\r\n{}",
        b"2 \r\n{}\r\n0\r\n\r\n",
        b"\r\n\r\n",
    ),
    *(
        b"2\r\n{}\r\n0\r\nX: y\r\n\r\n",
        b"2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n",
        b"2\r\n{}\r\n0\r\n no\r\n\r\n",
    ),
    *(
        b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
        b"00000000002\r\n{}\r\n000\r\n\r\n",
        b"2\r\n{}\r\n0\r\n" + b"T: x\r\n" * 5_000,
    ),
)
_TOKENS: Final = (
    *(b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"\r\n\r\n", b"\xff", b"\t", b"%00", b"HTTP/1.1", b"chunked"),
    *(
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Host: x\r\n",
        b"A" * 9_000,
        b"{",
        b"\x16\x03\x01",
    ),
)


def http1_noise(noise: random.Random) -> Conversation:
    """The next conversation."""
    kind = noise.choice(list(_KINDS))
    data = _KINDS[kind](noise)
    end: End = noise.choices(("half-close", "abort"), (4, 1))[0]
    if kind == "as it should be":
        end = "wait"
    pieces, pause = _in_pieces(noise, data)
    return Conversation(kind, pieces, end, pause)


def _in_pieces(noise: random.Random, data: bytes) -> tuple[tuple[bytes, ...], float]:
    """Mostly at once; else cut somewhere, or slowly, a few bytes at a time."""
    style = noise.random()
    if style < 0.7 or len(data) < 2:
        return (data,), 0.0
    if style < 0.9:
        cuts = sorted(noise.sample(range(1, len(data)), min(3, len(data) - 1)))
    else:
        cuts = sorted(noise.sample(range(1, len(data)), min(60, len(data) - 1)))
    edges = [0, *cuts, len(data)]
    return tuple(data[start:end] for start, end in itertools.pairwise(edges)), 0.003


def _request(
    method: bytes, target: bytes, version: bytes = b"HTTP/1.1", headers: bytes = b"", body: bytes = b""
) -> bytes:
    return method + b" " + target + b" " + version + b"\r\n" + _HOST + headers + b"\r\n" + body


def _with_length(body: bytes, length: bytes | None = None, headers: bytes = b"") -> bytes:
    told = b"%d" % len(body) if length is None else length
    return _request(b"POST", _TASKS, headers=b"Content-Length: " + told + b"\r\n" + headers, body=body)


def _well_formed(noise: random.Random) -> bytes:
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(_TASK), _TASK)
    return noise.choice(
        (
            _request(b"GET", _QUEUES),
            _request(b"GET", _TASKS),
            _with_length(_TASK),
            _with_length(b"{}"),
            _request(b"POST", _TASKS, headers=b"Transfer-Encoding: chunked\r\n", body=chunks),
            _request(b"DELETE", _TASKS + b"/none"),
        )
    )


def _request_line(noise: random.Random) -> bytes:
    return _request(noise.choice(_METHODS), noise.choice(_TARGETS), noise.choice(_VERSIONS))


def _header(noise: random.Random) -> bytes:
    headers = b"".join(each + b"\r\n" for each in noise.sample(_HEADERS, noise.randint(1, 3)))
    return (
        _with_length(_TASK, headers=headers)
        if noise.random() < 0.5
        else _request(b"GET", _QUEUES, headers=headers)
    )


def _length(noise: random.Random) -> bytes:
    second = b"Content-Length: " + noise.choice(_LENGTHS) + b"\r\n" if noise.random() < 0.3 else b""
    return _with_length(noise.choice((b"", b"{}", b"12345", _TASK)), noise.choice(_LENGTHS), second)


def _lie(noise: random.Random) -> bytes:
    """More or less than was told, and then another request."""
    told = max(0, len(_TASK) + noise.randint(-60, 60))
    return _with_length(_TASK, b"%d" % told) + _request(b"GET", _QUEUES)


def _chunked(noise: random.Random) -> bytes:
    headers = (
        b"Transfer-Encoding: " + noise.choice(_CODINGS if noise.random() < 0.4 else (b"chunked",)) + b"\r\n"
    )
    if noise.random() < 0.3:
        headers += b"Content-Length: " + noise.choice(_LENGTHS) + b"\r\n"
    return _request(b"POST", _TASKS, headers=headers, body=noise.choice(_CHUNKS))


def _pipelined(noise: random.Random) -> bytes:
    makers = [_well_formed] * 4 + [_mutated, _chunked, _lie]
    return b"".join(noise.choice(makers)(noise) for _ in range(noise.randint(2, 40)))


def _body(noise: random.Random) -> bytes:
    body = noise.choice(
        (
            b"[" * 2_000,
            b'{"task":' * 3_000,
            b'{"task": {"name": "' + b"\\u0000" * 500 + b'"}}',
            b'{"a":1,"a":2}',
            b"\xef\xbb\xbf{}",
            b"1e999",
            b'{"task":{"scheduleTime":' + b"9" * 5_000 + b"}}",
            noise.randbytes(noise.randint(1, 3_000)),
            b" " * 200_000,
            _TASK[: noise.randrange(len(_TASK))],
        )
    )
    if noise.random() < 0.2:
        return _with_length(body, headers=b"Content-Type: application/x-protobuf\r\n")
    if noise.random() < 0.3:
        packed = gzip.compress(body, compresslevel=1)
        return _with_length(_corrupted(noise, packed), headers=b"Content-Encoding: gzip\r\n")
    return _with_length(body)


def _corrupted(noise: random.Random, data: bytes) -> bytes:
    at = noise.randrange(len(data))
    return noise.choice((data, data[:at], data[:at] + b"\xff" + data[at + 1 :], data + b"x", data * 2))


def _mutated(noise: random.Random) -> bytes:
    data = bytearray(_well_formed(noise))
    for _ in range(noise.randint(1, 4)):
        at = noise.randrange(len(data))
        change = noise.randrange(5)
        if change == 0:
            data[at] = noise.randrange(256)
        elif change == 1:
            del data[at : at + noise.randint(1, 8)]
        elif change == 2:
            data[at:at] = noise.choice(_TOKENS)
        elif change == 3:
            data[at:at] = data[: noise.randrange(len(data))]
        else:
            data[at:at] = noise.randbytes(noise.randint(1, 4))
        data = data or bytearray(b"\0")
    return bytes(data)


def _cut(noise: random.Random) -> bytes:
    data = noise.choice((_well_formed, _header, _chunked, _pipelined))(noise)
    return data[: noise.randrange(len(data))]


def _garbage(noise: random.Random) -> bytes:
    return noise.choice(
        (b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\r\n", b"SSH-2.0-x\r\n")
    ) + noise.randbytes(noise.randint(0, 2_000))


_KINDS: Final[dict[str, Maker]] = {
    "as it should be": _well_formed,
    "a request line": _request_line,
    "headers": _header,
    "a length": _length,
    "a length that lies": _lie,
    "chunks": _chunked,
    "pipelined": _pipelined,
    "a body": _body,
    "a request with a few bytes changed": _mutated,
    "a request cut short": _cut,
    "garbage": _garbage,
}
