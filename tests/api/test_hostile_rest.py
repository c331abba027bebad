"""What no honest client sends over HTTP is refused in the envelope, and quietly."""

import asyncio
import json
import logging

import pytest
from tests.api.hostile_rest import REQUESTS
from tests.api.running import Running


async def answer(server: Running, request: bytes) -> tuple[int, bytes]:
    """The status and the body of the first answer."""
    host, _, port = server.server.http_address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        async with asyncio.timeout(20):
            head = await reader.readuntil(b"\r\n\r\n")
            lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
            body = await reader.readexactly(int(lines[b"Content-Length"]))
    finally:
        writer.transport.abort()
    assert head.startswith(b"HTTP/1.1 ")
    return int(head.split(b" ", 2)[1]), body


@pytest.mark.parametrize("name", REQUESTS)
async def test_it_is_refused(server: Running, caplog: pytest.LogCaptureFixture, name: str) -> None:
    """With a status that says whose fault it is, and no word of what it is that parses here."""
    caplog.set_level(logging.INFO)
    request, status = REQUESTS[name]

    told, body = await answer(server, request)

    assert told == status
    if status != 200:
        error = json.loads(body)["error"]
        assert error["code"] == status
        assert not any(word in error["message"] for word in ("python", "aiohttp", "b'", "char ", "codec"))
    assert caplog.text == ""
