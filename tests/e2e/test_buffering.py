"""BufferTask, from the caller's bytes to the bytes at a handler."""

import aiohttp
from tests.e2e.test_dispatch import QUEUE, answer, client_of, headers_of, settings
from tests.eventually import eventually
from tests.push.raw_target import RawTarget

from taskweir.app import Server


async def test_a_buffered_request_reaches_the_handler_as_the_queue_says() -> None:
    """Its method, its body and its own headers are the caller's; where it goes is the queue's, and so is what the queue
    overrides."""
    async with RawTarget.serving() as target:
        target.answers = [answer(200)]
        server = await Server.start(settings())
        client = client_of(server)
        http_target = {
            "uri_override": {
                "scheme": "HTTP",
                "host": "127.0.0.1",
                "port": target.port,
                "path_override": {"path": "/work"},
                "query_override": {"query_params": "a=b"},
            },
            "header_overrides": [{"header": {"key": "X-Queue", "value": "its"}}],
        }
        await client.update_queue(queue={"name": QUEUE, "http_target": http_target})
        sent = {"X-Own": "1", "Authorization": "Bearer secret", "Content-Type": "text/weird"}
        url = f"http://{server.http_address}/v2/{QUEUE}/tasks/t:buffer"
        async with (
            aiohttp.ClientSession() as session,
            session.put(url, data=b"\x00{raw", headers=sent) as reply,
        ):
            assert (reply.status, (await reply.json())["task"]["name"]) == (200, f"{QUEUE}/tasks/t")
        await eventually(lambda: target.received)
        await client.transport.close()
        await server.stop()
    (request,) = target.received
    assert request.startswith(b"PUT /work?a=b HTTP/1.1\r\n")
    assert request.endswith(b"\r\n\r\n\x00{raw")
    seen = headers_of(request)
    assert (seen["X-Own"], seen["X-Queue"], seen["Content-Type"]) == ("1", "its", "text/weird")
    assert (seen["X-CloudTasks-TaskName"], seen["Host"]) == ("t", f"127.0.0.1:{target.port}")
    assert "Authorization" not in seen
