"""`python -m bench.claiming ROUNDS FILE FILE`: what it costs the store to claim due tasks of the one queue that each file
has, and to release them, in microseconds a claim, in turn. No server has the files open.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bench.filling import opened
from taskweir.clock import real_now
from taskweir.domain.model import Queue, QueueState
from taskweir.store.base import ClaimRequest
from taskweir.store.sqlite import SqliteStore

_CLAIMS: Final = 200
_TASKS: Final = 10
_MOST_BYTES: Final = 1 << 20


async def _measure(rounds: int, paths: Sequence[str]) -> list[list[float]]:
    stores = [await opened(path) for path in paths]
    queues = [await _running_queue(store) for store in stores]
    found: list[list[float]] = [[] for _ in paths]
    for _ in range(rounds + 1):
        for times, store, queue in zip(found, stores, queues, strict=True):
            times.append(await _claims(store, queue))
    for store in stores:
        await store.close()
    # The first round has read the pages that the others use.
    return [times[1:] for times in found]


async def _running_queue(store: SqliteStore) -> Queue:
    (queue,) = await store.queues()
    return await store.change_queue(
        queue.name, lambda _: replace(queue, state=QueueState.RUNNING), real_now()
    )


async def _claims(store: SqliteStore, queue: Queue) -> float:
    request, seconds = ClaimRequest(queue.uid, _TASKS, _MOST_BYTES), 0.0
    for _ in range(_CLAIMS):
        begin = time.monotonic()
        (claim,) = await store.claim([request], real_now())
        seconds += time.monotonic() - begin
        if len(claim.tasks) != _TASKS:
            raise RuntimeError(f"{len(claim.tasks)} tasks were claimed, and not {_TASKS}")
        await store.release(claim.tasks)
    return seconds / _CLAIMS * 1e6


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measure(int(sys.argv[1]), sys.argv[2:]))))
