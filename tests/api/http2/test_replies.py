"""What is answered: one message, or a stream of them."""

import pytest
from google.cloud.location import locations_pb2
from tests.api.http2.client import STREAM_PATH
from tests.api.http2.serving import Serving, asks, asks_for_list
from tests.eventually import eventually

from taskweir.api.http2.frames import (
    ErrorCode,
    Kind,
    frame,
    rst_stream,
)


@pytest.mark.parametrize("size", [0, 1, 16_379 - 30, 16_384, 65_535, 70_000, 3_000_000])
async def test_large_replies_come_whole(served: Serving, size: int) -> None:
    """By themselves within the windows that the client has opened."""
    client = await served.client()
    client.send(frame(Kind.WINDOW_UPDATE, 0, 0, (1 << 30).to_bytes(4, "big")))
    stream = client.call(asks(f"size {size}"))
    client.send(frame(Kind.WINDOW_UPDATE, 0, stream, (1 << 30).to_bytes(4, "big")))
    answer = await client.answer(stream)
    assert len(locations_pb2.Location.FromString(answer.messages[0]).display_name) == size
    assert answer.status == 0


async def test_a_stream_of_replies(served: Serving) -> None:
    """Each is sent as it comes."""
    client = await served.client()
    stream = client.call(asks_for_list(3, "of them", "wait"), STREAM_PATH)
    await eventually(lambda: served.locations.running)
    await client.ping()
    assert len(client.so_far(stream).messages) == 3
    served.locations.go_on.set()
    answer = await client.answer(stream)
    assert len(answer.messages) == 4
    assert answer.status == 0


async def test_a_stream_says_that_it_has_begun(served: Serving) -> None:
    """Before there is anything to tell."""
    client = await served.client()
    stream = client.call(asks_for_list(0, then="wait"), STREAM_PATH)
    await eventually(lambda: served.locations.running)
    await client.ping()
    assert client.so_far(stream).header(":status") == "200"


async def test_a_stream_that_is_refused_in_the_end(served: Serving) -> None:
    """Headers are not sent again."""
    client = await served.client()
    answer = await client.answer(client.call(asks_for_list(2, then="none"), STREAM_PATH))
    assert [name for name, _ in answer.headers].count(":status") == 1
    assert (len(answer.messages), answer.status) == (2, 5)


async def test_a_stream_without_replies(served: Serving) -> None:
    """Headers and trailers."""
    client = await served.client()
    answer = await client.answer(client.call(asks_for_list(0), STREAM_PATH))
    assert (answer.status, answer.data) == (0, b"")


async def test_a_stream_that_is_cancelled(served: Serving) -> None:
    """Its generator is closed."""
    client = await served.client()
    stream = client.call(asks_for_list(0, then="wait"), STREAM_PATH)
    await eventually(lambda: served.locations.running)
    client.send(rst_stream(stream, ErrorCode.CANCEL))
    await eventually(lambda: served.locations.cancelled)
    await client.ping()
