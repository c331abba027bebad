"""What the event loop tells of by itself."""

import asyncio
import errno
import logging

import pytest

from taskweir.command.loop_trouble import LoopTrouble


def test_connections_that_cannot_be_accepted_are_one_warning_a_second(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """asyncio tells of thousands at once, each with its traceback."""
    times = iter((7.0, 7.0, 7.5, 7.9, 8.0, 8.0))
    trouble = LoopTrouble(lambda: next(times))
    full = OSError(errno.EMFILE, "Too many open files")
    loop = asyncio.new_event_loop()
    for _ in range(4):
        trouble(loop, {"message": "socket.accept() out of system resource", "exception": full})
    loop.close()
    assert [record.getMessage() for record in caplog.records] == [
        "connections wait: none can be accepted: Too many open files"
    ] * 2
    assert not any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("socket.accept() out of system resource", OSError(errno.EBADF, "Bad file descriptor")),
        ("Exception in callback", OSError(errno.EMFILE, "Too many open files")),
        ("Task was destroyed but it is pending!", None),
    ],
)
def test_all_else_is_told_as_ever(
    caplog: pytest.LogCaptureFixture, message: str, error: OSError | None
) -> None:
    """With its traceback."""
    loop = asyncio.new_event_loop()
    with caplog.at_level(logging.ERROR):
        LoopTrouble()(loop, {"message": message, "exception": error})
    loop.close()
    (record,) = caplog.records
    assert record.name == "asyncio"
    assert record.getMessage().startswith(message)
