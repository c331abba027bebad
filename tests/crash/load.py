"""A client process of the crash test: the official SDK, at full speed, until the server is gone.

It reads a line of JSON for each round from standard input, and answers each with its ledger, a line of JSON.
"""

import asyncio
import itertools
import json
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from google.api_core.exceptions import GoogleAPICallError, ServiceUnavailable
from google.cloud import tasks_v2
from google.protobuf.timestamp_pb2 import Timestamp
from tests.crash.ledger import Created, Ledger

import taskweir.sdk

WORKERS: Final = 16
_CALL_TIMEOUT: Final = 20.0
_FAR: Final = 3_600.0

_KINDS: Final = ("now", "retried", "soon", "deleted soon", "deleted", "kept")
_WEIGHTS: Final = (40, 10, 20, 15, 10, 5)
_AHEAD: Final = {
    "soon": (0.3, 3.0),
    # Time enough that its deletion is answered before it is due, and due while the test still runs.
    "deleted soon": (2.0, 6.0),
    "deleted": (_FAR, _FAR),
    "kept": (_FAR, _FAR),
}
"""Seconds from now until the task is due; no entry: due at once."""


@dataclass(frozen=True, slots=True)
class Round:
    """One life of the server, as a client sees it."""

    prefix: str
    address: str
    target: str
    queues: Sequence[str]


@dataclass(slots=True)
class Load:
    """Workers that share one client and one ledger, and stop when the server does."""

    round: Round
    client: tasks_v2.CloudTasksAsyncClient
    ledger: Ledger = field(default_factory=Ledger)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def run(self) -> Ledger:
        await asyncio.gather(*(self._work() for _ in range(WORKERS)))
        return self.ledger

    async def _work(self) -> None:
        try:
            while True:
                await self._one_task()
        except ServiceUnavailable:
            return  # killed, as is the plan
        except GoogleAPICallError as error:
            self.ledger.unexpected.append(f"{self.round.prefix}: {type(error).__name__}: {error.message}")

    async def _one_task(self) -> None:
        kind = random.choices(_KINDS, _WEIGHTS)[0]
        task = Created(
            id=f"{self.round.prefix}-{next(self.numbers)}",
            queue=random.choice(self.round.queues),
            schedule_us=_schedule(kind),
            keep=kind == "kept",
        )
        await self._create(task, "/retried" if kind == "retried" else "/")
        if kind.startswith("deleted"):
            await self._delete(task)

    async def _create(self, task: Created, path: str) -> None:
        message = tasks_v2.Task(
            name=f"{task.queue}/tasks/{task.id}",
            http_request=tasks_v2.HttpRequest(url=self.round.target + path, body=b"x" * 100),
        )
        if task.schedule_us:
            message.schedule_time = Timestamp(
                seconds=task.schedule_us // 1_000_000, nanos=task.schedule_us % 1_000_000 * 1_000
            )
        await self.client.create_task(parent=task.queue, task=message, retry=None, timeout=_CALL_TIMEOUT)
        self.ledger.created[task.id] = task

    async def _delete(self, task: Created) -> None:
        self.ledger.maybe_deleted.add(task.id)
        await self.client.delete_task(name=f"{task.queue}/tasks/{task.id}", retry=None, timeout=_CALL_TIMEOUT)
        self.ledger.deleted[task.id] = time.time_ns() // 1_000
        self.ledger.maybe_deleted.discard(task.id)


def _schedule(kind: str) -> int:
    """Microseconds since the epoch; 0 for a task without a schedule time."""
    if kind not in _AHEAD:
        return 0
    return time.time_ns() // 1_000 + int(random.uniform(*_AHEAD[kind]) * 1_000_000)


async def _play(round_: Round) -> Ledger:
    os.environ[taskweir.sdk.VARIABLE] = round_.address
    taskweir.sdk.install()
    async with tasks_v2.CloudTasksAsyncClient() as client:
        return await Load(round_, client).run()


def main() -> None:
    for line in sys.stdin:
        ledger = asyncio.run(_play(Round(**json.loads(line))))
        print(json.dumps(ledger.to_json()), flush=True)


if __name__ == "__main__":
    main()
