"""Streams end together, and only then quietly."""

import asyncio

import pytest
from google.protobuf.message import Message

from taskweir.api.streams import Streams, WrittenOnce
from taskweir_pb.control.v1 import control_pb2 as pb


async def test_those_that_run_end_quietly() -> None:
    """Each leaves the context; its task goes on as if it had never been cancelled."""
    streams = Streams()
    inside = asyncio.Event()

    async def stream() -> int:
        with streams:
            inside.set()
            await asyncio.Event().wait()
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    running = asyncio.create_task(stream())
    await inside.wait()
    streams.end()
    async with asyncio.timeout(10):
        assert await running == 0


async def test_one_that_comes_late_ends_at_its_first_wait() -> None:
    """It would run on after the end otherwise."""
    streams = Streams()
    streams.end()
    async with asyncio.timeout(10):
        with streams:
            await asyncio.Event().wait()


async def test_one_that_is_cancelled_by_another_is_cancelled() -> None:
    """As by a client that leaves; and errors are errors."""
    streams = Streams()
    inside = asyncio.Event()

    async def stream() -> None:
        with streams:
            inside.set()
            await asyncio.Event().wait()

    running = asyncio.create_task(stream())
    await inside.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(RuntimeError), streams:
        raise RuntimeError


def test_what_many_streams_send_is_written_once() -> None:
    """The same message, while it is among the latest; an equal one is another."""
    written: list[object] = []

    def write(message: Message) -> bytes:
        written.append(message)
        return message.SerializeToString()

    once = WrittenOnce(write)
    same, equal = pb.Header(name="a"), pb.Header(name="a")
    assert [once(same), once(same), once(equal), once(same)] == [same.SerializeToString()] * 4
    assert len(written) == 2
    for n in range(256):
        assert once(pb.Header(name=str(n))) == pb.Header(name=str(n)).SerializeToString()
    once(same)
    assert len(written) == 2 + 256 + 1
    assert len(once._written) == 256
