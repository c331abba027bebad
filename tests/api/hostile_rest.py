"""HTTP requests that no honest client sends, byte by byte, and the status that each must be answered with."""

import gzip
from typing import Final

_HOST: Final = b"Host: localhost\r\n"
_CLOCK: Final = b"/taskweir/v1/clock"
_WAIT: Final = b"/taskweir/v1/:waitIdle"
_PLAIN: Final = b'{"timeout": "0s"}'


def _get(path: bytes, headers: bytes = b"") -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + _HOST + headers + b"\r\n"


def _post(body: bytes, headers: bytes = b"", path: bytes = _WAIT) -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST " + path + b" HTTP/1.1\r\n" + _HOST + length + headers + b"\r\n" + body


def _chunked(body: bytes, headers: bytes = b"") -> bytes:
    return (
        b"POST "
        + _WAIT
        + b" HTTP/1.1\r\n"
        + _HOST
        + b"Transfer-Encoding: chunked\r\n"
        + headers
        + b"\r\n"
        + body
    )


def _nested(depth: int) -> bytes:
    return b'{"parent": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


REQUESTS: Final[dict[str, tuple[bytes, int]]] = {
    # what is no HTTP
    "a line of one word": (b"NONSENSE\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "nearly HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\nx\n\0\0\0\4\0\0\0\0\0", 400),
    "an unknown method": (b"FOO / HTTP/1.1\r\n" + _HOST + b"\r\n", 400),
    **{
        f"HTTP in version {version}": (b"GET / HTTP/" + version.encode() + b"\r\n" + _HOST + b"\r\n", 400)
        for version in ("0.9", "1.2", "2.0", "9.9", "1.1.1")
    },
    "HTTP of no version": (b"GET /\r\n" + _HOST + b"\r\n", 400),
    "a header without a colon": (_get(_CLOCK, b"nonsense\r\n"), 400),
    "a header with a NUL": (_get(_CLOCK, b"X: a\0b\r\n"), 400),
    "a header of 200 kB": (_get(_CLOCK, b"X: " + b"a" * 200_000 + b"\r\n"), 400),
    "20,000 headers": (_get(_CLOCK, b"".join(b"X%d: a\r\n" % number for number in range(20_000))), 400),
    "a length below zero": (_get(_CLOCK, b"Content-Length: -1\r\n"), 400),
    "two lengths": (_post(b"{}", b"Content-Length: 5\r\n"), 400),
    "a length and chunks": (_post(b"0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"), 400),
    "a chunk of no length": (_chunked(b"zz\r\n{}\r\n0\r\n\r\n"), 400),
    "a chunk longer than it says": (_chunked(b"2\r\n{}x\r\n"), 400),
    "200 trailers": (_chunked(b"2\r\n{}\r\n0\r\n" + b"T: x\r\n" * 200 + b"\r\n"), 400),
    "a trailer of 70 kB": (_chunked(b"2\r\n{}\r\n0\r\nT: " + b"x" * 70_000 + b"\r\n\r\n"), 400),
    "no host": (b"GET " + _CLOCK + b" HTTP/1.1\r\n\r\n", 400),
    "two hosts": (_get(_CLOCK, b"Host: evil.example\r\n"), 400),
    # methods and targets
    "CONNECT": (b"CONNECT a:80 HTTP/1.1\r\n" + _HOST + b"\r\n", 404),
    "OPTIONS": (b"OPTIONS * HTTP/1.1\r\n" + _HOST + b"\r\n", 404),
    "a path of bytes": (_get(b"/\xff"), 400),
    "a path that decodes to bytes": (_get(b"/taskweir/v1/faults/%ff"), 400),
    "a host in the target": (_get(b"http://[::1/x"), 400),
    "a query that decodes to bytes": (_get(_CLOCK + b"?%ff=1"), 400),
    "half a character in a query": (_get(_CLOCK + b"?%ED%A0%80=1"), 400),
    "brackets without an end": (_get(_CLOCK + b"?fields=" + b"time(" * 10_000), 400),
    "a long way down": (_get(_CLOCK + b"?fields=" + b"time/" * 10_000 + b"x"), 400),
    "a form of answer that nobody knows": (_get(_CLOCK + b"?alt=%00"), 400),
    # headers
    "a method of bytes": (_post(_PLAIN, b"X-HTTP-Method-Override: \xff\r\n"), 400),
    "an origin of bytes": (_get(_CLOCK, b"Origin: \xff\r\n"), 403),
    "a host of bytes": (b"GET " + _CLOCK + b" HTTP/1.1\r\nHost: \xff\r\n\r\n", 403),
    "a timeout of bytes": (_get(_CLOCK, b"X-Server-Timeout: \xff\r\n"), 200),
    "a timeout without an end": (_get(_CLOCK, b"X-Server-Timeout: 1e308\r\n"), 200),
    "an expectation that nobody knows": (_post(_PLAIN, b"Expect: miracles\r\n"), 200),
    # bodies
    "no gzip": (_post(b"abcdef", b"Content-Encoding: gzip\r\n"), 400),
    "no gzip, in chunks": (_chunked(b"3\r\nabc\r\n0\r\n\r\n", b"Content-Encoding: gzip\r\n"), 400),
    "no deflate": (_post(b"xx", b"Content-Encoding: deflate\r\n"), 400),
    "20 MB of zeros, compressed": (
        _post(gzip.compress(bytes(20 << 20), compresslevel=1), b"Content-Encoding: gzip\r\n"),
        400,
    ),
    "2 MB": (_post(b" " * (2 << 20)), 400),
    "no protobuf": (_post(b"\xff\xff", b"Content-Type: application/x-protobuf\r\n"), 400),
    "a type of bytes": (_post(_PLAIN, b"Content-Type: \xff\r\n"), 200),
    "no JSON": (_post(b"{'a': 1}"), 400),
    "UTF-16": (_post('{"timeout": "0s"}'.encode("utf-16")), 400),
    "a byte order mark": (_post(b"\xef\xbb\xbf" + _PLAIN), 400),
    "bytes in a string": (_post(b'{"parent": "\xff"}'), 400),
    "half a character": (_post(b'{"parent": "\\ud800"}'), 400),
    "half a character as a name": (_post(b'{"\\ud800": 1}'), 400),
    "NaN": (_post(b'{"timeout": NaN}'), 400),
    "a number of 5,000 digits": (_post(b'{"parent": ' + b"9" * 5_000 + b"}"), 400),
    **{f"{depth} levels": (_post(_nested(depth)), 400) for depth in (100, 101, 972, 975, 980, 100_000)},
    "deep and open": (_post(b'{"a":' * 100_000), 400),
    "a list for a message": (_post(b'{"call": [], "cutOff": ""}', path=b"/taskweir/v1/faults"), 400),
    "text for a whole message": (_post(b'""', path=b"/taskweir/v1/faults"), 400),
}
