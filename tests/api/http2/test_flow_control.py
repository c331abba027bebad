"""What the client's windows allow, and no more."""

import pytest
from google.cloud.location import locations_pb2
from tests.api.http2.client import STREAM_PATH, Client
from tests.api.http2.serving import Serving, asks, asks_for_list
from tests.eventually import eventually

from taskweir.api.http2.frames import ErrorCode, Kind, Setting, rst_stream, settings, window_update
from taskweir.api.http2.memory import TOTAL
from taskweir.domain.errors import Code


async def read(client: Client, stream: int, step: int, *, of_connection: bool) -> int:
    """Read an answer, opening the windows by `step` whenever something came. Returns the largest frame of data."""
    largest = 0
    while client.so_far(stream).header("grpc-status") is None:
        found = await client.frame()
        assert found is not None
        client._take(found)
        if found.kind == Kind.DATA and found.stream == stream:
            largest = max(largest, len(found.payload))
            client.send(window_update(stream, step))
            if of_connection:
                client.send(window_update(0, step))
    return largest


@pytest.mark.parametrize(("window", "size"), [(1, 40), (7, 200), (100, 2_000), (16_384, 300_000)])
async def test_tiny_windows_of_streams(served: Serving, window: int, size: int) -> None:
    """Replies come whole, in frames that fit."""
    client = await served.client({Setting.INITIAL_WINDOW_SIZE: window})
    client.send(window_update(0, 1 << 30))
    stream = client.call(asks(f"size {size}"))
    assert await read(client, stream, window, of_connection=False) <= window
    answer = await client.answer(stream)
    assert len(locations_pb2.Location.FromString(answer.messages[0]).display_name) == size


async def test_tiny_windows_of_many_streams(served: Serving) -> None:
    """Each has its own, and all their turns."""
    client = await served.client({Setting.INITIAL_WINDOW_SIZE: 3})
    streams = [client.call(asks(f"size {50 + number}")) for number in range(20)]
    ended: set[int] = set()
    while len(ended) < 20:
        found = await client.frame()
        assert found is not None
        client._take(found)
        if found.kind == Kind.DATA:
            assert len(found.payload) <= 3
            client.send(window_update(found.stream, 3))
        elif found.kind == Kind.HEADERS and found.flags & 1:
            ended.add(found.stream)
    for number, stream in enumerate(streams):
        answer = await client.answer(stream)
        assert len(locations_pb2.Location.FromString(answer.messages[0]).display_name) == 50 + number


async def test_the_window_of_the_connection_is_shared(served: Serving) -> None:
    """By turns: none waits until another has all it wants."""
    client = await served.client({Setting.INITIAL_WINDOW_SIZE: 1 << 30})
    streams = [client.call(asks("size 400000")) for _ in range(3)]
    await eventually(lambda: len(served.locations.asked) == 3)
    await client.ping()
    got = [len(client.so_far(stream).data) for stream in streams]
    assert sum(got) == 65_535
    client.send(window_update(0, 3 * 16_384))
    await client.ping()
    more = [len(client.so_far(stream).data) - before for stream, before in zip(streams, got, strict=True)]
    assert sum(more) == 3 * 16_384
    assert all(more)
    client.send(window_update(0, 1 << 30))
    assert {(await client.answer(stream)).status for stream in streams} == {0}


async def test_nothing_is_sent_into_a_closed_window(served: Serving) -> None:
    """But headers, and answers without a message."""
    client = await served.client({Setting.INITIAL_WINDOW_SIZE: 0})
    stream = client.call(asks("here"))
    assert (await client.answer(client.call(asks("none")))).status == 5
    assert (await client.answer(client.call(asks_for_list(0), STREAM_PATH))).status == 0
    await client.ping()
    assert (client.so_far(stream).header(":status"), client.so_far(stream).data) == ("200", b"")
    client.send(settings({Setting.INITIAL_WINDOW_SIZE: 100}))
    assert (await client.answer(stream)).status == 0


async def test_a_window_may_become_negative(served: Serving) -> None:
    """Nothing is sent until it is open again (RFC 9113, 6.9.2)."""
    client = await served.client({Setting.INITIAL_WINDOW_SIZE: 1_000})
    client.send(window_update(0, 1 << 20))
    stream = client.call(asks("size 5000"))
    await eventually(lambda: served.locations.asked)
    await client.ping()
    assert len(client.so_far(stream).data) == 1_000
    client.send(settings({Setting.INITIAL_WINDOW_SIZE: 400}) + window_update(stream, 600))
    await client.ping()
    assert len(client.so_far(stream).data) == 1_000
    client.send(window_update(stream, 1))
    await client.ping()
    assert len(client.so_far(stream).data) == 1_001
    client.send(settings({Setting.INITIAL_WINDOW_SIZE: 10_000}))
    assert (await client.answer(stream)).status == 0


async def test_a_window_that_is_opened_before_the_answer(served: Serving) -> None:
    """Counts, and so do settings that come between."""
    client = await served.client({Setting.INITIAL_WINDOW_SIZE: 0})
    stream = client.call(asks("wait"))
    await eventually(lambda: served.locations.running)
    client.send(window_update(stream, 5) + settings({Setting.INITIAL_WINDOW_SIZE: 3}))
    await client.ping()
    served.locations.go_on.set()
    await eventually(lambda: not served.locations.running)
    await client.ping()
    assert len(client.so_far(stream).data) == 8
    client.send(window_update(stream, 100))
    assert (await client.answer(stream)).status == 0


@pytest.mark.parametrize("size", [16_384, 20_000, 1 << 20])
async def test_frames_as_large_as_the_client_takes(served: Serving, size: int) -> None:
    """And no larger."""
    client = await served.client({Setting.MAX_FRAME_SIZE: size, Setting.INITIAL_WINDOW_SIZE: 1 << 30})
    client.send(window_update(0, 1 << 30))
    stream = client.call(asks("size 600000"))
    largest = await read(client, stream, 1, of_connection=False)
    assert largest == min(size, 256 << 10)


async def test_replies_of_a_stream_wait_for_the_window(served: Serving) -> None:
    """The method is not asked for more than one that waits."""
    client = await served.client({Setting.INITIAL_WINDOW_SIZE: 30})
    stream = client.call(asks_for_list(50, "some text"), STREAM_PATH)
    await read(client, stream, 30, of_connection=True)
    answer = await client.answer(stream)
    assert len(answer.messages) == 50


async def test_a_reset_frees_what_waits(served: Serving) -> None:
    """Others go on."""
    client = await served.client({Setting.INITIAL_WINDOW_SIZE: 10})
    stream, other = client.call(asks("size 1000")), client.call(asks("size 1000"))
    await eventually(lambda: len(served.locations.asked) == 2)
    await client.ping()
    client.send(
        rst_stream(stream, ErrorCode.CANCEL) + window_update(other, 2_000) + window_update(stream, 2_000)
    )
    assert (await client.answer(other)).status == 0
    assert len(client.so_far(stream).data) == 10


async def test_a_client_whose_table_is_small_is_told(served: Serving) -> None:
    """In the first block of headers that is written after that, whichever it is (RFC 7541, 4.2)."""
    client = await served.client({Setting.INITIAL_WINDOW_SIZE: 2})
    client.send(window_update(0, 1 << 20))
    first = client.call(asks("here"))
    await eventually(lambda: served.locations.asked)
    await client.ping()
    client._decoder.max_allowed_table_size = 0
    client.send(settings({Setting.HEADER_TABLE_SIZE: 0}))
    second = client.call(asks("none"))
    assert (await client.answer(second)).status == 5
    client.send(window_update(first, 100))
    assert (await client.answer(first)).status == 0


async def test_a_client_that_takes_no_replies(served: Serving) -> None:
    """Has no more of them waiting than are left for others, and is refused what else it was to get."""
    taken = served.common.replies.share()
    taken.take_whole(TOTAL - 200_000)
    client = await served.client({Setting.INITIAL_WINDOW_SIZE: 0})
    streams = [client.call(asks(f"size {size}")) for size in (90_000, 20_000)]
    assert (await client.answer(streams[1])).status == Code.RESOURCE_EXHAUSTED
    client.send(window_update(0, 1 << 20) + window_update(streams[0], 1 << 20))
    assert (await client.answer(streams[0])).status == 0
    stream = client.call(asks_for_list(2, "x" * 60_000), STREAM_PATH)
    client.send(window_update(stream, 1 << 20))
    assert len((await client.answer(stream)).messages) == 2
    taken.give_back(taken.held)
    assert served.common.replies.used == 0


async def test_all_clients_together_have_so_many_replies(served: Serving) -> None:
    """As well: those who take theirs are served."""
    deaf, other = await served.client({Setting.INITIAL_WINDOW_SIZE: 0}), await served.client()
    other.send(settings({Setting.INITIAL_WINDOW_SIZE: 100}))
    taken = served.common.replies.share()
    taken.take_whole(TOTAL - 100_000)
    waiting = deaf.call(asks("size 45000"))
    await eventually(lambda: served.common.replies.used > TOTAL - 100_000)
    assert (await other.answer(other.call(asks("size 30000")))).status == Code.RESOURCE_EXHAUSTED
    small = other.call(asks("size 5000"))
    other.send(window_update(small, 1 << 20))
    assert (await other.answer(small)).status == 0
    deaf.send(rst_stream(waiting, ErrorCode.CANCEL))
    large = other.call(asks("size 30000"))
    other.send(window_update(large, 1 << 20))
    assert (await other.answer(large)).status == 0
    taken.give_back(taken.held)


async def test_a_client_that_holds_too_much_gets_no_calls(
    served: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it takes what it was answered."""
    monkeypatch.setattr("taskweir.api.http2.session._MUCH_HELD", 100_000)
    client = await served.client({Setting.INITIAL_WINDOW_SIZE: 0})
    streams = [client.call(asks("size 60000")) for _ in range(2)]
    await eventually(lambda: len(served.locations.asked) == 2)
    assert (await client.answer(client.call(asks("here")))).reset == ErrorCode.REFUSED_STREAM
    client.send(window_update(0, 1 << 20))
    for stream in streams:
        client.send(window_update(stream, 100_000))
        assert (await client.answer(stream)).status == 0
    client.send(settings({Setting.INITIAL_WINDOW_SIZE: 1_000}))
    assert (await client.answer(client.call(asks("here")))).status == 0
