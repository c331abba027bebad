"""Fills a queue."""

from collections.abc import Iterator
from itertools import repeat
from typing import Final

from google.longrunning import operations_pb2

from bench.load import Load
from bench.requests import SERVICE, batch_create_tasks, routing
from taskweir_pb.v2 import cloudtasks_pb2

_BATCH: Final = 100
_STREAMS: Final = 8


async def seed(address: str, queue: str, url: str, count: int, *, ahead: float = 0.0) -> None:
    """Create `count` tasks, a multiple of 100, in batches. Raises RuntimeError when one fails."""
    message = batch_create_tasks(queue, url, _BATCH, ahead=ahead)
    messages: Iterator[bytes] = repeat(message, count // _BATCH)
    failed = 0

    def check(answer: bytes) -> None:
        nonlocal failed
        metadata = cloudtasks_pb2.BatchCreateTasksMetadata()
        metadata.ParseFromString(operations_pb2.Operation.FromString(answer).metadata.value)
        failed += len(metadata.failed_requests)

    load = Load(lambda: next(messages, None), on_message=check)
    await load.connect(address, f"{SERVICE}/BatchCreateTasks", routing(queue), connections=1)
    load.begin(streams=_STREAMS)
    await load.finished()
    if failed:
        raise RuntimeError(f"{failed} tasks of {count} were refused")
