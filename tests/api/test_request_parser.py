"""The head of a request, as its bytes come."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser
from aiohttp.http_exceptions import BadHttpMessage

from taskweir.api.http.request_parser import RequestParser

GET = b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n"


@pytest.fixture
async def parser() -> RequestParser:
    loop = asyncio.get_running_loop()
    return RequestParser(
        HttpRequestParser(
            BaseProtocol(loop),
            loop,
            1 << 16,
            max_line_size=1 << 16,
            max_field_size=1 << 16,
            payload_exception=web.RequestPayloadError,
        )
    )


async def test_headers_that_are_too_much_together_are_refused(parser: RequestParser) -> None:
    """Though each of them may be as long as it is, and so many be there."""
    header = b"X: " + b"a" * 60_000 + b"\r\n"
    parser.feed_data(GET[:-2] + header)
    parser.feed_data(header)
    with pytest.raises(BadHttpMessage):
        parser.feed_data(header)
    assert not parser.is_within_head
    assert parser.feed_data(header) == ((), False, b"")


async def test_each_request_has_its_own_head(parser: RequestParser) -> None:
    """However many come."""
    for _ in range(10):
        parser.feed_data(GET[:6] + b"a" * 40_000)
        assert parser.is_within_head
        assert len(parser.feed_data(GET[6:])[0]) == 1
        assert not parser.is_within_head
        parser.message_consumed()


async def test_a_body_is_no_head(parser: RequestParser) -> None:
    """And what follows it is one again."""
    assert len(parser.feed_data(POST)[0]) == 1
    for _ in range(10):
        parser.feed_data(bytes(2_000))
        assert not parser.is_within_head
    parser.feed_data(b"\r\n")
    assert not parser.is_within_head
    parser.feed_data(b"G")
    assert parser.is_within_head
